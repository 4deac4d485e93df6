package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/cmd/ringwire/internal/demo"
)

const demoHelp = `Analyse the source files of Python's standard library in a pool of workers: parse
each, count functions, classes and branches, find the most complex functions. Do
the same with one worker and in one plain Python process, by turns, and compare.`

func newDemo() *cobra.Command {
	var o demo.Options
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "Analyse Python's standard library in a worker pool",
		Long:    demoHelp,
		Example: "  ringwire demo\n  ringwire demo --workers 2 --limit 100 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Workers < 0 || o.Limit < 0 {
				return &usageError{fmt.Errorf("--workers and --limit must not be negative")}
			}
			out := cmd.OutOrStdout()
			if !asJSON {
				o.Progress = newProgress(out)
			}
			report, err := demo.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(out, report)
			}
			printDemo(out, report)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Workers, "workers", 0, "worker processes; 0: one for each CPU")
	flags.IntVar(&o.Limit, "limit", 0, "analyse at most `N` files; 0: all")
	flags.BoolVar(&o.Tests, "tests", false, "include CPython's own tests, where they are installed")
	flags.BoolVar(&asJSON, "json", false, "print the report as JSON")
	pythonFlag(cmd, &o.Python)
	return cmd
}

func printDemo(w io.Writer, r *demo.Report) {
	fmt.Fprintf(w, "\nThe standard library of %s, in %s\n\n", r.Python, r.Root)
	fmt.Fprintf(w, "  %s files, %s lines, %s functions, %s classes, %s branches\n",
		thousands(r.Files), thousands(r.Lines), thousands(r.Functions), thousands(r.Classes), thousands(r.Branches))

	fmt.Fprintf(w, "\nMost complex functions (paths through each)\n\n")
	t := newTable(w, "Complexity", "Function", "Where")
	for _, m := range r.MostComplex {
		t.AppendRow([]any{m.Complexity, m.Name, fmt.Sprintf("%s:%d", m.File, m.Line)})
	}
	t.Render()

	fmt.Fprintln(w)
	if len(r.Failures) == 0 {
		fmt.Fprintln(w, "Failures: none.")
	} else {
		fmt.Fprintf(w, "Failures: %d. Python cannot parse these files; the exceptions came back as data.\n\n", len(r.Failures))
		t := newTable(w, "File", "Exception")
		for _, f := range r.Failures {
			t.AppendRow([]any{f.File, firstLine(f.Error)})
		}
		t.Render()
	}

	fmt.Fprintf(w, "\nSpeed, without start-up, on %d CPUs\n\n", r.CPUs)
	t = newTable(w, "", "Seconds", "Calls/s", "Speed-up of "+r.Runs[0].Title)
	for i, run := range r.Runs {
		speedup := ""
		if i > 0 {
			speedup = fmt.Sprintf("%.2f×", run.Speedup)
		}
		t.AppendRow([]any{run.Title, fmt.Sprintf("%.2f", run.Seconds), thousands(int(math.Round(run.FilesPerSecond))), speedup})
	}
	t.Render()
	fmt.Fprintf(w, "\nAll runs found the same. %s\n", bound(r))
}

// bound says what could be expected of this machine.
func bound(r *demo.Report) string {
	if r.CPUs == 1 {
		return "On one CPU more workers cannot be faster."
	}
	return fmt.Sprintf("With %d CPUs no pool can be more than %d× as fast as one process.", r.CPUs, r.CPUs)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// thousands writes n with separators.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
