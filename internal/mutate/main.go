// Command mutate asks whether the golden vectors would notice if somebody broke a
// codec: it removes, forces and shifts every single check of package wire and of
// pyref/ringwire/wire.py, one at a time, and puts the vectors to the result. Run
// it at the root of the repository; nothing there is changed but the table.
//
//	go run ./internal/mutate          writes conformance/MUTATION.md
//	go run ./internal/mutate -check   fails if the table is not current
//
// It also fails if a mutant lives for which reasons.go gives no reason.
// All mutants of a codec live in one copy of it, in a temporary directory, and an
// environment variable wakes one. A mutant has a few seconds.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

const (
	table = "conformance/MUTATION.md"
	// patience is how long a mutant may take for one run, or one case in Python.
	// The good codecs need a fraction of a second.
	patience = 20 * time.Second
)

func main() {
	check := flag.Bool("check", false, "compare with the committed table instead of writing it")
	verbose := flag.Bool("v", false, "say what became of each mutant")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *check, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, check, verbose bool) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ringwire-mutate-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	codecs, err := judgeAll(ctx, root, dir, verbose)
	if err != nil {
		return err
	}
	text, unexplained := report(codecs)
	file := filepath.Join(root, filepath.FromSlash(table))
	if check {
		committed, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if string(committed) != text {
			return fmt.Errorf("not current: file=%s", table)
		}
	} else if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	for _, m := range unexplained {
		fmt.Fprintf(os.Stderr, "lives: %s: %s: %s\n", m.Function, m.Kind, m.Text)
	}
	if len(unexplained) > 0 {
		return fmt.Errorf("changes that no vector notices: %d", len(unexplained))
	}
	return nil
}

func judgeAll(ctx context.Context, root, dir string, verbose bool) ([]codec, error) {
	goMutants, overlay, err := mutateGo(root, dir)
	if err != nil {
		return nil, err
	}
	program, err := buildGo(ctx, root, dir, overlay)
	if err != nil {
		return nil, err
	}
	pyMutants, err := mutatePython(ctx, root, dir)
	if err != nil {
		return nil, err
	}
	codecs := []codec{{"wire/*.go", goMutants}, {"pyref/ringwire/wire.py", pyMutants}}
	judges := []func(int) (string, error){
		func(n int) (string, error) { return judgeGo(ctx, program, n) },
		func(n int) (string, error) { return judgePython(ctx, root, dir, n) },
	}
	for i, judge := range judges {
		if by, err := judge(0); err != nil || by != "" {
			return nil, fmt.Errorf("%s fails without a mutant: vector=%s err=%w", codecs[i].Name, by, err)
		}
		if err := each(codecs[i].Mutants, judge, verbose); err != nil {
			return nil, err
		}
	}
	return codecs, nil
}

// each judges the mutants, two at a time.
func each(all []mutant, judge func(int) (string, error), verbose bool) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	faults := make([]error, len(all))
	for range 2 {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				m := &all[i]
				m.killedBy, faults[i] = judge(m.Number)
				if verbose {
					fmt.Fprintf(os.Stderr, "%4d %s: %s: %s: %q\n", m.Number, m.Function, m.Kind, m.Text, m.killedBy)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range faults {
		if err != nil {
			return err
		}
	}
	return nil
}
