package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/executor"
)

// pythonFlag adds the flag that every command with workers has.
func pythonFlag(cmd *cobra.Command, python *string) {
	cmd.Flags().StringVar(python, "python", "python3", "Python interpreter, 3.10 or later")
}

// poolFlags are the flags of commands that run a user's own functions.
type poolFlags struct {
	cfg     executor.Config
	verbose bool
}

func (f *poolFlags) add(cmd *cobra.Command, workers int) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.cfg.Path, "path", nil, "`DIR` to search for modules first; may be repeated")
	flags.StringArrayVar(&f.cfg.Allow, "allow", nil, "`PATTERN` of functions that may be called, such as 'm:*'; may be repeated")
	flags.IntVar(&f.cfg.Workers, "workers", workers, "worker processes; 0: one for each CPU")
	flags.StringVar((*string)(&f.cfg.Transport), "transport", "", "how workers are reached, `ring` or stream; otherwise what "+executor.TransportVariable+" says or the system allows")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log what happens to the workers, on standard error")
	pythonFlag(cmd, &f.cfg.Python)
}

// config returns the pool's configuration. What workers print goes to standard
// error: standard output is for the result.
func (f *poolFlags) config(cmd *cobra.Command) executor.Config {
	cfg := f.cfg
	if f.verbose {
		cfg.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	} else {
		cfg.Logger = slog.New(newOutputHandler(cmd.ErrOrStderr()))
	}
	return cfg
}
