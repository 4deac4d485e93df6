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
	if r.Seconds != span.Measure.Seconds() {
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
	floor := &fakePeer{name: "F", log: &log, samples: one, only: isFloor}
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

func TestAFailureEndsTheRunAndClosesThePeers(t *testing.T) {
	var log []string
	broken := errors.New("broken")
	plan := Plan{[]Work{{Workers: 1}}, 1, span}
	peers := []Peer{&fakePeer{name: "A", log: &log, err: broken}}
	_, err := Run(t.Context(), plan, peers, discard)
	if !errors.Is(err, broken) || !slices.Contains(log, "A:close") {
		t.Errorf("err=%v log=%v", err, log)
	}
	peers = []Peer{&fakePeer{name: "A", log: &log, samples: []Sample{{}}}}
	if _, err = Run(t.Context(), plan, peers, discard); err == nil {
		t.Error("a round without calls was accepted")
	}
}

func TestOpenLoopsRunAtAFractionOfEachPeersCapacity(t *testing.T) {
	var log []string
	a := &fakePeer{name: "A", log: &log, samples: []Sample{sampleOf(10, 1), sampleOf(40, 1), sampleOf(20, 1)}}
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
	rows := []Row{{works[1], []Result{{Peer: "A", CallsPerSecond: 7}}}}
	if c := capacity(rows, Work{Workers: 2, Function: Add, Load: 0.5}, "A"); c != 1 {
		t.Errorf("capacity of other work counted: %g", c)
	}
}
