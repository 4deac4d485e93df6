package executor

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Pool is a set of Python worker processes. Make one with New; close it with
// Close. All methods may be called from any goroutine.
type Pool struct {
	cfg      Config
	python   string   // path of the interpreter
	env      []string // of the workers
	source   *source  // the worker's Python source
	targets  targets
	queue    queue
	counters counters

	generation atomic.Uint64
	stop       chan struct{}
	closeOnce  sync.Once
	group      sync.WaitGroup // every goroutine of the pool

	mu      sync.Mutex
	workers []*worker               // that get calls
	lanes   atomic.Pointer[[]*lane] // the same, for dispatch

	waiting chan struct{} // tells look that calls wait
}

// New starts the workers and returns when all are ready. If one cannot be
// started it ends the others and returns a [*StartupError], which carries what
// the worker wrote to its standard error; a bad cfg is a [*ConfigError]. ctx
// bounds the start only.
func New(ctx context.Context, cfg Config) (*Pool, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Pool{cfg: cfg, stop: make(chan struct{}), waiting: make(chan struct{}, 1), targets: targets{allow: cfg.Allow}}
	p.lanes.Store(new([]*lane))
	if p.python, err = exec.LookPath(cfg.Python); err != nil {
		return nil, &StartupError{Err: fmt.Errorf("find the Python interpreter: %w", err)}
	}
	for i, dir := range cfg.Path {
		if cfg.Path[i], err = filepath.Abs(dir); err != nil {
			return nil, &StartupError{Err: fmt.Errorf("resolve Path: %w", err)}
		}
	}
	p.env = environment(os.Environ(), cfg.Env)
	if p.cfg.Transport, err = cfg.chooseTransport(); err != nil {
		return nil, &StartupError{Err: err}
	}
	if p.source, err = newSource(); err != nil {
		return nil, &StartupError{Err: err}
	}

	p.group.Go(p.look)
	first := make(chan error, cfg.Workers)
	for id := range cfg.Workers {
		s := &place{pool: p, id: id}
		p.group.Go(func() { s.supervise(first) })
	}
	for range cfg.Workers {
		select {
		case err = <-first:
		case <-ctx.Done():
			err = &StartupError{Err: causeOf(ctx)}
		}
		if err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// CallOption changes one call.
type CallOption func(*call)

// Idempotent says that a call may run more than once: if its worker dies while it
// runs, it is run again on another one, up to three times in all.
func Idempotent() CallOption { return func(c *call) { c.idempotent = true } }

const maxAttempts = 3

// Call calls a Python function and waits for its end.
//
// function is named module:function. kwargs becomes a JSON object: a map, a
// struct, a json.RawMessage, or nil for no arguments. The result is stored where
// out points; nil drops it, and a *json.RawMessage gets it undecoded. Neither is
// used after Call has returned.
//
// When ctx is done, a call that waits is withdrawn, and a running one is
// cancelled: an async function gets CancelledError. If it has not stopped within
// CancelGrace its worker is killed. Call returns then, not earlier, so that the
// error can say what happened.
//
// The error is a [*CallError], and wraps one of the Err values.
func (p *Pool) Call(ctx context.Context, function string, kwargs, out any, opts ...CallOption) error {
	c, l, err := p.submit(ctx, function, kwargs, opts)
	if err != nil {
		return err
	}
	if l != nil {
		l.help(ctx, c)
	}
	return p.finish(ctx, c, l, out)
}

// CallAs is Call with the result as a value.
func CallAs[T any](ctx context.Context, p *Pool, function string, kwargs any, opts ...CallOption) (T, error) {
	var out T
	err := p.Call(ctx, function, kwargs, &out, opts...)
	return out, err
}

// submit encodes a call and gives it to a lane, which it returns, or to the queue.
func (p *Pool) submit(ctx context.Context, function string, kwargs any, opts []CallOption) (*call, *lane, error) {
	p.counters.calls.Add(1)
	refuse := func(err error) (*call, *lane, error) {
		p.counters.refused.Add(1)
		return nil, nil, &CallError{Function: function, Worker: -1, Outcome: OutcomeNotStarted, Err: err}
	}
	if ctx.Err() != nil {
		return refuse(causeOf(ctx))
	}
	t, err := p.targets.find(function)
	if err != nil {
		return refuse(err)
	}
	c := calls.Get().(*call)
	c.target, c.brief = t, ctx.Done() != nil
	if c.kwargs, err = c.encoder.encode(kwargs, p.cfg.JSONOnly); err != nil {
		c.free()
		return refuse(err)
	}
	for _, o := range opts {
		o(c)
	}
	if r := c.request(0); r.Size() > p.cfg.MaxMessage {
		err := fmt.Errorf("%w: request=%d MaxMessage=%d", ErrTooLarge, r.Size(), p.cfg.MaxMessage)
		c.free()
		return refuse(err)
	}
	if p.queue.length.Load() == 0 {
		if l := p.dispatch(c); l != nil {
			return c, l, nil
		}
	}
	if err := p.queue.push(c, p.cfg.MaxQueue); err != nil {
		c.free()
		return refuse(err)
	}
	p.keepPumping()
	return c, nil, nil
}

// dispatch gives a call to the least loaded lane that takes it, and returns the
// lane, or nil.
func (p *Pool) dispatch(c *call) *lane {
	lanes := *p.lanes.Load()
	var best *lane
	least := int32(maxEntries)
	for _, l := range lanes {
		if load := l.load.Load(); load < least {
			best, least = l, load
		}
	}
	if best == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if best.trySend(c) {
		return best
	}
	for _, l := range lanes {
		if l != best && l.trySend(c) {
			return l
		}
	}
	return nil
}

// pump gives waiting calls to lanes that take them.
func (p *Pool) pump() {
	p.queue.drain(func(c *call) bool {
		l := p.dispatch(c)
		if l == nil {
			return false
		}
		l.attend()
		return true
	})
}

// keepPumping sees to it that calls which wait are given to lanes: by whoever
// receives answers, and where none are due, at once. look does the rest.
func (p *Pool) keepPumping() {
	if p.queue.length.Load() == 0 {
		return
	}
	select {
	case p.waiting <- struct{}{}:
	default:
	}
	for _, l := range *p.lanes.Load() {
		if l.load.Load() == 0 {
			p.pump()
			return
		}
	}
}

// look pumps at intervals while calls wait: workers take requests without telling,
// so an answer is not the only sign that a lane has room again. While answers come,
// whoever receives them pumps, and look merely looks.
func (p *Pool) look() {
	for {
		select {
		case <-p.stop:
			return
		case <-p.waiting:
		}
		pause := minPumpPause
		for answered := p.answered(); p.queue.length.Load() > 0; {
			select {
			case <-p.stop:
				return
			case <-time.After(pause):
			}
			before := answered
			if answered = p.answered(); answered != before {
				pause = maxPumpPause
				continue
			}
			waiting := p.queue.length.Load()
			p.pump()
			if p.queue.length.Load() < waiting {
				pause = minPumpPause
			} else {
				pause = min(2*pause, maxPumpPause)
			}
		}
	}
}

// answered returns how many answers have come from the workers that get calls.
func (p *Pool) answered() (n int64) {
	for _, l := range *p.lanes.Load() {
		n += l.answers.Load()
	}
	return n
}

const (
	minPumpPause = 200 * time.Microsecond
	maxPumpPause = 5 * time.Millisecond
)

// finish waits for a call, stores its result, and frees it if it can.
func (p *Pool) finish(ctx context.Context, c *call, l *lane, out any) error {
	free := c.wait(ctx, p, l)
	r := &c.result
	err := r.err
	if err == nil && !r.success {
		err, r.outcome = decodeFailure(r), OutcomeFailed
	}
	if err == nil {
		if err = decode(r.body, r.owned, p.cfg.JSONOnly, out); err != nil {
			r.outcome = OutcomeCompleted
		}
	}
	p.counters.count(err)
	if err != nil {
		if r.outcome == OutcomeNotStarted && c.hasRun {
			r.outcome = OutcomeStarted
		}
		e := &CallError{Function: c.target.function, Worker: -1, Attempt: c.attempt, Outcome: r.outcome, Err: err}
		if c.lane != nil {
			e.ID, e.Worker, e.Generation = c.id, c.lane.worker, c.lane.generation
		}
		err = e
	}
	if free {
		c.free()
	}
	return err
}

// settle ends the calls that a dead worker has started, and queues the others
// again.
//
//spec:req LIFE-053
func (p *Pool) settle(w *worker, verdicts []verdict) {
	for _, v := range slices.Backward(verdicts) {
		c := v.call
		c.mu.Lock()
		if c.phase != phaseSent || c.lane != w.lane {
			c.mu.Unlock()
			continue // its caller has been let go
		}
		again := !v.started || c.idempotent && c.attempt < maxAttempts
		if again && !c.canceling {
			c.phase = phaseQueued
			c.hasRun = c.hasRun || v.started
			c.nudgeLocked()
			c.mu.Unlock()
			p.counters.retried.Add(1)
			if err := p.queue.pushFront(c); err != nil {
				c.fail(err, OutcomeNotStarted)
			}
			continue
		}
		c.result.err, c.result.outcome = w.exit, OutcomeNotStarted
		if v.started {
			c.result.outcome = OutcomeStarted
			if c.idempotent && c.attempt >= maxAttempts {
				c.result.err = &bothError{ErrPoison, w.exit}
			}
		}
		c.finishLocked()
		c.mu.Unlock()
	}
	p.pump()
	p.keepPumping()
}

// addLane lets a ready worker get calls.
func (p *Pool) addLane(w *worker) {
	p.mu.Lock()
	p.workers = append(p.workers, w)
	p.publishLanes()
	if !p.closing() {
		p.queue.open()
	}
	p.mu.Unlock()
	p.pump()
}

// removeLane keeps new calls away from a worker.
func (p *Pool) removeLane(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.workers = slices.DeleteFunc(p.workers, func(o *worker) bool { return o == w })
	p.publishLanes()
}

func (p *Pool) publishLanes() {
	slices.SortFunc(p.workers, func(a, b *worker) int { return a.lane.worker - b.lane.worker })
	lanes := make([]*lane, len(p.workers))
	for i, w := range p.workers {
		lanes[i] = w.lane
	}
	p.lanes.Store(&lanes)
}

// breakIfEmpty refuses calls while no worker is there and none can be started.
func (p *Pool) breakIfEmpty(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.workers) == 0 && !p.closing() {
		p.queue.close(&bothError{ErrCrashLoop, err})
	}
}

// closing reports whether Close has been called.
func (p *Pool) closing() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

// Close ends the pool: waiting calls fail with ErrClosed, calls in flight have
// DrainTimeout to finish, then the workers are ended. It returns when nothing of
// the pool is left: no process, goroutine, descriptor or memory. Closing again
// waits likewise and does nothing else.
func (p *Pool) Close() error {
	var err error
	p.closeOnce.Do(func() {
		p.mu.Lock()
		close(p.stop)
		p.queue.close(ErrClosed)
		p.mu.Unlock()
		p.group.Wait()
		err = p.source.Close()
	})
	return err
}
