// Command differential puts generated messages, most of them with a fault, to
// codecs that were written apart, and stops at the first on which they disagree:
// package wire, package slowwire, the executable specification, and for one input
// in many an implementation that runs as a child process.
//
//	go run ./conformance/differential -n 10000000 -seed 1 \
//	    -exec 'python3 examples/implementations/pyref/codec.py' -sample 1000
//
// Equal seeds give equal inputs. The exit code is 0 if all agreed, 1 if they did
// not, 2 for a mistake in usage.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/ringwire/ringwire/conformance/subprocess"
	"github.com/ringwire/ringwire/spec"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if code := run(ctx, os.Args[1:], os.Stdout, os.Stderr); code != 0 {
		stop()
		os.Exit(code)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("differential", flag.ContinueOnError)
	flags.SetOutput(stderr)
	n := flags.Int("n", 1_000_000, "how many inputs")
	seed := flags.Uint64("seed", 1, "where the generator starts")
	module := flags.String("wasm", "", "a module to ask instead of the executable specification")
	command := flags.String("exec", "", "an implementation that speaks JSON lines; split at spaces")
	sample := flags.Int("sample", 1000, "ask it about one input in so many")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *n < 1 || *sample < 1 || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "differential: -n and -sample must be at least 1, and nothing may follow the flags")
		return 2
	}
	c := &comparison{seed: *seed, n: *n, sample: *sample, module: spec.Oracle, progress: stderr}
	if *module != "" {
		var err error
		if c.module, err = os.ReadFile(*module); err != nil {
			fmt.Fprintln(stderr, "differential:", err)
			return 2
		}
	}
	if *command != "" {
		child, err := subprocess.Start(strings.Fields(*command), subprocess.Options{Stderr: os.Stderr, Patience: time.Minute, StartPatience: time.Minute})
		if err != nil {
			fmt.Fprintln(stderr, "differential:", err)
			return 2
		}
		defer func() { _ = child.Close() }()
		c.child = child
	}
	start := time.Now()
	err := c.run(ctx)
	fmt.Fprintf(stdout, "seed %d: %s\n", *seed, &c.counts)
	fmt.Fprintf(stderr, "%v\n", time.Since(start).Round(time.Second))
	if err != nil {
		fmt.Fprintln(stderr, "differential:", err)
		return 1
	}
	return 0
}
