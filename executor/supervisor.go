package executor

import (
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

// place is a worker's place in the pool. Its supervisor keeps a worker there:
// it starts one, replaces it when it dies or has served long enough, and ends it
// with the pool.
type place struct {
	pool     *Pool
	id       int
	failures int  // starts and early deaths in a row
	started  bool // a worker was there before
}

// The restart policy.
const (
	restartDelay    = 20 * time.Millisecond // after the second failure in a row; doubles
	restartMaxDelay = 10 * time.Second
	crashLoopAfter  = 5               // failures in a row that open the breaker
	earlyDeath      = 5 * time.Second // a death before that, without one answer, is a failure
	shutdownGrace   = 2 * time.Second // from SHUTDOWN to the end of an idle worker
	usageInterval   = time.Second     // between looks at memory, if MaxRSS is set
)

// delay returns how long to wait after so many failures: nothing after the first,
// then doubling, between a half and the whole, so that places do not march in step.
func delay(failures int) time.Duration {
	if failures <= 1 {
		return 0
	}
	d := min(restartDelay<<min(failures-2, 20), restartMaxDelay)
	return d/2 + rand.N(d/2)
}

// supervise keeps the place occupied until the pool closes. first gets the
// outcome of the first start, after which the place gives up if it failed.
func (s *place) supervise(first chan<- error) {
	p := s.pool
	for {
		w, err := s.launch()
		if err == nil {
			p.addLane(w)
		}
		if first != nil {
			first <- err
			if err != nil {
				return
			}
			first = nil
		}
		if err != nil {
			s.fail(err)
		}
		for w != nil {
			w = s.watch(w)
		}
		select {
		case <-p.stop:
			return
		case <-time.After(delay(s.failures)):
		}
	}
}

// launch starts a worker and waits until it is ready.
func (s *place) launch() (*worker, error) {
	p := s.pool
	w, err := p.startWorker(s.id)
	if err != nil {
		return nil, &StartupError{Worker: s.id, Err: err}
	}
	timeout := time.NewTimer(p.cfg.StartTimeout)
	defer timeout.Stop()
	select {
	case <-w.ready:
		w.become(WorkerReady)
		if s.started {
			p.counters.restarts.Add(1)
		}
		s.started = true
		w.logger.Info("worker ready", "pid", w.process.Pid, "after", time.Since(w.started).Round(time.Millisecond))
		return w, nil
	case <-w.exited:
	case <-p.stop:
		w.kill(ErrClosed)
	case <-timeout.C:
		w.kill(fmt.Errorf("not ready within StartTimeout: %w: StartTimeout=%s", os.ErrDeadlineExceeded, p.cfg.StartTimeout))
	}
	<-w.exited
	return nil, &StartupError{Worker: s.id, Err: w.exit, Stderr: w.exit.Stderr}
}

// watch follows a worker that gets calls until it dies, is replaced or the pool
// closes. It returns the successor if there is one already.
func (s *place) watch(w *worker) *worker {
	p := s.pool
	check := time.NewTimer(s.nextCheck(w))
	defer check.Stop()
	for {
		select {
		case <-w.exited:
			p.removeLane(w)
			switch {
			case p.closing():
			case w.answers.Load() > 0 || time.Since(w.started) > earlyDeath:
				s.failures = 0
				w.logger.Warn("worker died", "exit", w.exit, "stderr", lastLines(w.exit.Stderr, 20))
			default:
				s.fail(w.exit)
			}
			return nil
		case <-p.stop:
			p.removeLane(w)
			s.retire(w)
			return nil
		case <-w.worn:
		case <-check.C:
		}
		reason := s.reasonToReplace(w)
		if reason == "" {
			check.Reset(s.nextCheck(w))
			continue
		}
		w.logger.Info("replacing worker", "reason", reason)
		next, err := s.launch()
		if err != nil {
			if !p.closing() {
				s.fail(err)
				check.Reset(max(delay(s.failures), restartDelay))
			}
			continue
		}
		p.addLane(next)
		p.removeLane(w)
		p.group.Go(func() { s.retire(w) })
		return next
	}
}

// never is longer than any program runs.
const never = time.Duration(1<<63 - 1)

// nextCheck returns when to look again whether the worker should be replaced.
// Without limits that time brings about, it is never.
func (s *place) nextCheck(w *worker) time.Duration {
	cfg, next := &s.pool.cfg, never
	if cfg.MaxAge > 0 {
		next = min(next, s.maxAge(w)-time.Since(w.started))
	}
	if cfg.IdleTTL > 0 {
		next = min(next, max(cfg.IdleTTL-w.idle(), cfg.IdleTTL/8))
	}
	if cfg.MaxRSS > 0 {
		next = min(next, usageInterval)
	}
	return max(next, time.Millisecond)
}

// maxAge spreads the ends of workers that started together over a tenth of the
// age, each always to the same instant.
func (s *place) maxAge(w *worker) time.Duration {
	age := s.pool.cfg.MaxAge
	return age - time.Duration(w.generation*7919%101)*age/1000
}

// reasonToReplace returns why a worker has served long enough, or "".
func (s *place) reasonToReplace(w *worker) string {
	cfg := &s.pool.cfg
	switch {
	case cfg.MaxCalls > 0 && w.sent.Load() >= int64(cfg.MaxCalls):
		return "MaxCalls"
	case cfg.MaxAge > 0 && time.Since(w.started) >= s.maxAge(w):
		return "MaxAge"
	case cfg.IdleTTL > 0 && w.sent.Load() > 0 && w.idle() >= cfg.IdleTTL:
		return "IdleTTL"
	case cfg.MaxRSS > 0:
		if u, err := sys.ProcessUsage(w.process.Pid); err == nil && u.RSS > cfg.MaxRSS {
			return "MaxRSS"
		}
	}
	return ""
}

// retire ends a worker that gets no more calls: it finishes those it has, within
// DrainTimeout, and is then asked to end.
func (s *place) retire(w *worker) {
	w.stopSending()
	w.become(WorkerDraining)
	if !s.until(w, s.pool.cfg.DrainTimeout, func() bool { return w.load.Load() == 0 }) {
		w.kill(fmt.Errorf("calls still in flight after DrainTimeout: %w: DrainTimeout=%s", os.ErrDeadlineExceeded, s.pool.cfg.DrainTimeout))
		<-w.exited
		return
	}
	grace := min(shutdownGrace, s.pool.cfg.DrainTimeout)
	if s.until(w, grace, w.sendShutdown) {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-w.exited:
			return
		case <-timer.C:
		}
	}
	w.kill(fmt.Errorf("did not end after SHUTDOWN: %w", os.ErrDeadlineExceeded))
	<-w.exited
}

// until polls a condition of a worker that is on its way out. It returns true
// early if the worker dies.
func (s *place) until(w *worker, timeout time.Duration, done func() bool) bool {
	deadline := time.Now().Add(timeout)
	for pause := 100 * time.Microsecond; !done(); pause = min(2*pause, 10*time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
		select {
		case <-w.exited:
			return true
		case <-time.After(pause):
		}
	}
	return true
}

// fail counts a failure and opens the breaker if no place has a worker left.
func (s *place) fail(err error) {
	p := s.pool
	if p.closing() {
		return
	}
	s.failures++
	p.cfg.Logger.Error("worker failed", "worker", s.id, "failures", s.failures, "error", err)
	if s.failures >= crashLoopAfter {
		p.breakIfEmpty(err)
	}
}
