// Package demo analyses the Python standard library: real work for a pool, with
// one plain Python process as the yardstick.
package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/executor"
	"github.com/ringwire/ringwire/internal/sys"
)

// The functions that the workers run.
//
//go:embed stdlib_metrics.py
var source []byte

const module = "stdlib_metrics"

// Options say what Run does.
type Options struct {
	Workers int    // 0: one for each CPU
	Python  string // "": python3
	Limit   int    // analyse at most so many files; 0: all
	Tests   bool   // include CPython's own tests

	// Progress begins to show a run over total files. step is called after each
	// file, by any goroutine, and stop at the end. nil: nothing is shown.
	Progress func(title string, total int) (step func(), stop func())
}

// Library is what there is to analyse.
type Library struct {
	Python string   `json:"python"`
	Root   string   `json:"root"`
	Files  []string `json:"files"`
}

// Metrics is what a worker finds in one file.
type Metrics struct {
	Lines       int       `json:"lines"`
	Functions   int       `json:"functions"`
	Classes     int       `json:"classes"`
	Branches    int       `json:"branches"`
	MostComplex *Function `json:"most_complex"`
}

// Function is a function with its cyclomatic complexity.
type Function struct {
	Name       string `json:"name"`
	Line       int    `json:"line"`
	Complexity int    `json:"complexity"`
}

// finding is the result for one file.
type finding struct {
	metrics Metrics
	failure string // why Python could not parse the file, or empty
}

// Run analyses the library with all workers, then with one, then in a plain
// Python process, and compares.
func Run(ctx context.Context, o Options) (*Report, error) {
	dir, err := os.MkdirTemp("", "ringwire-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, module+".py"), source, 0o600); err != nil {
		return nil, err
	}
	if o.Workers == 0 {
		o.Workers = sys.CPUs()
	}
	if o.Python == "" {
		o.Python = "python3"
	}
	if o.Progress == nil {
		o.Progress = func(string, int) (func(), func()) { return func() {}, func() {} }
	}

	pool, err := newPool(ctx, o, dir, o.Workers)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	library, err := executor.CallAs[Library](ctx, pool, module+":sources", map[string]bool{"tests": o.Tests})
	if err != nil {
		return nil, err
	}
	if o.Limit > 0 && o.Limit < len(library.Files) {
		library.Files = library.Files[:o.Limit]
	}
	paths := make([]string, len(library.Files))
	for i, file := range library.Files {
		paths[i] = filepath.Join(library.Root, file)
	}
	warmCache(paths)

	pooled, err := analyse(ctx, o, pool, paths)
	if err != nil {
		return nil, err
	}
	runs := []run{pooled}
	if err := pool.Close(); err != nil {
		return nil, err
	}
	if o.Workers > 1 {
		single, err := newPool(ctx, o, dir, 1)
		if err != nil {
			return nil, err
		}
		defer single.Close()
		one, err := analyse(ctx, o, single, paths)
		if err != nil {
			return nil, err
		}
		runs = append(runs, one)
	}
	plain, err := plainPython(ctx, o, dir, paths)
	if err != nil {
		return nil, err
	}
	return newReport(library, append(runs, plain))
}

func newPool(ctx context.Context, o Options, dir string, workers int) (*executor.Pool, error) {
	return executor.New(ctx, executor.Config{
		Workers: workers,
		Python:  o.Python,
		Path:    []string{dir},
		Allow:   []string{module + ":*"},
		Preload: []string{module},
	})
}

// run is one way of doing all the work.
type run struct {
	title    string
	elapsed  time.Duration
	findings []finding
}

// callsPerWorker keeps a worker busy while its next call is on the way.
const callsPerWorker = 4

// analyse runs every file through the pool. A file that Python cannot parse is a
// finding; anything else that goes wrong ends the run.
func analyse(ctx context.Context, o Options, pool *executor.Pool, paths []string) (run, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := pool.Stats().Workers
	r := run{title: plural(workers, "worker"), findings: make([]finding, len(paths))}
	step, stop := o.Progress(r.title, len(paths))

	began := time.Now()
	var next atomic.Int64
	var callers sync.WaitGroup
	for range workers * callsPerWorker {
		callers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(paths) {
					return
				}
				f := &r.findings[i]
				err := pool.Call(ctx, module+":analyse", map[string]string{"path": paths[i]}, &f.metrics)
				var raised *executor.PythonError
				switch {
				case err == nil:
				case errors.Is(err, executor.ErrRaised) && errors.As(err, &raised):
					f.failure = raised.Error()
				default:
					cancel(err)
				}
				step()
			}
		})
	}
	callers.Wait()
	r.elapsed = time.Since(began)
	stop()
	return r, context.Cause(ctx)
}

// warmCache reads every file once, so that no run has to wait for the disk.
func warmCache(paths []string) {
	for _, path := range paths {
		if f, err := os.Open(path); err == nil {
			_, _ = io.Copy(io.Discard, f) // an unreadable file shows up in the analysis
			_ = f.Close()
		}
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
