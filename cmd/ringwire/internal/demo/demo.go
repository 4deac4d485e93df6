// Package demo analyses the Python standard library: real work for a pool, with
// one plain Python process as the yardstick.
package demo

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

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

	// Progress begins to show ways of doing the same, each over total files. step
	// is called after each file with the index of the way, by any goroutine, and
	// stop at the end. nil: nothing is shown.
	Progress func(ways []string, total int) (step func(way int), stop func())
}

// Library is what there is to analyse.
type Library struct {
	Python string   `json:"python"`
	Root   string   `json:"root"`
	Files  []string `json:"files"`
}

func (l Library) paths() []string {
	paths := make([]string, len(l.Files))
	for i, file := range l.Files {
		paths[i] = filepath.Join(l.Root, file)
	}
	return paths
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

// way is one way of doing the work.
type way interface {
	title() string
	// analyse returns what is in the files, in their order, and how long it took.
	// A file that Python cannot parse is a finding, not an error.
	analyse(ctx context.Context, paths []string, step func()) ([]finding, time.Duration, error)
	close() error
}

// rounds is in how many parts the files are analysed. The ways take turns, so
// that a machine which is busy with something else slows down all of them.
const rounds = 8

// Run analyses the library with all workers, with one worker, and in a plain
// Python process, and compares.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
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

	var ways []way
	defer func() {
		for _, w := range ways {
			err = errors.Join(err, w.close())
		}
	}()
	pool, err := newPool(ctx, o.Python, dir, o.Workers)
	if err != nil {
		return nil, err
	}
	ways = append(ways, pool)
	if o.Workers > 1 {
		one, err := newPool(ctx, o.Python, dir, 1)
		if err != nil {
			return nil, err
		}
		ways = append(ways, one)
	}
	plain, err := newPlain(ctx, o.Python, dir)
	if err != nil {
		return nil, err
	}
	ways = append(ways, plain)

	library, err := pool.library(ctx, o)
	if err != nil {
		return nil, err
	}
	runs, err := takeTurns(ctx, ways, library.paths(), o.Progress)
	if err != nil {
		return nil, err
	}
	return newReport(library, runs)
}

// run is all that one way has done.
type run struct {
	title    string
	elapsed  time.Duration
	findings []finding
}

func takeTurns(ctx context.Context, ways []way, paths []string, progress func([]string, int) (func(int), func())) ([]run, error) {
	warmCache(paths)
	runs := make([]run, len(ways))
	titles := make([]string, len(ways))
	for i, w := range ways {
		titles[i] = w.title()
		runs[i].title = titles[i]
	}
	step := func(int) {}
	if progress != nil {
		var stop func()
		step, stop = progress(titles, len(paths))
		defer stop()
	}
	for part := range slices.Chunk(paths, (len(paths)+rounds-1)/rounds) {
		for i, w := range ways {
			findings, elapsed, err := w.analyse(ctx, part, func() { step(i) })
			if err != nil {
				return nil, err
			}
			runs[i].findings = append(runs[i].findings, findings...)
			runs[i].elapsed += elapsed
		}
	}
	return runs, nil
}

// warmCache reads every file once, so that no way has to wait for the disk.
func warmCache(paths []string) {
	for _, path := range paths {
		if f, err := os.Open(path); err == nil {
			_, _ = io.Copy(io.Discard, f) // an unreadable file shows up in the analysis
			_ = f.Close()
		}
	}
}
