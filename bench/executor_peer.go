package bench

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// executorPeer is this module's pool, called by Go: JSON both ways.
type executorPeer struct {
	name, python string
	variant      executorVariant
}

// WithoutSpinning is the executor of this module with workers that sleep as soon as
// they have nothing to do, and that need nothing but Python's standard library. Its
// sessions have the worker's id behind their own in Processes.
func WithoutSpinning(name, python string) Peer {
	return executorPeer{name, python, executorVariant{spin: -1, env: standardLibrary}}
}

// standardLibrary makes a worker use nothing else.
var standardLibrary = []string{"RINGWIRE_NATIVE=0", "RINGWIRE_JSON=stdlib", "RINGWIRE_LOOP=asyncio"}

// executorVariant is a way to configure a pool.
type executorVariant struct {
	transport executor.Transport
	spin      time.Duration
	env       []string // of the workers
	only      func(Work) bool
}

func (p executorPeer) Name() string { return p.name }

func (p executorPeer) Does(w Work) bool { return p.variant.only == nil || p.variant.only(w) }

func (p executorPeer) Start(ctx context.Context, workers int) (Session, error) {
	dir, err := writeScripts()
	if err != nil {
		return nil, err
	}
	pool, err := executor.New(ctx, executor.Config{
		Workers:   workers,
		Python:    p.python,
		Path:      []string{dir},
		Allow:     []string{"handlers:*"},
		Preload:   []string{"handlers"},
		Env:       p.variant.env,
		Transport: p.variant.transport,
		Spin:      p.variant.spin,
	})
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	s := &executorSession{dir: dir, pool: pool, pids: []int{os.Getpid()}}
	for _, w := range pool.Workers() {
		s.pids = append(s.pids, w.PID)
	}
	return s, nil
}

type executorSession struct {
	dir  string
	pool *executor.Pool
	pids []int
}

func (s *executorSession) Processes() []int { return s.pids }

func (s *executorSession) Close() error {
	return errors.Join(s.pool.Close(), os.RemoveAll(s.dir))
}

func (s *executorSession) Measure(ctx context.Context, r Round) (Sample, error) {
	call := calls(r.Work, func(ctx context.Context, handler string, arguments, result any) error {
		return s.pool.Call(ctx, "handlers:"+handler, arguments, result)
	})
	return withCPUTime(s.pids, func() (Sample, error) { return Drive(ctx, call, r) })
}
