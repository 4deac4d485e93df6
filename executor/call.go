package executor

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/ringwire/ringwire/wire"
)

// phase is where a call is. Only queued and sent alternate, when a worker dies
// that had not taken the call.
type phase uint8

const (
	phaseQueued phase = iota // nobody has it, or the pool's queue does
	phaseSent                // it is in a lane's table
	phaseDone                // it has ended; done has its token
)

// call is one call from Call to its end. Lock order: Pool.queue, call, lane.
type call struct {
	target     *target
	encoder    encoder // owns kwargs, unless they are the caller's
	kwargs     arguments
	idempotent bool

	done chan bool // gets true when the call ends, and before that false at most once, see nudge

	mu        sync.Mutex
	brief     bool // its waiter may look at nothing but done, until it is nudged
	phase     phase
	canceling bool   // the caller has given up; do not run it again
	lane      *lane  // that has or had it
	id        uint32 // in that lane
	last      uint64 // position of the last slot of its request
	attempt   int
	hasRun    bool // may have, in an earlier attempt
	result    result

	prev, next *call // in the pool's queue
	queued     bool
}

// result is how a call ended: err, or a response.
type result struct {
	err     error
	outcome Outcome

	status  wire.Status
	success bool
	body    []byte
	owned   bool   // body is the call's to give away
	message string // error message of a failed response
}

var calls = sync.Pool{New: func() any {
	c := &call{done: make(chan bool, 2)}
	c.encoder.init()
	return c
}}

// free gives the call and its memory back. Only its waiter may do so, after the
// token, when no lane or queue can know the call any more. It takes the lock,
// because whoever ended the call may not have let go of it yet.
func (c *call) free() {
	c.mu.Lock()
	c.encoder.reset()
	body := c.result.body
	if c.result.owned || cap(body) > maxPooledBuffer {
		body = nil
	}
	c.target, c.kwargs, c.idempotent = nil, arguments{}, false
	c.phase, c.canceling, c.lane, c.id, c.last, c.attempt = phaseQueued, false, nil, 0, 0, 0
	c.hasRun, c.brief = false, false
	c.result = result{body: body[:0]}
	c.mu.Unlock()
	calls.Put(c)
}

// request returns the call as a frame.
func (c *call) request(id uint32) wire.Request {
	return wire.Request{
		Type: wire.TypeRequest, ID: id, Module: c.target.module, Function: c.target.name,
		Kwargs: c.kwargs.head, More: c.kwargs.more(),
	}
}

// finishLocked ends the call, unless it has ended. The caller holds c.mu.
func (c *call) finishLocked() {
	c.phase = phaseDone
	c.done <- true
}

// nudge tells the waiter to look at its context too from now on, if the call is
// still in lane l under this id.
func (c *call) nudge(l *lane, id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == phaseSent && c.lane == l && c.id == id {
		c.nudgeLocked()
	}
}

func (c *call) nudgeLocked() {
	if c.brief {
		c.brief = false
		c.done <- false
	}
}

// ended waits for the call's end and for nothing else.
func (c *call) ended() {
	for !<-c.done {
	}
}

// fail ends the call with an error, unless it has ended.
func (c *call) fail(err error, outcome Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != phaseDone {
		c.result.err, c.result.outcome = err, outcome
		c.finishLocked()
	}
}

// answer ends the call with a response, if lane l has it under this id. It
// reports whether it did; otherwise the response is late.
//
//spec:req LIFE-022
func (c *call) answer(l *lane, id uint32, r *wire.Response, owned bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != phaseSent || c.lane != l || c.id != id {
		return false
	}
	res := &c.result
	res.status, res.success, res.owned = r.Status, r.Success, owned
	if owned {
		res.body = r.Body
	} else {
		res.body = append(res.body[:0], r.Body...)
	}
	if !r.Success {
		res.message = string(r.ErrorMessage)
	}
	c.finishLocked()
	return true
}

// wait returns when the call, which was given to lane l or to the queue, has ended
// or its context is done, and in the latter case sees to it that it ends. free tells
// whether the call may be used again.
//
// To wait for two channels takes a tenth of the time of a small call in this process,
// so in a lane whose calls are short only the end is waited for. Whoever receives
// there nudges those that have waited for long.
func (c *call) wait(ctx context.Context, p *Pool, l *lane) (free bool) {
	stop := ctx.Done()
	if stop == nil {
		c.ended()
		return true
	}
	if l != nil && l.quick.Load() && ctx.Err() == nil && <-c.done {
		return true
	}
	for {
		select {
		case ended := <-c.done:
			if ended {
				return true
			}
		case <-stop:
			return c.giveUp(ctx, p)
		}
	}
}

// giveUp ends a call whose context is done: a queued one at once; a sent one by
// CANCEL; one that does not stop within the grace by killing its worker.
//
// The verdict "not started" after the grace rests on this: CANCEL was published
// long ago, and the worker looks at urgent_count after it has released the
// request (LIFE-030). Had it looked before it could see CANCEL, its release would
// be as old and be visible by now. So a request that still is not taken will be
// answered without running.
func (c *call) giveUp(ctx context.Context, p *Pool) (free bool) {
	select {
	case ended := <-c.done:
		if ended {
			return true // a result that is there wins over a context that is done
		}
	default:
	}
	cause := causeOf(ctx)
	var l *lane
	var id uint32
	for l == nil {
		if p.queue.withdraw(c, cause) {
			c.ended()
			return true
		}
		c.mu.Lock()
		if c.phase != phaseQueued {
			c.canceling = true
			l, id = c.lane, c.id
		}
		c.mu.Unlock()
		runtime.Gosched() // at most once: on its way from a dead lane to the queue
	}

	grace := time.NewTimer(p.cfg.CancelGrace)
	defer grace.Stop()
	retry := time.NewTimer(0) // the ring may be full
	defer retry.Stop()
	var canceledAt time.Time
wait:
	for {
		select {
		case ended := <-c.done:
			if ended {
				c.concede(cause)
				return true
			}
		case <-grace.C:
			break wait
		case <-retry.C:
			if l.sendCancel(c, id) {
				canceledAt = time.Now()
			} else {
				retry.Reset(time.Millisecond)
			}
		}
	}
	if canceledAt.IsZero() {
		canceledAt = time.Now()
	}
	time.Sleep(time.Until(canceledAt.Add(settle)))

	c.mu.Lock()
	if c.phase != phaseDone {
		if outcome, gone := l.abandon(c, id); gone {
			// The lane keeps the id until the answer comes, so the call can't be
			// used again.
			c.result.err, c.result.outcome = cause, outcome
			c.finishLocked()
			c.mu.Unlock()
			c.ended()
			return false
		}
		l.kill(&cancelError{c.target.function, p.cfg.CancelGrace})
	}
	c.mu.Unlock()
	c.ended()
	c.concede(cause)
	return true
}

// settle is far longer than a processor can keep a store to itself.
const settle = time.Millisecond

// cancelError is why a worker was killed.
type cancelError struct {
	function string
	grace    time.Duration
}

func (e *cancelError) Error() string {
	return "killed, because " + e.function + " did not stop within " + e.grace.String() + " of its cancellation"
}

// concede turns the end of a call whose context is done into the context's
// error, with an outcome that says what the call did.
func (c *call) concede(cause error) {
	r := &c.result
	switch {
	case r.err != nil:
		var killed *cancelError
		switch {
		case r.outcome == OutcomeStarted && errors.As(r.err, &killed):
			r.outcome = OutcomeKilled
		case r.outcome == OutcomeStarted:
			// The worker was lost meanwhile, for another reason: say both.
			r.err = &bothError{cause, r.err}
			return
		}
	case r.status == wire.StatusCanceled:
		r.outcome = OutcomeStopped
		if e := decodeFailure(r); e.Started != nil && !*e.Started {
			r.outcome = OutcomeNotStarted
		}
	case r.success:
		r.outcome = OutcomeCompleted
	default:
		r.outcome = OutcomeFailed
	}
	r.err = cause
}

// bothError wraps two errors, and reads as the first because of the second.
type bothError struct{ first, second error }

func (e *bothError) Error() string   { return e.first.Error() + ": " + e.second.Error() }
func (e *bothError) Unwrap() []error { return []error{e.first, e.second} }

// causeOf returns ErrExpired or ErrCanceled, with the cause that was given to
// the context, if any.
func causeOf(ctx context.Context) error {
	err, base := ctx.Err(), ErrCanceled
	if errors.Is(err, context.DeadlineExceeded) {
		base = ErrExpired
	}
	if cause := context.Cause(ctx); cause != nil && cause != err {
		return &bothError{base, cause}
	}
	return base
}
