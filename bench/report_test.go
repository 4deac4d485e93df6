package bench

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestRowsHoldMediansAndRatios(t *testing.T) {
	round := func(calls int, cpu time.Duration, latencies ...time.Duration) figures {
		s := sampleOf(calls, latencies...)
		s.CPU = cpu
		return newFigures(s)
	}
	peers := team{{peer: &fakePeer{name: "A"}}, {peer: &fakePeer{name: "B"}}, {peer: &fakePeer{name: "C"}}}
	row := newRow(Work{InFlight: 1}, peers, []run{
		{rounds: []figures{round(10, 100, 3, 1, 2), round(30, 600, 30, 10, 20), round(20, 600, 6, 4, 5)}},
		{rounds: []figures{round(5, 100, 50, 50, 60)}},
		{},
	})
	if len(row.Results) != 2 {
		t.Fatalf("%+v", row.Results)
	}
	a, b := row.Results[0], row.Results[1]
	if a.CallsPerSecond != 20 || a.P50 != 5 || a.P99 != 6 || a.P999 != 30 || a.CPU != 20 {
		t.Errorf("A: %+v", a)
	}
	if (a.Ratio != Ratio{1, 1, 1, 1}) {
		t.Errorf("A over itself: %+v", a.Ratio)
	}
	if (b.Ratio != Ratio{CallsPerSecond: 4, P50: 10, P99: 10, CPU: 1}) {
		t.Errorf("A over B: %+v", b.Ratio)
	}

	row = newRow(Work{}, peers, []run{{failure: errors.New("broken")}, {rounds: []figures{round(5, 1, 1)}}, {}})
	if !slices.Equal(row.Failed, []Missing{{"A", "broken"}}) {
		t.Errorf("failed: %+v", row.Failed)
	}
	if (row.Results[0].Ratio != Ratio{}) {
		t.Errorf("ratio without the first peer: %+v", row.Results[0].Ratio)
	}
}

func TestPercentile(t *testing.T) {
	thousand := make([]int, 1000)
	for i := range thousand {
		thousand[i] = i + 1
	}
	for _, c := range []struct {
		sorted  []int
		p, want int
	}{
		{[]int{7}, 500, 7},
		{[]int{7}, 999, 7},
		{[]int{1, 2}, 500, 1},
		{[]int{1, 2, 3}, 500, 2},
		{thousand, 500, 500},
		{thousand, 990, 990},
		{thousand, 999, 999},
		{thousand[:999], 999, 999},
		{thousand[:100], 990, 99},
	} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("percentile(%d values, %d) = %d, want %d", len(c.sorted), c.p, got, c.want)
		}
	}
	if median([]float64{3, 1, 2}, func(v float64) float64 { return -v }) != -2 {
		t.Error("median")
	}
}

func TestAPeerThatFallsBehindIsNoticed(t *testing.T) {
	if k := kept(90, 100); k != 0.9 {
		t.Errorf("kept=%g", k)
	}
	if k := kept(100, 90); k != 1 {
		t.Errorf("ended before the span: kept=%g", k)
	}
	for kept, fell := range map[float64]bool{0: false, 0.5: true, 0.89: true, 0.9: false, 1: false} {
		if (Result{Kept: kept}).Fell() != fell {
			t.Errorf("kept=%g", kept)
		}
	}
}
