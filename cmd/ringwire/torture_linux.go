package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/cmd/ringwire/internal/torture"
)

const tortureHelp = `Run a pool under mixed load while its workers are killed, stopped, starved of
memory, forked, deafened and stuck, at random. Every call carries checksummed bytes
both ways and leaves a trace, so that at the end each can be accounted for: none may
be lost, run more often than allowed, get another's bytes, or be reported as not
started when it was. Nothing may be left behind.

The seed comes first, so that a run can be repeated: it decides calls and faults,
though not how they meet. The exit code is 0 if all is well, 1 if not.`

func newTorture() *cobra.Command {
	var o torture.Options
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "torture",
		Short:   "Run a pool while everything goes wrong, and account for every call",
		Long:    tortureHelp,
		Example: "  ringwire torture --for 60s\n  ringwire torture --for 10m --seed 7 --workers 4 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.For <= 0 || o.Workers < 1 || o.Faults < 1 {
				return &usageError{errors.New("--for must be greater than 0, --workers and --faults at least 1")}
			}
			if !cmd.Flags().Changed("seed") {
				o.Seed = uint64(rand.Uint32())
			}
			out := cmd.OutOrStdout()
			if asJSON {
				fmt.Fprintf(cmd.ErrOrStderr(), "seed %d\n", o.Seed)
			} else {
				fmt.Fprintf(out, "seed %d\n", o.Seed)
			}
			report, err := torture.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(out, report)
			} else {
				printTorture(out, report)
			}
			if err == nil && !report.Clean() {
				err = &reportedError{errors.New("not all is well")}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&o.For, "for", time.Minute, "how long")
	flags.Uint64Var(&o.Seed, "seed", 0, "repeat the run with this seed (default random)")
	flags.IntVar(&o.Workers, "workers", 3, "worker processes")
	flags.IntVar(&o.Faults, "faults", 8, "faults per second, on average")
	flags.BoolVar(&asJSON, "json", false, "print the report as JSON, and the seed on standard error")
	pythonFlag(cmd, &o.Python)
	return cmd
}

func printTorture(w io.Writer, r *torture.Report) {
	fmt.Fprintf(w, "\n%s calls in %.1f s: %d workers, rings of %d slots of %d bytes\n\n",
		thousands(r.Calls()), r.Seconds, r.Workers, r.SlotCount, r.SlotSize)
	t := newTable(w, "Fault", "Times")
	for _, f := range r.Faults {
		t.AppendRow([]any{f.Kind, f.Count})
	}
	t.Render()

	fmt.Fprintln(w)
	t = newTable(w, "Call ended as", "Calls", "Never ran", "Ran once", "Ran again")
	for _, o := range r.Outcomes {
		t.AppendRow([]any{o.Ending, thousands(o.Calls), thousands(o.Never), thousands(o.Once), thousands(o.Again)})
	}
	t.Render()

	fmt.Fprintln(w)
	t = newTable(w, "What must not be", "Count")
	for _, f := range []torture.Flaw{torture.Lost, torture.Duplicated, torture.MixedUp, torture.Misjudged, torture.Unexpected} {
		t.AppendRow([]any{"calls " + string(f), r.Flaws[f]})
	}
	t.AppendRows([]table.Row{
		{"traces of no call", r.Nonsense},
		{"processes left behind", r.Leftovers.Processes},
		{"descriptors left behind", r.Leftovers.Descriptors},
		{"goroutines left behind", r.Leftovers.Goroutines},
		{"mappings left behind", r.Leftovers.Mappings},
	})
	t.Render()
	for _, e := range r.Examples {
		fmt.Fprintf(w, "\n%s\n", e)
	}
	if r.Clean() {
		fmt.Fprintf(w, "\nAll is well. Workers were started anew %s times, calls sent again %s times.\n",
			thousands(int(r.Stats.Restarts)), thousands(int(r.Stats.Retried)))
	}
}
