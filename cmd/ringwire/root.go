package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "ringwire",
		Short:         "Call Python functions in worker processes over shared-memory rings",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newDemo(),
		newCall(),
		newBench(),
		newInspect(),
		newVectors(),
		newConform(),
		newDoctor(),
		newVersion(),
	)
	root.AddCommand(systemCommands()...)
	return root
}

// execute runs the command and returns its exit code. What cobra itself objects
// to, before the command has begun, is a mistake in usage.
func execute(ctx context.Context, root *cobra.Command, args []string) int {
	begun := false
	root.PersistentPreRun = func(*cobra.Command, []string) { begun = true }
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !begun {
		err = &usageError{err}
	}
	code, reported := exitCode(err)
	if err != nil && !reported {
		fmt.Fprintf(cmd.ErrOrStderr(), "ringwire: %v\n", err)
		if code == exitUsage {
			fmt.Fprintf(cmd.ErrOrStderr(), "Try '%s --help'.\n", cmd.CommandPath())
		}
	}
	return code
}
