package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// Executor is this module's pool, called by Go: JSON both ways.
func Executor(python string) Peer { return executorPeer{python} }

type executorPeer struct{ python string }

func (executorPeer) Name() string { return "ringwire" }

func (p executorPeer) Start(ctx context.Context, workers int) (Session, error) {
	dir, err := writeScripts()
	if err != nil {
		return nil, err
	}
	pool, err := executor.New(ctx, executor.Config{
		Workers: workers,
		Python:  p.python,
		Path:    []string{dir},
		Allow:   []string{"handlers:*"},
		Preload: []string{"handlers"},
	})
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return &executorSession{dir, pool}, nil
}

type executorSession struct {
	dir  string
	pool *executor.Pool
}

func (s *executorSession) Close() error {
	return errors.Join(s.pool.Close(), os.RemoveAll(s.dir))
}

func (s *executorSession) Measure(ctx context.Context, w Work, span Span) (Sample, error) {
	call := s.work(w)
	if _, err := measure(ctx, call, w.InFlight, span.WarmUp); err != nil {
		return Sample{}, err
	}
	return measure(ctx, call, w.InFlight, span.Measure)
}

// work returns how to make call number n and check its result.
func (s *executorSession) work(w Work) func(ctx context.Context, n int) error {
	if w.Function == Add {
		type arguments struct {
			A int `json:"a"`
			B int `json:"b"`
		}
		type result struct {
			Sum int `json:"sum"`
		}
		return func(ctx context.Context, n int) error {
			var r result
			if err := s.pool.Call(ctx, "handlers:add", arguments{n, 2}, &r); err != nil {
				return err
			}
			return check(r.Sum == n+2)
		}
	}
	type arguments struct {
		S string `json:"s"`
	}
	text := strings.Repeat("x", w.Payload)
	return func(ctx context.Context, _ int) error {
		var r string
		if err := s.pool.Call(ctx, "handlers:echo", arguments{text}, &r); err != nil {
			return err
		}
		return check(r == text)
	}
}

func check(right bool) error {
	if !right {
		return errors.New("wrong result")
	}
	return nil
}

// measure makes calls for as long as span says.
func measure(ctx context.Context, call func(context.Context, int) error, inFlight int, span time.Duration) (Sample, error) {
	if inFlight == 1 {
		return latencies(ctx, call, span)
	}
	return throughput(ctx, call, inFlight, span)
}

func latencies(ctx context.Context, call func(context.Context, int) error, span time.Duration) (Sample, error) {
	var s Sample
	for began := time.Now(); s.Elapsed < span; s.Elapsed = time.Since(began) {
		at := time.Now()
		err := call(ctx, s.Calls)
		s.Latencies = append(s.Latencies, time.Since(at))
		if err != nil {
			return s, fmt.Errorf("call %d: %w", s.Calls, err)
		}
		s.Calls++
	}
	return s, nil
}

func throughput(ctx context.Context, call func(context.Context, int) error, inFlight int, span time.Duration) (Sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var calls atomic.Int64
	var over atomic.Bool
	timer := time.AfterFunc(span, func() { over.Store(true) })
	defer timer.Stop()

	var callers sync.WaitGroup
	began := time.Now()
	for range inFlight {
		callers.Go(func() {
			n := 0
			for ; !over.Load() && ctx.Err() == nil; n++ {
				if err := call(ctx, n); err != nil {
					cancel(fmt.Errorf("call %d: %w", n, err))
					break
				}
			}
			calls.Add(int64(n))
		})
	}
	callers.Wait()
	return Sample{Calls: int(calls.Load()), Elapsed: time.Since(began)}, context.Cause(ctx)
}
