package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// openLoop makes calls when they are due, whether or not earlier ones have ended.
//
// Nobody hands calls out. Of all callers without a call one leads: it sleeps until
// the next call is due, lets another one lead, and makes that call itself. So the
// thread that wakes up is the one that calls, and where several calls are due at
// once each costs no more than the switch to another goroutine.
type openLoop struct {
	call      Call
	due       []time.Duration // since began
	latencies []time.Duration
	began     time.Time
	callers   sync.WaitGroup

	// The leader's alone.
	next int           // the call that it waits for
	woke time.Duration // since began: when a leader last slept

	mu      sync.Mutex
	count   int             // of callers
	led     bool            // there is a leader
	ended   bool            // it has found nothing to do any more
	waiting []chan struct{} // callers that could lead; the last one called most recently
}

// mostCallers bounds the calls that are under way. One that has to wait for a caller
// is late, and counted as such. It is more than any peer needs that keeps the rate;
// with thousands, every stall would be followed by the making of as many stacks, and
// the peer that has fallen behind would be measured by that.
const mostCallers = 128

func newOpenLoop(call Call, due []time.Duration) *openLoop {
	return &openLoop{call: call, due: due, latencies: make([]time.Duration, len(due)), count: 1, led: true}
}

func (l *openLoop) run(ctx context.Context, cancel context.CancelCauseFunc) Sample {
	l.began = time.Now()
	l.callers.Go(func() { l.caller(ctx, cancel) })
	l.callers.Wait()
	return Sample{Calls: len(l.due), Elapsed: time.Since(l.began), Latencies: l.latencies}
}

// caller begins as the leader.
func (l *openLoop) caller(ctx context.Context, cancel context.CancelCauseFunc) {
	turn := make(chan struct{}, 1)
	for leads := true; leads; leads = l.lead(turn) {
		n := l.next
		if n == len(l.due) || ctx.Err() != nil {
			l.end()
			return
		}
		l.next++
		l.rest(l.due[n])
		l.passOn(ctx, cancel)
		if err := l.call(ctx, n); err != nil {
			cancel(fmt.Errorf("call %d: %w", n, err))
		}
		l.latencies[n] = time.Since(l.began) - l.due[n]
	}
}

// breath is between two wake-ups of leaders at least. A wake-up takes several
// microseconds of a CPU that callers and workers need too; at high rates several
// calls share one instead.
const breath = 20 * time.Microsecond

// rest sleeps until a call is due, for everybody equally late.
func (l *openLoop) rest(due time.Duration) {
	if time.Since(l.began) >= due {
		return
	}
	sleepUntil(l.began.Add(max(due, l.woke+breath)))
	l.woke = time.Since(l.began)
}

// passOn lets another caller lead: whoever called most recently, because what it
// needs is in the caches; a new one; or, with too many under way, whoever is the
// first to end its call.
func (l *openLoop) passOn(ctx context.Context, cancel context.CancelCauseFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch last := len(l.waiting) - 1; {
	case last >= 0:
		l.waiting[last] <- struct{}{}
		l.waiting = l.waiting[:last]
	case l.count < mostCallers:
		l.count++
		l.callers.Go(func() { l.caller(ctx, cancel) })
	default:
		l.led = false
	}
}

// lead waits until the caller may lead; it never will if that is false.
func (l *openLoop) lead(turn chan struct{}) bool {
	l.mu.Lock()
	if l.ended || !l.led {
		l.led = true
		defer l.mu.Unlock()
		return !l.ended
	}
	l.waiting = append(l.waiting, turn)
	l.mu.Unlock()
	_, leads := <-turn
	return leads
}

func (l *openLoop) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for _, turn := range l.waiting {
		close(turn)
	}
}

// schedule returns when calls are due: independent of one another, as those of
// many users are, so the gaps are exponentially distributed. The same rate has the
// same schedule, so that all peers meet the same bursts.
func schedule(rate float64, span time.Duration) []time.Duration {
	gaps := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // reproducible on purpose
	var due []time.Duration
	for at := 0.0; ; {
		at += gaps.ExpFloat64() / rate
		if at >= span.Seconds() {
			break
		}
		due = append(due, time.Duration(at*float64(time.Second)))
	}
	if due == nil {
		return []time.Duration{0} // a round has a call
	}
	return due
}
