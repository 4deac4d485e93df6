package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/conformance/vectors"
)

const defaultVectors = "testdata/vectors"

func newVectors() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vectors",
		Short: "Write or check the golden vectors",
		Long: `Write or check the golden vectors: test cases for every implementation of the
specification. Their format is spec/schema/vector.schema.json.`,
		Example: `  ringwire vectors generate
  ringwire vectors check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:     "generate [DIR]",
			Short:   "Write all vectors to DIR, and remove JSON files that are none",
			Example: "  ringwire vectors generate " + defaultVectors,
			Args:    cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				n, err := vectors.Generate(vectorDir(args))
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d vectors in %s\n", n, vectorDir(args))
				return nil
			},
		},
		&cobra.Command{
			Use:     "check [DIR]",
			Short:   "Compare DIR with what would be generated, and lint it",
			Long:    "Compare DIR with what would be generated, and lint it. The exit code is 1 if there is a difference.",
			Example: "  ringwire vectors check " + defaultVectors,
			Args:    cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				if err := vectors.Check(vectorDir(args)); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d vectors are what is generated\n", len(vectors.All()))
				return nil
			},
		},
	)
	return cmd
}

func vectorDir(args []string) string {
	if len(args) == 0 {
		return defaultVectors
	}
	return args[0]
}
