package doctor

import (
	"context"
	"slices"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// The function that is called: in every Python, pure, and done in no time.
const (
	probe       = "posixpath:basename"
	probeResult = "b"
)

var probeArguments = map[string]string{"p": "a/b"}

const (
	liveCalls  = 2000
	liveBudget = time.Second
	slowCall   = 30 * time.Microsecond
)

// liveCall starts one worker and calls it, one call after the other.
func liveCall(ctx context.Context, python string) Finding {
	const name = "live call"
	began := time.Now()
	pool, err := executor.New(ctx, executor.Config{Workers: 1, Python: python, Allow: []string{probe}})
	if err != nil {
		return fail(name, "the error says why the worker did not start", "%v", err)
	}
	defer pool.Close()
	started := time.Since(began)

	var times []time.Duration
	for began = time.Now(); len(times) < liveCalls && time.Since(began) < liveBudget; {
		at := time.Now()
		result, err := executor.CallAs[string](ctx, pool, probe, probeArguments)
		times = append(times, time.Since(at))
		if err != nil {
			return fail(name, "the error says why the call failed", "%v", err)
		}
		if result != probeResult {
			return fail(name, "report it as a bug", "%s returned %q", probe, result)
		}
	}
	slices.Sort(times)
	median := times[len(times)/2].Round(100 * time.Nanosecond)
	if median > slowCall {
		return warn(name, "normal on one CPU or on a busy machine; otherwise give the process a CPU more",
			"median %s of %d calls: both sides sleep between calls", median, len(times))
	}
	return ok(name, "median %s of %d calls; the worker started in %s", median, len(times), started.Round(time.Millisecond))
}
