package executor

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

// receiver is the way out of a lane. Whoever holds it may read the response
// ring: a caller that waits for its own answer, which saves the switch to
// another goroutine when calls come one by one, or the lane's reader, which is
// better when there are many. It is handed over without system calls.
type receiver struct {
	consumer *ring.Consumer
	spin     time.Duration

	held    atomic.Bool   // somebody reads the ring
	handed  atomic.Bool   // ... and that is the reader, who does not know it yet
	corrupt atomic.Bool   // ... and nobody ever will again
	wake    chan struct{} // tells the reader to look
	quit    chan struct{} // tells the reader to return
	stopped chan struct{} // it has

	answers atomic.Int64 // received
	since   atomic.Int64 // when the lane last became busy or got an answer, ns
	service atomic.Int64 // moving average of the time per answer, ns

	// Only for whoever holds the receiver.
	budget time.Duration // how long it pays to spin now, at most spin
	asleep int64         // when the receiver went to sleep with calls in flight, 0: it did not
}

// start is the clock's origin; only differences count.
var start = time.Now()

func nanotime() int64 { return int64(time.Since(start)) }

// initialService keeps calls from being given in advance to a lane of which
// nothing is known yet.
const initialService = int64(time.Millisecond)

// aheadTime is for how long a worker may have calls in advance.
const aheadTime = int64(500 * time.Microsecond)

// maxAhead is how many calls, at most, are given in advance.
const maxAhead = 64

func (r *receiver) init(region *ring.Region, spin time.Duration) {
	r.consumer = region.ResponseConsumer()
	r.spin, r.budget = spin, spin
	r.wake = make(chan struct{}, 1)
	r.quit = make(chan struct{})
	r.stopped = make(chan struct{})
	r.service.Store(initialService)
}

// busy notes that the lane has something to do from now on.
func (r *receiver) busy() { r.since.Store(nanotime()) }

// answered notes that n answers have come.
func (r *receiver) answered(n int) {
	r.answers.Add(int64(n))
	now := nanotime()
	each := (now - r.since.Swap(now)) / int64(n)
	old := r.service.Load()
	r.service.Store(old + (each-old)/8)
}

// idle returns for how long the lane has had nothing to do.
func (l *lane) idle() time.Duration {
	if l.load.Load() > 0 {
		return 0
	}
	return time.Duration(nanotime() - l.since.Load())
}

// ahead returns how many slots of requests may wait in the ring.
func (r *receiver) ahead() uint64 {
	return uint64(min(aheadTime/max(r.service.Load(), 1), maxAhead))
}

// listen turns the worker's doorbell into work for the reader, until the
// doorbell is closed.
func (l *lane) listen() {
	for l.wakeMaster.Wait() == nil {
		l.poke()
	}
	close(l.quit)
}

func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// read is the lane's reader.
func (l *lane) read() {
	defer close(l.stopped)
	for {
		select {
		case <-l.quit:
			return
		case <-l.wake:
		}
		l.checkReady()
		if l.handed.Swap(false) || l.held.CompareAndSwap(false, true) {
			l.receive(nil)
		}
	}
}

// checkReady notices the end of the handshake, which no message announces.
func (l *lane) checkReady() {
	select {
	case <-l.ready:
	default:
		if l.block.State() == ring.StateReady {
			close(l.ready)
		}
	}
}

// help lets a caller receive for everybody while it waits for its own call, if
// nobody else does, for as long as it is worth it.
func (l *lane) help(c *call) {
	if l.held.CompareAndSwap(false, true) {
		l.receive(c)
	}
}

// receive reads the ring until nothing has come for a while, or until the call
// own has ended. The receiver is held by the caller, and is free or handed over
// afterwards.
func (l *lane) receive(own *call) {
	l.awake()
	for {
		n, err := l.drain()
		if err != nil {
			// The lane is lost, and so is the receiver: it stays held for good.
			l.corrupt.Store(true)
			l.kill(&protocolError{err})
			return
		}
		if n > 0 {
			l.pool.pump()
		}
		busy := l.load.Load() > 0
		if own != nil && len(own.done) > 0 {
			if busy {
				l.handed.Store(true)
				l.poke()
				return
			}
		} else if busy && l.look() {
			continue
		}
		if l.sleep(busy) {
			return
		}
	}
}

// A receiver that sleeps with calls in flight is woken after this time even
// without a doorbell, so that a worker without proper fences costs latency and
// nothing else (BELL-010). An idle one sleeps.
const longestSleep = time.Second

// wakeUp is what it may take to wake a sleeping receiver. A sleep that was not
// longer than that and the spin together was a mistake.
const wakeUp = 150 * time.Microsecond

// sleep arms the doorbell and lets the receiver go, or returns false if there is
// something to read. Whoever came to help in that instant found the receiver held,
// but the doorbell is armed for its answer.
func (l *lane) sleep(busy bool) bool {
	if busy {
		l.asleep = nanotime()
		l.wakeMaster.Bound(longestSleep)
	}
	if l.consumer.PrepareSleep() {
		l.held.Store(false)
		return true
	}
	l.awake()
	return false
}

// awake ends a sleep and learns from it.
func (l *lane) awake() {
	l.consumer.Awake()
	if l.asleep != 0 {
		if nanotime()-l.asleep < int64(l.spin+wakeUp) {
			l.budget = l.spin
		}
		l.asleep = 0
	}
}

// look spins until there is something to read, and reports whether there is. Each
// time in vain halves the budget, down to nothing; success restores it.
func (l *lane) look() bool {
	if l.budget == 0 {
		return l.consumer.Ready()
	}
	began := time.Now()
	for i := 0; ; i++ {
		if l.consumer.Ready() {
			l.budget = l.spin
			return true
		}
		// Without yielding, a spinning goroutine starves the one that would send
		// the next request. But each yield may wake another thread to look for work,
		// which then takes a processor from the worker.
		if i%64 == 63 {
			runtime.Gosched()
		}
		if i%64 == 63 && time.Since(began) > l.budget {
			if l.budget /= 2; l.budget < time.Microsecond {
				l.budget = 0
			}
			return false
		}
	}
}

// drain takes every response that is there.
//
//spec:req LIFE-022 LIFE-023
func (l *lane) drain() (n int, err error) {
	for {
		message, owned, err := l.consumer.Next()
		if err != nil || message == nil {
			if n > 0 {
				l.answered(n)
			}
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
}

// drainLast takes what a dead worker has left, and keeps the receiver for good.
// Whoever holds it lets go soon.
//
//spec:req LIFE-051
func (l *lane) drainLast() {
	for !l.held.CompareAndSwap(false, true) && !l.handed.Swap(false) {
		if l.corrupt.Load() {
			return
		}
		runtime.Gosched()
	}
	_, _ = l.drain() // a last message that is malformed changes nothing any more
}
