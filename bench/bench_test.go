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

// fakePeer answers every measurement that counts with the next of its samples, and
// logs.
type fakePeer struct {
	name    string
	log     *[]string
	samples []Sample
	err     error
	only    func(Work) bool
	rates   []float64
}

func (p *fakePeer) Name() string { return p.name }

func (p *fakePeer) Does(w Work) bool { return p.only == nil || p.only(w) }

func (p *fakePeer) Start(_ context.Context, workers int) (Session, error) {
	*p.log = append(*p.log, fmt.Sprintf("%s:start%d", p.name, workers))
	return p, nil
}

func (p *fakePeer) Measure(_ context.Context, r Round) (Sample, error) {
	if r.Seconds < span.Measure.Seconds() {
		return Sample{}, nil
	}
	*p.log = append(*p.log, p.name)
	if p.err != nil {
		return Sample{}, p.err
	}
	s := p.samples[0]
	p.samples = append(p.samples[1:], s)
	p.rates = append(p.rates, r.Rate)
	return s, nil
}

func (p *fakePeer) Processes() []int { return nil }

func (p *fakePeer) Close() error {
	*p.log = append(*p.log, p.name+":close")
	return nil
}

var span = Span{WarmUp: time.Millisecond, Measure: 20 * time.Millisecond}

func sampleOf(calls int, latencies ...time.Duration) Sample {
	return Sample{Calls: calls, Elapsed: time.Second, Latencies: latencies}
}

func discard(int, int) {}

func TestRoundsAlternate(t *testing.T) {
	var log []string
	one := []Sample{sampleOf(1, 1)}
	peers := []Peer{&fakePeer{name: "A", log: &log, samples: one}, &fakePeer{name: "B", log: &log, samples: one}}
	works := []Work{{Workers: 1, InFlight: 2}, {Workers: 2, InFlight: 2}}
	last := 0
	rows, err := Run(t.Context(), Plan{works, 3, span}, peers, func(done, total int) {
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

func TestAPeerGetsOnlyWorkThatItDoes(t *testing.T) {
	var log []string
	one := []Sample{sampleOf(1, 1)}
	floor := &fakePeer{name: "F", log: &log, samples: one, only: isLone}
	peers := []Peer{&fakePeer{name: "A", log: &log, samples: one}, floor}
	works := []Work{{Workers: 1, Function: Add, InFlight: 1}, {Workers: 1, Function: Add, InFlight: 2}, {Workers: 2, Function: Add, InFlight: 1}}
	rows, err := Run(t.Context(), Plan{works, 1, span}, peers, discard)
	if err != nil {
		t.Fatal(err)
	}
	if n := []int{len(rows[0].Results), len(rows[1].Results), len(rows[2].Results)}; !slices.Equal(n, []int{2, 1, 1}) {
		t.Errorf("results: %v", n)
	}
	if slices.Contains(log, "F:start2") {
		t.Error("started for nothing")
	}
}

// flakyPeer fails in so many measurements, with a warm-up each, and then no more.
type flakyPeer struct {
	fakePeer
	failures int
}

func (p *flakyPeer) Start(ctx context.Context, workers int) (Session, error) {
	_, err := p.fakePeer.Start(ctx, workers)
	return p, err
}

func (p *flakyPeer) Measure(ctx context.Context, r Round) (Sample, error) {
	if p.failures > 0 {
		p.failures--
		return Sample{}, errors.New("broken")
	}
	return p.fakePeer.Measure(ctx, r)
}

func TestAPeerThatFailsIsStartedOnceMore(t *testing.T) {
	one := []Sample{sampleOf(1, 1)}
	plan := Plan{[]Work{{Workers: 1, InFlight: 2}, {Workers: 1, InFlight: 3}}, 1, span}
	for _, c := range []struct {
		failures int
		log      string
		failed   [2]int // peers in each row
	}{
		{1, "B:start1 B:close B:start1 B B B:close", [2]int{}},
		{2, "B:start1 B:close B:start1 B:close B:start1 B B:close", [2]int{1, 0}},
		{4, "B:start1 B:close B:start1 B:close B:start1 B:close B:start1 B:close", [2]int{1, 1}},
	} {
		var quiet, log []string
		peers := []Peer{
			&fakePeer{name: "A", log: &quiet, samples: one},
			&flakyPeer{fakePeer{name: "B", log: &log, samples: one}, c.failures},
		}
		rows, err := Run(t.Context(), plan, peers, discard)
		if err != nil || strings.Join(log, " ") != c.log {
			t.Errorf("%d failures: %v %v", c.failures, log, err)
			continue
		}
		for i, row := range rows {
			if len(row.Failed) != c.failed[i] || len(row.Results) != 2-c.failed[i] {
				t.Errorf("%d failures, row %d: %+v", c.failures, i, row)
			}
			if len(row.Failed) > 0 && row.Failed[0] != (Missing{"B", "warm-up: broken"}) {
				t.Errorf("%d failures, row %d: %+v", c.failures, i, row.Failed)
			}
		}
	}
}

func TestAPeerThatKeepsFailingIsGivenUp(t *testing.T) {
	var log []string
	works := make([]Work, hopeless+2)
	for i := range works {
		works[i] = Work{Workers: 1, InFlight: i + 1}
	}
	peers := []Peer{&flakyPeer{fakePeer{name: "A", log: &log}, 1000}}
	rows, err := Run(t.Context(), Plan{works, 5, span}, peers, discard)
	if err != nil || len(rows) != len(works) || len(rows[len(rows)-1].Failed) != 1 {
		t.Errorf("%+v %v", rows, err)
	}
	if starts := strings.Count(strings.Join(log, " "), "start"); starts != hopeless*tries {
		t.Errorf("started %d times", starts)
	}
}

// stranger cannot be started.
type stranger struct{ fakePeer }

func (*stranger) Start(context.Context, int) (Session, error) {
	return nil, errors.New("no such program")
}

func TestAPeerThatDoesNotStartIsNamed(t *testing.T) {
	rows, err := Run(t.Context(), Plan{[]Work{{Workers: 1, InFlight: 1}}, 2, span}, []Peer{&stranger{fakePeer{name: "S"}}}, discard)
	if err != nil || len(rows) != 1 || len(rows[0].Failed) != 1 || rows[0].Failed[0] != (Missing{"S", "start: no such program"}) {
		t.Errorf("%+v %v", rows, err)
	}
}

func TestARoundWithoutCallsIsAFailure(t *testing.T) {
	var log []string
	peers := []Peer{&fakePeer{name: "A", log: &log, samples: []Sample{{}}}}
	rows, err := Run(t.Context(), Plan{[]Work{{Workers: 1}}, 1, span}, peers, discard)
	if err != nil || len(rows[0].Failed) != 1 {
		t.Errorf("%+v %v", rows, err)
	}
}

func TestTheCallerCanEndARun(t *testing.T) {
	var log []string
	ctx, cancel := context.WithCancel(t.Context())
	peers := []Peer{&fakePeer{name: "A", log: &log, samples: []Sample{sampleOf(1, 1)}}}
	_, err := Run(ctx, Plan{[]Work{{Workers: 1, InFlight: 1}}, 3, span}, peers, func(int, int) { cancel() })
	if !errors.Is(err, context.Canceled) || strings.Join(log, " ") != "A:start1 A A A:close" && strings.Join(log, " ") != "A:start1 A A:close" {
		t.Errorf("err=%v log=%v", err, log)
	}
}

func TestASlowPeerHasFewerRounds(t *testing.T) {
	plan := Plan{Rounds: 5, Span: Span{WarmUp: 10, Measure: 20}}
	round := func(n int, spent time.Duration) run { return run{rounds: make([]figures, n), spent: spent} }
	for _, c := range []struct {
		run  run
		over bool
	}{
		{round(enough, 300), false},
		{round(enough, 301), true},
		{round(enough-1, 1000), false},
		{run{failure: errors.New("broken")}, true},
	} {
		if c.run.over(plan) != c.over {
			t.Errorf("%+v", c.run)
		}
	}
}

func TestOpenLoopsRunAtAFractionOfEachPeersCapacity(t *testing.T) {
	var log []string
	a := &fakePeer{name: "A", log: &log, samples: []Sample{sampleOf(10, 1), sampleOf(40, 1), sampleOf(20, 1), sampleOf(45, 1)}}
	b := &fakePeer{name: "B", log: &log, samples: []Sample{sampleOf(100, 1)}}
	works := []Work{
		{Workers: 1, Function: Add, InFlight: 1}, {Workers: 1, Function: Add, InFlight: 8},
		{Workers: 1, Function: Add, Load: 0.5},
	}
	if _, err := Run(t.Context(), Plan{works, 1, span}, []Peer{a, b}, discard); err != nil {
		t.Fatal(err)
	}
	if a.rates[2] != 20 || b.rates[2] != 50 || a.rates[0] != 0 {
		t.Errorf("A: %v, B: %v", a.rates, b.rates)
	}
	rows, err := Run(t.Context(), Plan{[]Work{works[1], {Workers: 1, Function: Add, PerSecond: 50}}, 1, span}, []Peer{a, b}, discard)
	if err != nil || len(rows[1].Results) != 1 || rows[1].Results[0].Peer != "B" || b.rates[len(b.rates)-1] != 50 {
		t.Errorf("beyond A's capacity: %+v %v, B: %v", rows, err, b.rates)
	}
	if k := rows[1].Results[0].Kept; k != 0.04 { // 40 ms of a second
		t.Errorf("kept=%g", k)
	}
	rows = []Row{{Work: works[1], Results: []Result{{Peer: "A", CallsPerSecond: 7}}}}
	if c := capacity(rows, Work{Workers: 2, Function: Add, Load: 0.5}, "A"); c != 1 {
		t.Errorf("capacity of other work counted: %g", c)
	}
}
