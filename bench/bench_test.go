package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakePeer answers every round with the next of its samples, and logs.
type fakePeer struct {
	name    string
	log     *[]string
	samples []Sample
	err     error
}

func (p *fakePeer) Name() string { return p.name }

func (p *fakePeer) Start(_ context.Context, workers int) (Session, error) {
	*p.log = append(*p.log, fmt.Sprintf("%s:start%d", p.name, workers))
	return p, nil
}

func (p *fakePeer) Measure(context.Context, Work, Span) (Sample, error) {
	*p.log = append(*p.log, p.name)
	if p.err != nil {
		return Sample{}, p.err
	}
	s := p.samples[0]
	p.samples = append(p.samples[1:], s)
	return s, nil
}

func (p *fakePeer) Close() error {
	*p.log = append(*p.log, p.name+":close")
	return nil
}

func discard(int, int) {}

func TestRoundsAlternate(t *testing.T) {
	var log []string
	one := []Sample{{Calls: 1, Elapsed: time.Second}}
	peers := []Peer{&fakePeer{name: "A", log: &log, samples: one}, &fakePeer{name: "B", log: &log, samples: one}}
	works := []Work{{Workers: 1, InFlight: 2}, {Workers: 2, InFlight: 2}}
	last := 0
	rows, err := Run(t.Context(), Plan{Works: works, Rounds: 3}, peers, func(done, total int) {
		if done != last+1 || total != 6 {
			t.Errorf("progress: done=%d after %d, total=%d", done, last, total)
		}
		last = done
	})
	if err != nil || len(rows) != 2 {
		t.Fatalf("rows=%d err=%v", len(rows), err)
	}
	want := "A:start1 B:start1 A B B A A B A:close B:close A:start2 B:start2 A B B A A B A:close B:close"
	if got := strings.Join(log, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAFailureEndsTheRunAndClosesThePeers(t *testing.T) {
	var log []string
	broken := errors.New("broken")
	peers := []Peer{&fakePeer{name: "A", log: &log, err: broken}}
	_, err := Run(t.Context(), Plan{Works: []Work{{Workers: 1}}, Rounds: 1}, peers, discard)
	if !errors.Is(err, broken) || !slices.Contains(log, "A:close") {
		t.Errorf("err=%v log=%v", err, log)
	}
	peers = []Peer{&fakePeer{name: "A", log: &log, samples: []Sample{{}}}}
	if _, err = Run(t.Context(), Plan{Works: []Work{{Workers: 1}}, Rounds: 1}, peers, discard); err == nil {
		t.Error("a round without calls was accepted")
	}
}

func TestRowsHoldMediansAndRatios(t *testing.T) {
	sample := func(calls int, latencies ...time.Duration) Sample {
		return Sample{Calls: calls, Elapsed: time.Second, Latencies: latencies}
	}
	peers := []Peer{&fakePeer{name: "A"}, &fakePeer{name: "B"}}
	row := newRow(Work{InFlight: 1}, peers, [][]Sample{
		{sample(10, 3, 1, 2), sample(30, 30, 10, 20), sample(20, 6, 4, 5)},
		{sample(5, 50, 50, 50)},
	})
	a, b := row.Results[0], row.Results[1]
	if a.CallsPerSecond != 20 || a.P50 != 5 || a.P99 != 6 || a.Ratio != 1 {
		t.Errorf("A: %+v", a)
	}
	if b.P50 != 50 || b.Ratio != 10 {
		t.Errorf("B: %+v", b)
	}
	row = newRow(Work{InFlight: 64}, peers, [][]Sample{{sample(20)}, {sample(5)}})
	if row.Results[0].Ratio != 1 || row.Results[1].Ratio != 4 {
		t.Errorf("throughput: %+v", row.Results)
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for _, c := range []struct {
		sorted  []int
		p, want int
	}{
		{[]int{7}, 50, 7},
		{[]int{7}, 99, 7},
		{[]int{1, 2}, 50, 1},
		{[]int{1, 2, 3}, 50, 2},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred[:99], 99, 99},
	} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("percentile(%d values, %d) = %d, want %d", len(c.sorted), c.p, got, c.want)
		}
	}
	if median([]float64{}) != 0 || median([]int64{3, 1, 2}) != 2 {
		t.Error("median")
	}
}

// Both peers, for real: every kind of work for an instant.
func TestRealPeers(t *testing.T) {
	var works []Work
	for _, inFlight := range []int{1, 8} {
		works = append(works,
			Work{Workers: 1, Function: Add, InFlight: inFlight},
			Work{Workers: 1, Function: Echo, Payload: 10_000, InFlight: inFlight})
	}
	plan := Plan{Works: works, Rounds: 2, Span: Span{WarmUp: time.Millisecond, Measure: 20 * time.Millisecond}}
	rows, err := Run(t.Context(), plan, []Peer{Executor("python3"), ProcessPool("python3")}, discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, r := range row.Results {
			if r.CallsPerSecond <= 0 || r.Ratio <= 0 || (row.InFlight == 1) != (r.P50 > 0 && r.P99 >= r.P50) {
				t.Errorf("%+v: %+v", row.Work, r)
			}
		}
	}
}
