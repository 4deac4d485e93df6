package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/bench"
)

const benchHelp = `Measure the executor beside Python's concurrent.futures.ProcessPoolExecutor on the
same functions, in alternating rounds of one run: latency with one call in flight,
throughput with many. Figures are medians over the rounds; wake-ups cost
differently on different machines, so trust the ratios.`

const benchExample = `  ringwire bench --quick
  ringwire bench --workers 1,2,4 --in-flight 256 --json`

type benchCommand struct {
	python   string
	workers  []int
	inFlight int
	rounds   int
	quick    bool
	json     bool
}

func newBench() *cobra.Command {
	var c benchCommand
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Compare the executor with Python's ProcessPoolExecutor",
		Long:    benchHelp,
		Example: benchExample,
		Args:    cobra.NoArgs,
		RunE:    c.run,
	}
	flags := cmd.Flags()
	flags.IntSliceVar(&c.workers, "workers", []int{1, 2}, "worker processes, one table row for each `N`")
	flags.IntVar(&c.inFlight, "in-flight", 64, "calls at the same time, for throughput")
	flags.IntVar(&c.rounds, "rounds", 5, "rounds for each figure")
	flags.BoolVar(&c.quick, "quick", false, "fewer payloads and short rounds: a smoke test")
	flags.BoolVar(&c.json, "json", false, "print the figures as JSON")
	pythonFlag(cmd, &c.python)
	return cmd
}

// benchReport is what --json prints.
type benchReport struct {
	Version string        `json:"version"`
	Machine bench.Machine `json:"machine"`
	Rounds  int           `json:"rounds"`
	Rows    []bench.Row   `json:"rows"`
}

func (c *benchCommand) run(cmd *cobra.Command, _ []string) error {
	if c.rounds < 1 || c.inFlight < 2 || len(c.workers) == 0 || slices.Min(c.workers) < 1 {
		return &usageError{errors.New("--rounds and --workers must be at least 1, --in-flight at least 2")}
	}
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	report := benchReport{Version: buildVersion(), Machine: bench.ThisMachine(ctx, c.python), Rounds: c.rounds}
	progress := func(int, int) {}
	if !c.json {
		printMachine(out, report)
		progress = c.progress(cmd.ErrOrStderr())
	}
	peers := []bench.Peer{bench.Executor(c.python), bench.ProcessPool(c.python)}
	rows, err := bench.Run(ctx, c.plan(), peers, progress)
	if err != nil {
		return err
	}
	report.Rows = rows
	if c.json {
		return printJSON(out, report)
	}
	printLatency(out, rows)
	printThroughput(out, rows, c.inFlight)
	return nil
}

// plan is all that is measured.
func (c *benchCommand) plan() bench.Plan {
	payloads := []int{64, 1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}
	plan := bench.Plan{Rounds: c.rounds, Span: bench.Span{WarmUp: 50 * time.Millisecond, Measure: 250 * time.Millisecond}}
	if c.quick {
		payloads = []int{64, 64 << 10}
		plan.Span = bench.Span{WarmUp: 20 * time.Millisecond, Measure: 80 * time.Millisecond}
	}
	for _, workers := range c.workers {
		for _, inFlight := range []int{1, c.inFlight} {
			plan.Works = append(plan.Works, bench.Work{Workers: workers, Function: bench.Add, InFlight: inFlight})
			for _, size := range payloads {
				plan.Works = append(plan.Works, bench.Work{Workers: workers, Function: bench.Echo, Payload: size, InFlight: inFlight})
			}
		}
	}
	return plan
}

// progress shows a bar on a terminal and nothing elsewhere: rounds are short.
func (c *benchCommand) progress(w io.Writer) func(done, total int) {
	if !isTerminal(w) {
		return func(int, int) {}
	}
	var step func(int)
	var stop func()
	return func(done, total int) {
		if step == nil {
			step, stop = progressBars(w, []string{"rounds"}, total)
		}
		step(0)
		if done == total {
			stop()
		}
	}
}

func printMachine(w io.Writer, r benchReport) {
	m := r.Machine
	fmt.Fprintf(w, "ringwire %s, %s, %s\n%s, %d CPUs, %s\nmedians of %d alternating rounds\n",
		r.Version, m.Go, m.Python, m.CPU, m.CPUs, m.OS, r.Rounds)
}

func printLatency(w io.Writer, rows []bench.Row) {
	fmt.Fprintf(w, "\nLatency in µs, one call in flight; ratios of p50\n\n")
	printRows(w, rows, true, []string{"p50", "p99"}, func(r bench.Result) []any {
		return []any{microseconds(r.P50), microseconds(r.P99)}
	})
}

func printThroughput(w io.Writer, rows []bench.Row, inFlight int) {
	fmt.Fprintf(w, "\nThroughput, %d calls in flight\n\n", inFlight)
	printRows(w, rows, false, []string{"calls/s"}, func(r bench.Result) []any {
		return []any{thousands(int(r.CallsPerSecond))}
	})
}

// printRows prints the rows about latency, or those about throughput: a few
// columns for each peer, and the ratio for all but the first.
func printRows(w io.Writer, rows []bench.Row, latency bool, columns []string, cells func(bench.Result) []any) {
	header := []any{"Workers", "Call"}
	for i, r := range rows[0].Results {
		for _, column := range columns {
			header = append(header, r.Peer+" "+column)
		}
		if i > 0 {
			header = append(header, "Ratio")
		}
	}
	t := newTable(w, header...)
	for _, row := range rows {
		if (row.InFlight == 1) != latency {
			continue
		}
		line := []any{row.Workers, callName(row.Work)}
		for i, r := range row.Results {
			line = append(line, cells(r)...)
			if i > 0 {
				line = append(line, fmt.Sprintf("%.1f×", r.Ratio))
			}
		}
		t.AppendRow(line)
	}
	t.Render()
}

func callName(w bench.Work) string {
	if w.Function == bench.Add {
		return "add two numbers"
	}
	return "echo " + byteSize(w.Payload)
}

func byteSize(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

func microseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Microsecond))
}
