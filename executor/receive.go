package executor

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

// receiver is the way out of a lane. Whoever holds it reads the response ring, for
// everybody, and sleeps on the doorbell: a caller that waits for its own answer,
// which saves the switch to another goroutine, or the lane's reader, when that
// caller has its answer and others still wait. While a lane has calls in its table
// somebody holds it, or is about to; while it has none nobody does, and the doorbell
// is not armed.
type receiver struct {
	consumer *ring.Consumer
	spin     time.Duration
	crowded  bool // there are no more CPUs than workers
	oneCPU   bool // there is one, for the worker and us
	relayed  bool // what comes is put into the ring by a goroutine of this process

	held    atomic.Bool   // somebody reads the ring
	handed  atomic.Bool   // ... and that is the reader, who does not know it yet
	corrupt atomic.Bool   // ... and nobody ever will again
	ended   atomic.Bool   // the process has: whoever holds it lets go
	wake    chan struct{} // tells the reader to look
	quit    chan struct{} // tells the reader to return
	stopped chan struct{} // it has

	quick   atomic.Bool  // calls may wait without looking at their contexts, see nudge
	answers atomic.Int64 // received
	active  atomic.Int64 // when the lane last became idle, ns
	service atomic.Int64 // moving average of the time per answer, ns

	// Only for whoever holds the receiver.
	drained int64         // when answers last came while others were due, ns; 0: unknown
	budget  time.Duration // how long it pays to spin now, at most spin

	nudged  int64 // when the lane was last looked through for calls to nudge, ns
	overdue []overdue

	released int   // callers that were let go since it last yielded
	yielded  int64 // when that was, ns

	giveCPU      func() // to the worker, on the only CPU
	passed, pass int    // times it has not done that, and is not to, see giveWay

	hasWork func() bool // whether a sleep makes no sense
}

// start is the clock's origin; only differences count.
var start = time.Now()

func nanotime() int64 { return int64(time.Since(start)) }

// initialService keeps calls from being given in advance to a lane of which
// nothing is known yet.
const initialService = int64(time.Millisecond)

// For how long a worker may have calls in advance: where others may be free sooner,
// and where there are none, so that only MaxQueue has a say.
const (
	aheadTime      = 500 * time.Microsecond
	aheadTimeAlone = 2 * time.Millisecond
)

// maxAhead is how many calls, at most, are given in advance where there are others.
const maxAhead = 64

func (r *receiver) init(region *ring.Region, spin time.Duration) {
	r.consumer = region.ResponseConsumer()
	r.spin, r.budget = spin, spin
	r.wake = make(chan struct{}, 1)
	r.quit = make(chan struct{})
	r.stopped = make(chan struct{})
	r.service.Store(initialService)
	r.active.Store(nanotime())
	r.held.Store(true)
	r.giveCPU = sys.GiveCPU
	r.hasWork = func() bool { return r.consumer.Ready() || r.ended.Load() }
}

// learn notes that n answers have come, and how long the worker takes for one. The
// clock costs as much as the rest, so a lone call is not timed.
func (l *lane) learn(n int, own *call) {
	l.answers.Add(int64(n))
	if !l.relayed && !l.quick.Load() { // a local doorbell knows no limit of a wait
		l.quick.Store(true)
	}
	if l.load.Load() == 0 {
		l.drained = 0
		if l.pool.cfg.IdleTTL > 0 {
			l.active.Store(nanotime())
		}
		return
	}
	now := nanotime()
	if l.drained != 0 {
		old := l.service.Load()
		l.service.Store(old + ((now-l.drained)/int64(n)-old)/8)
	}
	l.drained = now
	if now-l.nudged > int64(patience)/2 {
		l.nudged = now
		l.nudge(false, own)
	}
}

// idle returns for how long the lane has had nothing to do, if IdleTTL is set.
func (l *lane) idle() time.Duration {
	if l.load.Load() > 0 {
		return 0
	}
	return time.Duration(nanotime() - l.active.Load())
}

// ahead returns how many calls the worker is likely to finish in so much time.
func (r *receiver) ahead(span time.Duration) uint64 {
	return uint64(int64(span) / max(r.service.Load(), 1))
}

// read is the lane's reader. It holds the receiver from the start until the worker
// is ready.
func (l *lane) read() {
	defer close(l.stopped)
	if !l.awaitReady() {
		return
	}
	for {
		select {
		case <-l.quit:
			return
		case <-l.wake:
		}
		if l.handed.Swap(false) {
			l.receive(context.Background(), nil)
		}
	}
}

// awaitReady waits for the end of the handshake, which no message announces. It
// returns false if the process ends first.
func (l *lane) awaitReady() bool {
	ready := func() bool { return l.block.State() == ring.StateReady || l.ended.Load() }
	for !ready() {
		if l.wakeMaster.Wait(ready, 0) != nil {
			break
		}
	}
	l.letGo()
	if l.ended.Load() {
		return false
	}
	close(l.ready)
	return true
}

// attend sees to it that somebody receives.
func (l *lane) attend() {
	if l.load.Load() > 0 && l.held.CompareAndSwap(false, true) {
		l.handOver()
	}
}

// handOver gives the receiver to the lane's reader.
func (l *lane) handOver() {
	l.handed.Store(true)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// letGo gives the receiver up. Whoever came to help before that found it held and
// went to wait, so the caller looks once more, see attend.
func (l *lane) letGo() { l.held.Store(false) }

// help lets a caller receive for everybody while it waits for its own call, if
// nobody else does.
func (l *lane) help(ctx context.Context, c *call) {
	if l.held.CompareAndSwap(false, true) {
		l.receive(ctx, c)
	}
}

// receive reads the ring until no call is in the lane, or until the call own, if
// there is one, has ended or its ctx is done. The receiver is held by the caller,
// and is free or handed over afterwards.
func (l *lane) receive(ctx context.Context, own *call) {
	for {
		n, err := l.drain()
		l.released += n
		if own != nil && len(own.done) > 0 {
			l.released--
		}
		if err != nil {
			// The lane is lost, and so is the receiver: it stays held for good.
			l.corrupt.Store(true)
			l.kill(&protocolError{err})
			return
		}
		if n > 0 {
			l.learn(n, own)
			l.pool.pump()
		}
		if l.ended.Load() {
			l.letGo()
			return
		}
		load := l.load.Load()
		if load == 0 {
			l.letGo()
			// Whoever has sent since then found it held.
			if l.load.Load() == 0 || !l.held.CompareAndSwap(false, true) {
				return
			}
			if own == nil || len(own.done) == 0 {
				continue
			}
		}
		if own != nil && len(own.done) > 0 {
			l.handOver()
			return
		}
		if l.released >= gang {
			l.released = 0
			runtime.Gosched()
			continue
		}
		if l.look(own != nil && load == 1, load) {
			continue
		}
		if !l.sleep(ctx, own) {
			l.handOver()
			return
		}
	}
}

// A receiver that sleeps is woken after about this time even without a doorbell, so
// that a worker without proper fences costs latency and nothing else (BELL-010).
const longestSleep = time.Second

// wakeUp is what it may take to wake a sleeping receiver. A sleep that was not
// longer than that and the spin together was a mistake.
const wakeUp = 150 * time.Microsecond

// sleep waits for the doorbell, and learns from how long that took. It returns false
// if ctx is done, which is the caller's own.
func (l *lane) sleep(ctx context.Context, own *call) bool {
	ready := l.hasWork
	if own != nil && ctx.Done() != nil {
		stop := context.AfterFunc(ctx, l.wakeMaster.Ring)
		defer stop()
		ready = func() bool { return l.hasWork() || ctx.Err() != nil }
	}
	limit := longestSleep
	if l.quick.Load() {
		if own != nil && l.load.Load() == 1 {
			l.quick.Store(false)
		}
		// Whoever came before that may wait for the call's end alone.
		if own == nil || l.load.Load() > 1 {
			limit = patience
		}
	}
	asleep := nanotime()
	if l.consumer.PrepareSleep() {
		// An error means that the pool closes it, which ended says too.
		_ = l.wakeMaster.Wait(ready, limit)
	}
	l.consumer.Awake()
	if nanotime()-asleep < int64(l.spin+wakeUp) {
		l.budget = l.spin
	}
	if limit == patience && !l.consumer.Ready() {
		l.quick.Store(false)
		l.nudge(true, own)
	}
	return own == nil || ctx.Err() == nil
}

// patience is for how long a call may wait without looking at its context.
const patience = time.Millisecond

// nudge tells calls that have been in the lane for long to look at their contexts:
// those that were there already when it was last looked through, or all of them. Who
// receives needs no telling.
func (l *lane) nudge(all bool, own *call) {
	find := func(ids []uint32) {
		for _, id := range ids {
			e := &l.table[index(id)]
			if e.call != nil && e.call != own { // it may be another call by now
				l.overdue = append(l.overdue, overdue{e.call, id})
			}
		}
	}
	l.mu.Lock()
	find(l.old)
	l.old, l.young = l.young, l.old[:0]
	if all {
		find(l.old)
		l.old = l.old[:0]
	}
	l.mu.Unlock()
	// A call's lock comes before that of a lane.
	for _, o := range l.overdue {
		o.call.nudge(l, o.id)
	}
	clear(l.overdue)
	l.overdue = l.overdue[:0]
}

type overdue struct {
	call *call
	id   uint32
}

// looks is how many times a spin looks before it asks the clock, which takes as long.
const looks = 256

// yieldTime is how long, over all its calls, a lone caller may keep its processor from
// other goroutines.
const yieldTime = time.Millisecond

// Where each CPU has a worker, a spin with several callers is short, and with many
// there is none: the worker that is waited for may itself wait for the spinner's CPU,
// up to 4 ms, and so may the spinner once it has used up its share.
const (
	crowdedSpin = 2 * time.Microsecond
	crowd       = 8 // calls in the lane
)

// look spins until there is something to read, and reports whether there is. Each
// time in vain halves the budget, down to nothing; success restores it.
//
// Without yielding, a spinning goroutine starves the one that would send the next
// request. But each yield may wake another thread to look for work, which then takes
// a processor from the worker. So whoever has let others go yields at once, and one
// that is alone with the lane yields rarely.
func (l *lane) look(alone bool, load int32) bool {
	alone = alone && l.released == 0
	budget := l.budget
	switch {
	case l.relayed && alone:
		budget = 0 // a spin would only keep that goroutine from running
	case l.crowded && !alone && load >= crowd:
		budget = 0
	case l.crowded && !alone:
		budget = min(budget, crowdedSpin)
	}
	if budget == 0 {
		giveWay := l.oneCPU && !l.relayed
		if l.released > 0 || giveWay {
			l.released = 0
			runtime.Gosched()
		}
		return l.consumer.Ready() || giveWay && l.giveWay()
	}
	var began int64
	for {
		for range looks {
			if l.consumer.Ready() {
				l.budget = l.spin
				return true
			}
		}
		now := nanotime()
		if began == 0 {
			began = now
		}
		if now-began > int64(budget) {
			if budget == l.budget {
				l.budget /= 2
			}
			if l.budget < time.Microsecond {
				l.budget = 0
			}
			return false
		}
		if !alone || now-l.yielded > int64(yieldTime) {
			l.released, l.yielded = 0, now
			runtime.Gosched()
		}
	}
}

// mostPasses is for how many waits nobody gives way after that was in vain often.
const mostPasses = 63

// giveWay gives the worker the CPU, and reports whether there is something to read
// when it is back. A worker that has answered and has nothing else to do gives it
// back, so neither side goes to sleep. One whose functions take long keeps it for a
// time slice, in which nothing else of this process runs; so after each time in vain
// it is tried less often.
func (l *lane) giveWay() bool {
	if l.passed < l.pass {
		l.passed++
		return false
	}
	l.giveCPU()
	if l.consumer.Ready() {
		l.pass = 0
		return true
	}
	l.passed, l.pass = 0, min(2*l.pass+1, mostPasses)
	return false
}

// gang is how many callers are let go before they get the processor. Another thread
// takes half of those that wait for it, and where there is no processor for that
// thread, they wait for milliseconds.
const gang = 16

// drain takes the responses that are there, gang at most.
//
//spec:req LIFE-022 LIFE-023
func (l *lane) drain() (n int, err error) {
	for n < gang {
		message, owned, err := l.consumer.Next()
		if err != nil || message == nil {
			return n, err
		}
		r, err := wire.ParseResponse(message, l.region.MaxMessage)
		if err != nil {
			return n, err
		}
		c, err := l.leave(r.ID)
		if err != nil {
			return n, err
		}
		n++
		if c == nil || !c.answer(l, r.ID, &r, owned) {
			l.pool.counters.late.Add(1)
		}
	}
	return n, nil
}

// drainLast takes what a dead worker has left, and keeps the receiver for good.
// Whoever holds it is told to let go.
//
//spec:req LIFE-051
func (l *lane) drainLast() {
	l.ended.Store(true)
	l.wakeMaster.Ring()
	for !l.held.CompareAndSwap(false, true) && !l.handed.Swap(false) {
		if l.corrupt.Load() {
			return
		}
		runtime.Gosched()
	}
	for {
		n, err := l.drain()
		l.answers.Add(int64(n))
		if n == 0 || err != nil {
			return // a last message that is malformed changes nothing any more
		}
	}
}
