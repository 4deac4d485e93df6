package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/live"
	"github.com/ringwire/ringwire/conformance/live/mirror"
	"github.com/ringwire/ringwire/conformance/vectors"
)

// workerFlags are those about live workers.
type workerFlags struct {
	commands []string
	soak     time.Duration
	seed     uint64
	parallel int
}

func (w *workerFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&w.commands, "worker", nil, "a `CMD` that starts a worker; split at spaces")
	f.DurationVar(&w.soak, "soak", time.Second, "for how long a worker is sent calls of all sorts")
	f.Uint64Var(&w.seed, "seed", 1, "what chance begins with in the cases of a worker")
	f.IntVar(&w.parallel, "parallel", 2, "how many workers are judged at once")
}

// minWorkerPatience keeps a busy machine from being taken for a slow worker.
const minWorkerPatience = 5 * time.Second

func (w *workerFlags) open(all []vectors.Vector, match func(*vectors.Vector) bool, patience time.Duration) []opener {
	config := live.Config{
		Patience: max(patience, minWorkerPatience), Soak: w.soak, Seed: w.seed, Parallel: w.parallel, Vectors: all,
	}
	if match != nil {
		config.Match = func(id string) bool { return match(&vectors.Vector{ID: id}) }
	}
	var openers []opener
	for _, command := range w.commands {
		openers = append(openers, func(ctx context.Context) (conformance.Subject, error) {
			c := config
			c.Command = strings.Fields(command)
			return live.Open(ctx, c)
		})
	}
	return openers
}

const mirrorHelp = `Be a worker that offers the functions of the live profile: one that conforms, or
that breaks one rule of the specification, to see how a master takes it. It is
started as a master starts any worker, with REGION and WORKER_ID as last arguments.`

// addMirror adds the worker for testing masters.
func addMirror(parent *cobra.Command) {
	var fault string
	var list bool
	cmd := &cobra.Command{
		Use:   "mirror (--list | [--fault NAME] REGION WORKER_ID)",
		Short: "Be a worker that misbehaves on request",
		Long:  mirrorHelp,
		Example: `  ringwire conform mirror --list
  ringwire conform --worker 'ringwire conform mirror' --match '^live-handshake'`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case list:
				for _, f := range mirror.Faults {
					fmt.Fprintf(cmd.OutOrStdout(), "%-22s %s\n", f.Fault, f.Does)
				}
				return nil
			case len(args) != 2:
				return &usageError{fmt.Errorf("REGION and WORKER_ID are what a master appends")}
			case !mirror.Known(mirror.Fault(fault)):
				return &usageError{fmt.Errorf("--fault: unknown name=%s", fault)}
			}
			os.Exit(mirror.Main(args, mirror.Fault(fault)))
			return nil
		},
	}
	cmd.Flags().StringVar(&fault, "fault", "", "the rule to break, by its `NAME`")
	cmd.Flags().BoolVar(&list, "list", false, "list the rules that can be broken")
	parent.AddCommand(cmd)
}
