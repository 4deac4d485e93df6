//go:build linux

// Package torture runs a pool under mixed load while everything goes wrong that
// can be made to, and then accounts for every call.
//
// Each call carries checksummed bytes of its own both ways, and its function
// leaves a trace in a journal. So what the caller was told can be compared with
// what happened: no call may be lost, run more often than allowed, get another's
// bytes, or be reported as not started when it was.
//
// A clock can't be set without harm to the machine. What stands in for it: a fault
// changes the time of day that one worker's Python code sees, and a worker that
// was stopped for a while finds that its monotonic clock has jumped. The pool
// itself uses monotonic time only.
package torture

import (
	"context"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ringwire/ringwire/executor"
)

//go:embed ringwire_torture.py
var source []byte

const module = "ringwire_torture"

// Options say what Run does.
type Options struct {
	For     time.Duration // of load and faults
	Seed    uint64        // decides sizes, kinds and faults, though not their timing
	Workers int
	Python  string // "": python3
	Faults  int    // average of faults per second; 0: 8
}

// What the pool of a run is like, besides what the seed decides.
const (
	cancelGrace  = 50 * time.Millisecond // short, so that it is often exceeded
	drainTimeout = 5 * time.Second
	maxAge       = 5 * time.Second  // so that replacements meet faults too
	patience     = 30 * time.Second // for the next call to end, when no more are made
)

// Run tortures a pool until the time is over or ctx is done, and reports. An error
// means that it could not be done; what is wrong with the pool is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Faults == 0 {
		o.Faults = 8
	}
	if o.Python == "" {
		o.Python = "python3"
	}
	dir, err := os.MkdirTemp("", "ringwire-torture-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	journal := filepath.Join(dir, "journal")
	for path, content := range map[string][]byte{journal: nil, filepath.Join(dir, module+".py"): source} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, err
		}
	}

	rng := rand.New(rand.NewPCG(o.Seed, 2))
	cfg := executor.Config{
		Workers:      o.Workers,
		Python:       o.Python,
		Path:         []string{dir},
		Allow:        []string{module + ":*"},
		Preload:      []string{module},
		Env:          []string{"RINGWIRE_TORTURE_JOURNAL=" + journal, mark(dir)},
		SlotCount:    16 << (2 * rng.IntN(3)),
		SlotSize:     1024 << (2 * rng.IntN(2)),
		CancelGrace:  cancelGrace,
		DrainTimeout: drainTimeout,
		MaxAge:       maxAge,
	}
	before := look(dir)
	began := time.Now()
	pool, err := executor.New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	r := &run{pool: pool, options: o, pad: newPad(o.Seed)}
	r.torture(ctx)
	report := &Report{
		Seed: o.Seed, Workers: o.Workers, SlotCount: cfg.SlotCount, SlotSize: cfg.SlotSize,
		Seconds: time.Since(began).Seconds(), Stats: pool.Stats(),
	}
	if err := pool.Close(); err != nil {
		return nil, fmt.Errorf("close the pool: %w", err)
	}
	report.Leftovers = before.leftBehind(dir)
	traces, nonsense, err := readJournal(journal, len(r.records))
	if err != nil {
		return nil, err
	}
	report.account(r, traces, nonsense)
	return report, nil
}

// run is the state of one run.
type run struct {
	pool    *executor.Pool
	options Options
	pad     pad
	calls   sync.WaitGroup // in flight

	mu       sync.Mutex
	over     bool // what ends from now on is too late
	records  []record
	endings  int // calls that have ended
	faults   map[string]int
	surprise map[uint64]string // what unexpected ends were
}

// torture returns when all calls have ended, or none of them has for too long.
func (r *run) torture(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.options.For)
	defer cancel()
	r.faults = make(map[string]int)
	r.surprise = make(map[uint64]string)

	var group sync.WaitGroup
	callers := 4*r.options.Workers + 4
	for g := range callers {
		c := &caller{run: r, number: g, callers: callers, rng: rand.New(rand.NewPCG(r.options.Seed, 100+uint64(g)))}
		r.calls.Go(func() { c.work(ctx) })
	}
	i := &injector{run: r, rng: rand.New(rand.NewPCG(r.options.Seed, 3))}
	group.Go(func() { i.work(ctx) })
	group.Wait()

	ended := make(chan struct{})
	go func() { // ends at the latest when the pool closes, which ends every call
		r.calls.Wait()
		close(ended)
	}()
	for before := -1; ; {
		r.mu.Lock()
		stuck := r.endings == before
		before = r.endings
		r.over = stuck
		r.mu.Unlock()
		if stuck {
			return
		}
		select {
		case <-ended:
			return
		case <-time.After(patience):
		}
	}
}

// born gives a new call its id.
func (r *run) born(idempotent bool) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, record{idempotent: idempotent})
	return uint64(len(r.records))
}

// ended notes how a call has ended.
func (r *run) ended(call uint64, how ending, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	r.records[call-1].ending = how
	r.endings++
	if how == unexpected {
		r.surprise[call] = fmt.Sprint(err)
	}
}

func (r *run) injected(fault string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[fault]++
}
