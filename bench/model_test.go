package bench

import (
	"math"
	"testing"
	"time"
)

func TestPredict(t *testing.T) {
	const µs = time.Microsecond
	model := Model{CPUs: 4, Worker: 2 * µs, Awaiting: 8 * µs, Master: 3 * µs}
	for _, c := range []struct {
		handling Handling
		rate     float64
		by       Limit
	}{
		{Handling{Workers: 1, InFlight: 64}, 500_000, ByWorkers},
		{Handling{Workers: 2, InFlight: 64}, 2. / 3 * 1e6, ByMaster},
		{Handling{Workers: 3, InFlight: 64}, 1. / 3 * 1e6, ByMaster},
		{Handling{Workers: 4, InFlight: 64}, 800_000, ByCPUs},
		{Handling{Workers: 1, InFlight: 1}, 200_000, ByCallers},
		{Handling{Workers: 2, InFlight: 64, Computes: 98 * µs}, 20_000, ByWorkers},
		{Handling{Workers: 8, InFlight: 64, Computes: 95 * µs}, 40_000, ByCPUs},
		{Handling{Workers: 8, InFlight: 64, Computes: 95 * µs, Spin: 25 * µs}, 32_000, ByCPUs},
		{Handling{Workers: 4, InFlight: 64, Computes: 11 * µs, Spin: 25 * µs}, 4. / 26 * 1e6, ByCPUs},
		{Handling{Workers: 4, InFlight: 64, Spin: 25 * µs}, 800_000, ByCPUs},
		{Handling{Workers: 1, InFlight: 64, Waits: 989 * µs}, 64_000, ByCallers},
		{Handling{Workers: 1, InFlight: 1000, Waits: 989 * µs}, 125_000, ByWorkers},
	} {
		rate, by := model.Predict(c.handling)
		if math.Abs(rate/c.rate-1) > 1e-9 || by != c.by {
			t.Errorf("%+v: %g by %s, want %g by %s", c.handling, rate, by, c.rate, c.by)
		}
	}
}

func TestScalingPlan(t *testing.T) {
	plan := scalingWorks(2)
	count := map[int]int{}
	for _, h := range plan {
		count[h.Workers]++
		if h.InFlight < h.Workers || h.Computes > 0 && h.Waits > 0 {
			t.Errorf("%+v", h)
		}
	}
	if len(count) != 3 || count[1] != 5 || count[2] != 5 || count[4] != 5 {
		t.Errorf("works for each number of workers: %v", count)
	}
	if n := len(scalingWorks(1)); n != 10 { // 1 and 2
		t.Errorf("on one CPU: %d", n)
	}
	if n := len(scalingWorks(64)); n > 5*8 {
		t.Errorf("on many CPUs: %d", n)
	}
}
