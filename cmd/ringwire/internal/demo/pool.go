package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// pool does the work with worker processes.
type pool struct {
	*executor.Pool
	workers int
}

func newPool(ctx context.Context, python, dir string, workers int) (*pool, error) {
	p, err := executor.New(ctx, executor.Config{
		Workers: workers,
		Python:  python,
		Path:    []string{dir},
		Allow:   []string{module + ":*"},
		Preload: []string{module},
	})
	if err != nil {
		return nil, err
	}
	return &pool{p, workers}, nil
}

func (p *pool) title() string {
	if p.workers == 1 {
		return "1 worker"
	}
	return fmt.Sprintf("%d workers", p.workers)
}

func (p *pool) close() error { return p.Close() }

// library asks Python for its files.
func (p *pool) library(ctx context.Context, o Options) (Library, error) {
	library, err := executor.CallAs[Library](ctx, p.Pool, module+":sources", map[string]bool{"tests": o.Tests})
	if err == nil && len(library.Files) == 0 {
		err = fmt.Errorf("no source files in the standard library: root=%s", library.Root)
	}
	if o.Limit > 0 && o.Limit < len(library.Files) {
		library.Files = library.Files[:o.Limit]
	}
	return library, err
}

// callsPerWorker keeps a worker busy while its next call is on the way.
const callsPerWorker = 4

// analyse calls Python for every file. What goes wrong, other than an exception,
// ends it.
func (p *pool) analyse(ctx context.Context, paths []string, step func()) ([]finding, time.Duration, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	findings := make([]finding, len(paths))
	began := time.Now()
	var next atomic.Int64
	var callers sync.WaitGroup
	for range p.workers * callsPerWorker {
		callers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(paths) {
					return
				}
				f := &findings[i]
				err := p.Call(ctx, module+":analyse", map[string]string{"path": paths[i]}, &f.metrics)
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
	return findings, time.Since(began), context.Cause(ctx)
}
