package bench

import (
	"fmt"
	"strings"
	"time"
)

// Target is a goal of this project beside what a run has found.
type Target struct {
	Name   string `json:"name"`
	Peer   string `json:"peer"`             // whose figure it is
	Beside string `json:"beside,omitempty"` // the peers that it is compared with
	Goal   Goal   `json:"goal"`
	// Measured is empty if the run lacks a row or a peer that the target is about.
	Measured []Measured `json:"measured"`
	Met      bool       `json:"met"` // by all that is measured, and something is
}

// Goal bounds a figure.
type Goal struct {
	Is    Relation `json:"is"`
	Bound float64  `json:"bound"`
	Unit  string   `json:"unit"` // "×": of the other peer's figure
}

// Relation is between a figure and its bound.
type Relation string

// The relations.
const (
	AtMost  Relation = "at most"
	AtLeast Relation = "at least"
	Below   Relation = "below"
)

// Measured is a figure that a goal bounds.
type Measured struct {
	Value  float64 `json:"value"`
	Beside string  `json:"beside,omitempty"` // the other peer
}

func (g Goal) metBy(value float64) bool {
	switch g.Is {
	case AtMost:
		return value <= g.Bound
	case AtLeast:
		return value >= g.Bound
	}
	return value < g.Bound
}

// The peers that the targets name.
const (
	plain      = "ringwire"
	quiet      = "ringwire, no spinning"
	quick      = "ringwire, accelerator"
	quickest   = "ringwire, accelerator, orjson"
	processes  = "ProcessPoolExecutor"
	socketSpin = "Unix socket, spinning"
)

// TargetsOf says which targets the report meets.
func TargetsOf(r Report) []Target {
	t := targets{rows: r.Rows}
	lone := Work{Workers: 1, Function: Add, InFlight: 1}
	busily := Work{Workers: 1, Function: Add, InFlight: busy}
	async := busily
	async.Async = true

	for _, pair := range [][2]string{{plain, socketSpin}, {quick, socketSpin}, {quickest, socketSpin + ", orjson"}} {
		t.latency(Target{Name: "lone call, p50", Peer: pair[0], Beside: pair[1], Goal: Goal{AtMost, 0.35, "×"}}, lone)
	}
	for _, where := range []string{"one CPU", "two CPUs"} {
		t.latency(Target{
			Name: "lone call, p50", Peer: quiet + ", " + where, Beside: "floor: eventfd, " + where,
			Goal: Goal{AtMost, 1.1, "×"},
		}, lone)
	}
	for _, c := range []struct {
		work        Work
		what        string
		own, beside string
		bound       float64
	}{
		{busily, "64 in flight", plain, processes, 30},
		{busily, "64 in flight", plain, "gRPC", 30},
		{busily, "64 in flight", plain, "ZeroMQ", 3.5},
		{busily, "64 in flight", plain, socketSpin, 2},
		{busily, "64 in flight", quiet, "Unix socket, blocking", 1.2},
		{busily, "64 in flight", quickest, processes, 50},
		{async, "async handler, 64 in flight", plain, processes, 15},
	} {
		t.throughput(Target{Name: c.what + ", calls/s", Peer: c.own, Beside: c.beside, Goal: Goal{AtLeast, c.bound, "×"}}, c.work)
	}
	for _, row := range r.Rows {
		if row.Work == (Work{Workers: 1, Function: Add, InFlight: row.InFlight}) && row.InFlight > 0 {
			target := Target{Name: fmt.Sprintf("%d in flight, p50 and p99", row.InFlight), Goal: Goal{Below, 1, "×"}}
			target.Peer, target.Beside = plain, "the best without orjson"
			t.everyPeer(target, row, func(peer string) bool { return !strings.HasSuffix(peer, ", orjson") })
			target.Peer, target.Beside = quickest, "the best"
			t.everyPeer(target, row, func(string) bool { return true })
		}
	}
	for _, size := range []struct {
		bytes int
		text  string
	}{{large, "64 KiB"}, {1 << 20, "1 MiB"}} {
		for _, c := range []struct {
			function, what string
			bound          float64
		}{{Echo, "of text", 1}, {EchoBytes, "of bytes", 5}} {
			work := Work{Workers: 1, Function: c.function, Payload: size.bytes, InFlight: 1}
			name := fmt.Sprintf("echo %s %s, p50, times as fast", size.text, c.what)
			t.bestPeer(Target{Name: name, Peer: plain, Beside: "the best", Goal: Goal{AtLeast, c.bound, "×"}}, work)
		}
	}
	t.spinning(r.Machine.CPUs)
	t.idle(r.Idle)
	return t.list
}

// targets gathers them.
type targets struct {
	rows []Row
	list []Target
}

func (t *targets) add(target Target, measured ...Measured) {
	target.Measured, target.Met = measured, len(measured) > 0
	for _, m := range measured {
		target.Met = target.Met && target.Goal.metBy(m.Value)
	}
	t.list = append(t.list, target)
}

// row returns the results for the work, if there are any.
func (t *targets) row(work Work) Row {
	for _, row := range t.rows {
		if row.Work == work {
			return row
		}
	}
	return Row{}
}

// latency is about our median latency over the other's.
func (t *targets) latency(target Target, work Work) {
	t.pair(target, work, func(a, b Result) float64 { return ratio(a.P50, b.P50) })
}

// throughput is about our calls per second over the other's.
func (t *targets) throughput(target Target, work Work) {
	t.pair(target, work, func(a, b Result) float64 { return ratio(a.CallsPerSecond, b.CallsPerSecond) })
}

func (t *targets) pair(target Target, work Work, f func(a, b Result) float64) {
	row := t.row(work)
	a, b := row.of(target.Peer), row.of(target.Beside)
	if a == nil || b == nil {
		t.add(target)
		return
	}
	t.add(target, Measured{f(*a, *b), b.Peer})
}

// everyPeer is about our p50 and our p99 over the best of the peers that count.
func (t *targets) everyPeer(target Target, row Row, counts func(peer string) bool) {
	p50 := func(r Result) time.Duration { return r.P50 }
	p99 := func(r Result) time.Duration { return r.P99 }
	a, b50, b99 := row.of(target.Peer), row.best(counts, p50), row.best(counts, p99)
	if a == nil || b50 == nil {
		t.add(target)
		return
	}
	t.add(target, Measured{ratio(a.P50, b50.P50), b50.Peer}, Measured{ratio(a.P99, b99.P99), b99.Peer})
}

// bestPeer is about the lowest median latency of all peers over ours.
func (t *targets) bestPeer(target Target, work Work) {
	row := t.row(work)
	best := row.best(func(string) bool { return true }, func(r Result) time.Duration { return r.P50 })
	a := row.of(target.Peer)
	if a == nil || best == nil {
		t.add(target)
		return
	}
	t.add(target, Measured{ratio(best.P50, a.P50), best.Peer})
}

// spinning is about what it adds to the tail where nobody has a CPU to spare.
func (t *targets) spinning(cpus int) {
	target := Target{
		Name: "2 workers on 2 CPUs, 64 in flight, p99, what spinning adds", Peer: plain, Beside: quiet,
		Goal: Goal{Below, 2, "ms"},
	}
	row := t.row(Work{Workers: 2, Function: Add, InFlight: busy})
	a, b := row.of(plain), row.of(quiet)
	if cpus != 2 || a == nil || b == nil {
		t.add(target)
		return
	}
	t.add(target, Measured{float64(a.P99-b.P99) / float64(time.Millisecond), b.Peer})
}

func (t *targets) idle(idle []Idle) {
	target := Target{Name: "8 workers that nobody calls", Peer: plain, Goal: Goal{Below, 0.1, "% of a CPU"}}
	for _, i := range idle {
		if i.Peer == plain && i.Workers == 8 && i.Failure == "" {
			t.add(target, Measured{Value: i.CPU})
			return
		}
	}
	t.add(target)
}

// of returns a peer's result, or nil.
func (r Row) of(peer string) *Result {
	for i := range r.Results {
		if r.Results[i].Peer == peer {
			return &r.Results[i]
		}
	}
	return nil
}

// best returns the lowest result among the peers that count and are neither ours
// nor floors, or nil without any.
func (r Row) best(counts func(peer string) bool, f func(Result) time.Duration) *Result {
	var best *Result
	for i := range r.Results {
		result := &r.Results[i]
		if IsOurs(result.Peer) || strings.HasPrefix(result.Peer, "floor:") || !counts(result.Peer) {
			continue
		}
		if best == nil || f(*result) < f(*best) {
			best = result
		}
	}
	return best
}

// IsOurs reports whether a peer is a way to use the executor.
func IsOurs(peer string) bool { return peer == plain || strings.HasPrefix(peer, plain+", ") }
