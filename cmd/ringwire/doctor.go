package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/cmd/ringwire/internal/doctor"
)

const doctorHelp = `Examine what Ringwire needs of this machine, and make a live call.

Every line is ok, warn (works, but slower or with limits) or fail; the last two say
what to do. The exit code is 1 if anything fails.`

func newDoctor() *cobra.Command {
	var python string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "Examine this machine, and say what it lacks",
		Long:    doctorHelp,
		Example: "  ringwire doctor\n  ringwire doctor --python python3 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := doctor.Examine(cmd.Context(), python)
			if asJSON {
				if err := printJSON(cmd.OutOrStdout(), findings); err != nil {
					return err
				}
			} else {
				printFindings(cmd.OutOrStdout(), findings)
			}
			for _, f := range findings {
				if f.Status == doctor.Fail {
					return &reportedError{errors.New(f.Detail)}
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	pythonFlag(cmd, &python)
	return cmd
}

var statusColors = map[doctor.Status]text.Color{
	doctor.OK:   text.FgGreen,
	doctor.Warn: text.FgYellow,
	doctor.Fail: text.FgRed,
}

func printFindings(w io.Writer, findings []doctor.Finding) {
	for _, f := range findings {
		status := fmt.Sprintf("%-4s", f.Status)
		if isTerminal(w) {
			status = statusColors[f.Status].Sprint(status)
		}
		fmt.Fprintf(w, "%s  %-14s %s\n", status, f.Name, f.Detail)
		if f.Status != doctor.OK {
			fmt.Fprintf(w, "      %-14s fix: %s\n", "", f.Fix)
		}
	}
}
