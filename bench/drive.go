package bench

import (
	"context"
	"fmt"
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
