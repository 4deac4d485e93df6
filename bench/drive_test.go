package bench

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

func TestClosedLoopKeepsSoManyCallsInFlight(t *testing.T) {
	var now, most atomic.Int64
	all := make(chan struct{}) // closed when all callers are inside
	call := func(context.Context, int) error {
		if n := now.Add(1); n == 8 && most.CompareAndSwap(0, 8) {
			close(all)
		} else if n > 8 {
			most.Store(n)
		}
		<-all
		now.Add(-1)
		return nil
	}
	sample, err := Drive(t.Context(), call, Round{Work: Work{InFlight: 8}, Seconds: 0.001})
	if err != nil || most.Load() != 8 {
		t.Fatalf("most=%d err=%v", most.Load(), err)
	}
	if n := len(sample.Latencies); sample.Calls < 8 || n < 8 || n > sample.Calls || sample.Elapsed <= 0 {
		t.Errorf("calls=%d latencies=%d elapsed=%v", sample.Calls, n, sample.Elapsed)
	}
}

// The first calls, which are made all at once, are counted, but are not in the
// latencies, unless there are no others.
func TestClosedLoopSettles(t *testing.T) {
	for _, last := range []int{0, 2} {
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough calls")
		call := func(_ context.Context, n int) error {
			if n == last {
				cancel(enough)
			}
			return nil
		}
		sample := closedLoop(ctx, cancel, call, 1, time.Hour)
		if sample.Calls != last+1 || len(sample.Latencies) != max(last, 1) {
			t.Errorf("calls=%d of %d, latencies=%d", sample.Calls, last+1, len(sample.Latencies))
		}
	}
}

// A peer that stands still is found out: calls that were due meanwhile count from
// when they were due.
func TestOpenLoopCountsFromWhenCallsAreDue(t *testing.T) {
	const pause = 50 * time.Millisecond
	var serial = make(chan struct{}, 1)
	call := func(_ context.Context, n int) error {
		serial <- struct{}{}
		if n == 0 {
			<-time.After(pause)
		}
		<-serial
		return nil
	}
	sample, err := Drive(t.Context(), call, Round{Rate: 1000, Seconds: 0.03})
	if err != nil || sample.Calls != len(schedule(1000, 30*time.Millisecond)) {
		t.Fatalf("calls=%d err=%v", sample.Calls, err)
	}
	for n, due := range schedule(1000, 30*time.Millisecond) {
		if due+sample.Latencies[n] > sample.Elapsed {
			t.Errorf("call %d, due at %v, took %v of %v", n, due, sample.Latencies[n], sample.Elapsed)
		}
	}
	slices.Sort(sample.Latencies)
	// All were due within 30 ms and none can have ended before 50.
	if p50 := percentile(sample.Latencies, 500); p50 < pause-30*time.Millisecond {
		t.Errorf("p50=%v", p50)
	}
}

func TestSchedule(t *testing.T) {
	due := schedule(10_000, time.Second)
	if len(due) < 9_000 || len(due) > 11_000 || !slices.IsSorted(due) || due[len(due)-1] >= time.Second {
		t.Errorf("%d calls, the last at %v", len(due), due[len(due)-1])
	}
	if !slices.Equal(due, schedule(10_000, time.Second)) {
		t.Error("not the same again")
	}
	if !slices.Equal(schedule(0.001, time.Millisecond), []time.Duration{0}) {
		t.Error("a round without calls, or one that outlasts its span")
	}
}

// However many calls are due, each is made once, and no more at the same time than
// there are callers.
func TestOpenLoopMakesEveryCallOnce(t *testing.T) {
	due := make([]time.Duration, 100*mostCallers) // all at once
	made := make([]atomic.Int32, len(due))
	var begun atomic.Int64
	full := make(chan struct{}) // closed when no more can be under way
	var loop *openLoop
	loop = newOpenLoop(func(_ context.Context, n int) error {
		made[n].Add(1)
		if begun.Add(1) == mostCallers {
			loop.mu.Lock()
			if loop.led || loop.count != mostCallers {
				t.Errorf("another call can begin: led=%v callers=%d", loop.led, loop.count)
			}
			loop.mu.Unlock()
			close(full)
		}
		<-full
		return nil
	}, due)
	sample := loop.run(t.Context(), func(error) {})
	for n := range made {
		if made[n].Load() != 1 {
			t.Fatalf("call %d was made %d times", n, made[n].Load())
		}
	}
	if sample.Calls != len(due) || len(sample.Latencies) != len(due) || slices.Min(sample.Latencies) <= 0 {
		t.Errorf("calls=%d latencies=%d", sample.Calls, len(sample.Latencies))
	}
}

// Callers are used again instead of new ones.
func TestOpenLoopHasFewCallers(t *testing.T) {
	loop := newOpenLoop(func(context.Context, int) error { return nil }, make([]time.Duration, 20_000))
	loop.run(t.Context(), func(error) {})
	if loop.count < 2 || loop.count > mostCallers/2 {
		t.Errorf("callers=%d", loop.count)
	}
}

func TestTheFirstFailureEndsALoop(t *testing.T) {
	broken := errors.New("broken")
	for _, r := range []Round{{Work: Work{InFlight: 4}, Seconds: 60}, {Rate: 100_000, Seconds: 1}} {
		calls := atomic.Int64{}
		_, err := Drive(t.Context(), func(context.Context, int) error {
			calls.Add(1)
			return broken
		}, r)
		if !errors.Is(err, broken) || calls.Load() > 2*mostCallers {
			t.Errorf("rate=%g: err=%v calls=%d", r.Rate, err, calls.Load())
		}
	}
}

func TestCallsCheckResults(t *testing.T) {
	right := func(_ context.Context, handler string, arguments []byte) ([]byte, error) {
		switch handler + string(arguments) {
		case `add{"a":5,"b":2}`:
			return []byte(`{"sum":7}`), nil
		case `echo_base64{"b":"////"}`:
			return []byte(`"////"`), nil
		case `echo_async{"s":"xxx"}`:
			return []byte(`"xxx"`), nil
		}
		return nil, errors.New("unexpected: " + handler + string(arguments))
	}
	wrong := func(context.Context, string, []byte) ([]byte, error) { return []byte("null"), nil }
	for _, w := range []Work{{Function: Add}, {Function: Echo, Payload: 3, Async: true}, {Function: EchoBytes, Payload: 3}} {
		if err := JSONCalls(w, right)(t.Context(), 5); err != nil {
			t.Error(err)
		}
		if JSONCalls(w, wrong)(t.Context(), 5) == nil {
			t.Errorf("%s: a wrong result was accepted", w.Handler())
		}
	}
}
