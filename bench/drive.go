package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Call makes call number n of a caller and checks its result.
type Call func(ctx context.Context, n int) error

// Drive makes calls as the round says. The first error ends it. The sample lacks
// the CPU time.
func Drive(ctx context.Context, call Call, r Round) (Sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var sample Sample
	if r.Rate > 0 {
		sample = newOpenLoop(call, schedule(r.Rate, r.span())).run(ctx, cancel)
	} else {
		sample = closedLoop(ctx, cancel, call, r.InFlight, r.span())
	}
	return sample, context.Cause(ctx)
}

// latencyRoom is for how many calls there is room from the beginning, over all callers.
const latencyRoom = 1 << 16

func closedLoop(ctx context.Context, cancel context.CancelCauseFunc, call Call, inFlight int, span time.Duration) Sample {
	calls, latencies := make([]int, inFlight), make([][]time.Duration, inFlight)
	room := max(latencyRoom/inFlight, 1)
	var ready, callers sync.WaitGroup
	ready.Add(inFlight)
	begin := make(chan struct{})
	var began time.Time
	for i := range inFlight {
		callers.Go(func() {
			own := make([]time.Duration, 0, room)
			growStack()
			ready.Done()
			<-begin
			var at time.Duration // since began
			for n := 0; at < span && ctx.Err() == nil; n++ {
				if err := call(ctx, n); err != nil {
					cancel(fmt.Errorf("call %d: %w", n, err))
					break
				}
				now := time.Since(began)
				own = append(own, now-at)
				at = now
			}
			calls[i] = len(own)
			latencies[i] = settled(own)
		})
	}
	ready.Wait()
	began = time.Now()
	close(begin)
	callers.Wait()
	sample := Sample{Elapsed: time.Since(began), Latencies: slices.Concat(latencies...)}
	for _, n := range calls {
		sample.Calls += n
	}
	return sample
}

// growStack makes room for a call on the goroutine's stack. The first calls of a
// thousand callers would have to do it otherwise, one after the other.
//
//go:noinline
func growStack() {
	var room [16 << 10]byte
	runtime.KeepAlive(&room)
}

// settled leaves out a caller's first call, unless it is the only one: all callers
// made theirs at the same moment, and with a thousand of them that would be what the
// 99th percentile is about.
func settled(latencies []time.Duration) []time.Duration {
	if len(latencies) > 1 {
		return latencies[1:]
	}
	return latencies
}
