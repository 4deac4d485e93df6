package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
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
		sample = openLoop(ctx, cancel, call, schedule(r.Rate, r.span()))
	} else {
		sample = closedLoop(ctx, cancel, call, r.InFlight, r.span())
	}
	return sample, context.Cause(ctx)
}

func closedLoop(ctx context.Context, cancel context.CancelCauseFunc, call Call, inFlight int, span time.Duration) Sample {
	latencies := make([][]time.Duration, inFlight)
	var callers sync.WaitGroup
	began := time.Now()
	end := began.Add(span)
	for i := range inFlight {
		callers.Go(func() {
			own := make([]time.Duration, 0, 1024)
			for at, n := began, 0; at.Before(end) && ctx.Err() == nil; n++ {
				if err := call(ctx, n); err != nil {
					cancel(fmt.Errorf("call %d: %w", n, err))
					break
				}
				now := time.Now()
				own = append(own, now.Sub(at))
				at = now
			}
			latencies[i] = own
		})
	}
	callers.Wait()
	sample := Sample{Elapsed: time.Since(began), Latencies: slices.Concat(latencies...)}
	sample.Calls = len(sample.Latencies)
	return sample
}

// outstanding bounds the calls of an open loop that are under way. One that has to
// wait for its turn is late, and counted as such.
const outstanding = 4096

func openLoop(ctx context.Context, cancel context.CancelCauseFunc, call Call, due []time.Duration) Sample {
	latencies := make([]time.Duration, len(due))
	slots := make(chan struct{}, outstanding)
	var callers sync.WaitGroup
	began := time.Now()
	for n, at := range due {
		sleepUntil(began.Add(at))
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		callers.Go(func() {
			if err := call(ctx, n); err != nil {
				cancel(fmt.Errorf("call %d: %w", n, err))
			}
			latencies[n] = time.Since(began) - at
			<-slots
		})
	}
	callers.Wait()
	return Sample{Calls: len(due), Elapsed: time.Since(began), Latencies: latencies}
}

// schedule returns when calls are due: independent of one another, as those of
// many users are, so the gaps are exponentially distributed. The same rate has the
// same schedule, so that all peers meet the same bursts.
func schedule(rate float64, span time.Duration) []time.Duration {
	gaps := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // reproducible on purpose
	var due []time.Duration
	for at := 0.0; ; {
		at += gaps.ExpFloat64() / rate
		if at >= span.Seconds() && len(due) > 0 {
			return due
		}
		due = append(due, time.Duration(at*float64(time.Second)))
	}
}

// sleepUntil sleeps for as long as sleep is precise enough, and yields for the rest.
func sleepUntil(at time.Time) {
	const imprecision = 200 * time.Microsecond
	if left := time.Until(at); left > imprecision {
		time.Sleep(left - imprecision)
	}
	for time.Now().Before(at) {
		runtime.Gosched()
	}
}
