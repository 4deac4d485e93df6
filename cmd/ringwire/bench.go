package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/bench"
)

const benchHelp = `Measure the executor beside what one would use instead, on the same functions and
payloads, in alternating rounds of one run: Python's own process pools, JSON over Unix
sockets, ZeroMQ, HTTP, gRPC, and the floors below them all. Peers whose Python package
or program is not there are named and left out.

Figures are medians over the rounds. The ratios say how many times better the first
peer, ringwire itself, is than the one of their line; wake-ups cost differently on
different machines, so trust the ratios.`

const benchExample = `  ringwire bench --quick
  ringwire bench --workers 1,2,4 --in-flight 1,64,256 --json figures.json
  ringwire bench --only ringwire --in-flight 64 --payloads 64 --idle 0 --scaling
  ringwire bench --only 'ringwire*' --only 'Unix socket*' --payloads 64,65536`

type benchCommand struct {
	python   string
	programs string
	only     []string
	workers  []int
	inFlight []int
	payloads []int
	loads    []float64
	rates    []float64
	idle     int
	scaling  bool
	rounds   int
	span     time.Duration
	quick    bool
	json     string
	plots    string
}

func newBench() *cobra.Command {
	var c benchCommand
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Compare the executor with other ways to call Python",
		Long:    benchHelp,
		Example: benchExample,
		Args:    cobra.NoArgs,
		RunE:    c.run,
	}
	flags := cmd.Flags()
	flags.StringVar(&c.programs, "peers", "", "`DIR` of the programs with further peers; default: that of this program")
	flags.StringArrayVar(&c.only, "only", nil, "measure only the peers whose name matches `PATTERN`; may be repeated")
	flags.IntSliceVar(&c.workers, "workers", []int{1, 2}, "worker processes; all is measured with the first `N`, throughput with the others too")
	flags.IntSliceVar(&c.inFlight, "in-flight", []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}, "calls at the same time")
	flags.IntSliceVar(&c.payloads, "payloads", []int{0, 64, 1 << 10, 16 << 10, 64 << 10, 1 << 20, 16 << 20}, "`BYTES` of the string that is echoed")
	flags.Float64SliceVar(&c.loads, "loads", []float64{0.3, 0.6}, "fractions of its capacity at which a peer's latency under load is measured")
	flags.Float64SliceVar(&c.rates, "rates", []float64{20_000, 100_000}, "calls per second at which latency is measured, of peers that can make so many")
	flags.IntVar(&c.idle, "idle", 8, "worker processes of the pools whose CPU time is measured while they are idle; 0: not measured")
	flags.BoolVar(&c.scaling, "scaling", true, "measure how calls per second depend on workers and functions, beside a model")
	flags.IntVar(&c.rounds, "rounds", 5, "rounds for each figure")
	flags.DurationVar(&c.span, "span", 60*time.Millisecond, "how long a round lasts; a third more is for warming up")
	flags.BoolVar(&c.quick, "quick", false, "fewer of everything and short rounds: a smoke test")
	flags.StringVar(&c.json, "json", "", "write the figures to `FILE`; -: to standard output, instead of the tables")
	flags.StringVar(&c.plots, "plots", "", "draw the figures as SVG into `DIR`; needs the program "+bench.Program)
	pythonFlag(cmd, &c.python)
	return cmd
}

func (c *benchCommand) run(cmd *cobra.Command, _ []string) error {
	c.programs = cmp.Or(c.programs, ownFolder())
	c.hurry(cmd)
	if err := c.validate(); err != nil {
		return &usageError{err}
	}
	ctx := cmd.Context()
	catalog, err := bench.NewCatalog(ctx, c.python, c.programs)
	if err != nil {
		return err
	}
	if err := catalog.Select(c.only); err != nil {
		return &usageError{err}
	}
	report := bench.Report{
		Version: buildVersion(),
		Command: strings.Join(append([]string{"ringwire"}, os.Args[1:]...), " "),
		Machine: bench.ThisMachine(ctx, c.python, catalog.Versions),
		Rounds:  c.rounds,
		Span:    c.span,
		Missing: catalog.Missing,
	}
	out := cmd.OutOrStdout()
	if c.json == "-" {
		out = io.Discard
	}
	printMachine(out, report)
	progress := c.progress(cmd.ErrOrStderr())
	if report.Rows, err = bench.Run(ctx, c.plan(), catalog.Peers, progress); err != nil {
		return err
	}
	if c.idle > 0 {
		if report.Idle, err = bench.MeasureIdle(ctx, catalog.Peers, c.idle, 2*time.Second); err != nil {
			return err
		}
	}
	if c.scaling {
		scaling, err := bench.MeasureScaling(ctx, c.python, c.rounds, c.plan().Span)
		if err != nil {
			return err
		}
		report.Scaling = &scaling
	}
	report.Targets = bench.TargetsOf(report)
	printTargets(out, report.Targets)
	printRows(out, report.Rows)
	printIdle(out, report.Idle)
	printScaling(out, report.Scaling)
	if err := c.writeJSON(cmd.OutOrStdout(), report); err != nil {
		return err
	}
	if c.plots != "" {
		return report.Plot(ctx, c.plotter(), c.plots)
	}
	return nil
}

// hurry shortens what the caller has not chosen.
func (c *benchCommand) hurry(cmd *cobra.Command) {
	if !c.quick {
		return
	}
	unchosen := func(flag string) bool { return !cmd.Flags().Changed(flag) }
	if unchosen("workers") {
		c.workers = []int{1}
	}
	if unchosen("in-flight") {
		c.inFlight = []int{1, 64}
	}
	if unchosen("payloads") {
		c.payloads = []int{64, 16 << 10}
	}
	if unchosen("loads") {
		c.loads = nil
	}
	if unchosen("rates") {
		c.rates = []float64{20_000}
	}
	if unchosen("idle") {
		c.idle = 0
	}
	if unchosen("scaling") {
		c.scaling = false
	}
	if unchosen("rounds") {
		c.rounds = 3
	}
	if unchosen("span") {
		c.span = 30 * time.Millisecond
	}
}

func (c *benchCommand) validate() error {
	switch {
	case c.rounds < 1 || c.span <= 0:
		return errors.New("--rounds and --span must be positive")
	case len(c.workers) == 0 || slices.Min(c.workers) < 1:
		return errors.New("--workers must be at least 1")
	case len(c.inFlight) == 0 || slices.Min(c.inFlight) < 1:
		return errors.New("--in-flight must be at least 1")
	case len(c.payloads) > 0 && slices.Min(c.payloads) < 0, c.idle < 0:
		return errors.New("--payloads and --idle must not be negative")
	case len(c.loads) > 0 && (slices.Min(c.loads) <= 0 || slices.Max(c.loads) >= 1):
		return errors.New("--loads must lie between 0 and 1")
	case len(c.rates) > 0 && slices.Min(c.rates) <= 0:
		return errors.New("--rates must be positive")
	case c.plots != "" && c.plotter() == "":
		return fmt.Errorf("--plots needs %s: make bench builds it", bench.Program)
	}
	return nil
}

// plotter returns the path of the program that draws, or "" if it is not there.
func (c *benchCommand) plotter() string {
	path := filepath.Join(c.programs, bench.Program)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// ownFolder returns where this program lies.
func ownFolder() string {
	self, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(self)
}

// plan is all that is measured.
func (c *benchCommand) plan() bench.Plan {
	plan := bench.Plan{Rounds: c.rounds, Span: bench.Span{WarmUp: c.span / 3, Measure: c.span}}
	plan.Works = bench.Works(bench.Lists{
		Workers: c.workers, InFlight: c.inFlight, Payloads: c.payloads, Loads: c.loads, Rates: c.rates,
	})
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

func (c *benchCommand) writeJSON(stdout io.Writer, report bench.Report) error {
	switch c.json {
	case "":
		return nil
	case "-":
		return printJSON(stdout, report)
	}
	f, err := os.Create(c.json)
	if err != nil {
		return err
	}
	return errors.Join(printJSON(f, report), f.Close())
}
