package bench

import (
	"slices"
	"time"
)

// Report is a whole run.
type Report struct {
	Version string        `json:"version"`
	Command string        `json:"command"`
	Machine Machine       `json:"machine"`
	Rounds  int           `json:"rounds"`
	Span    time.Duration `json:"span_ns"` // of a round
	Missing []Missing     `json:"missing"` // peers that could not be measured
	Targets []Target      `json:"targets"`
	Rows    []Row         `json:"rows"`
	Idle    []Idle        `json:"idle,omitempty"`
	Scaling *Scaling      `json:"scaling,omitempty"`
}

// Row is the result for one Work.
type Row struct {
	Work
	Results []Result `json:"results"` // of the peers that do such work, in their order
	// Failed are peers that failed, were started again, and failed again.
	Failed []Missing `json:"failed,omitempty"`
}

// Result is that of one peer: medians over its rounds. P999 is of all rounds
// together, because one of them may not have a thousand calls.
type Result struct {
	Peer           string        `json:"peer"`
	P50            time.Duration `json:"p50_ns"`
	P99            time.Duration `json:"p99_ns"`
	P999           time.Duration `json:"p999_ns"`
	CallsPerSecond float64       `json:"calls_per_second"`
	CPU            time.Duration `json:"cpu_ns_per_call"` // of caller and workers together
	// Kept is, of an open loop, the calls per second that ended over those that were
	// due: below 1 as far as calls were still under way when the last one was due.
	Kept  float64 `json:"kept,omitempty"`
	Ratio Ratio   `json:"ratio"`
}

// Fell reports whether calls were due faster than they ended. Then their latency
// says how long the round lasted, and nothing about the peer.
func (r Result) Fell() bool { return r.Kept > 0 && r.Kept < 0.9 }

// Ratio is how many times better the first peer of the row is: more calls per
// second, lower latency, less CPU time. Below 1 it is worse. 0: not known.
type Ratio struct {
	CallsPerSecond float64 `json:"calls_per_second"`
	P50            float64 `json:"p50"`
	P99            float64 `json:"p99"`
	CPU            float64 `json:"cpu"`
}

// figures are those of one round.
type figures struct {
	rate          float64 // calls per second
	p50, p99, cpu time.Duration
	kept          float64
	latencies     []time.Duration
}

// kept returns the calls per second of an open loop over those that were due,
// where all were due within the span and ended after the elapsed time.
func kept(span, elapsed time.Duration) float64 { return min(1, ratio(span, elapsed)) }

// newFigures sorts the latencies of the sample.
func newFigures(s Sample) figures {
	slices.Sort(s.Latencies)
	return figures{
		rate: float64(s.Calls) / s.Elapsed.Seconds(),
		p50:  percentile(s.Latencies, 500),
		p99:  percentile(s.Latencies, 990),
		cpu:  s.CPU / time.Duration(s.Calls),

		latencies: s.Latencies,
	}
}

// newRow takes the run of each peer; those without rounds are left out.
func newRow(work Work, t team, runs []run) Row {
	row := Row{Work: work}
	for i, m := range t {
		if runs[i].failure != nil {
			row.Failed = append(row.Failed, Missing{m.peer.Name(), runs[i].failure.Error()})
			continue
		}
		rounds := runs[i].rounds
		if len(rounds) == 0 {
			continue
		}
		row.Results = append(row.Results, Result{
			Peer:           m.peer.Name(),
			P50:            median(rounds, func(f figures) time.Duration { return f.p50 }),
			P99:            median(rounds, func(f figures) time.Duration { return f.p99 }),
			P999:           p999(rounds),
			CallsPerSecond: median(rounds, func(f figures) float64 { return f.rate }),
			CPU:            median(rounds, func(f figures) time.Duration { return f.cpu }),
			Kept:           median(rounds, func(f figures) float64 { return f.kept }),
		})
	}
	if len(row.Results) == 0 || row.Results[0].Peer != t[0].peer.Name() {
		return row // nothing to compare with
	}
	first := row.Results[0]
	for i := range row.Results {
		r := &row.Results[i]
		r.Ratio = Ratio{
			CallsPerSecond: ratio(first.CallsPerSecond, r.CallsPerSecond),
			P50:            ratio(r.P50, first.P50),
			P99:            ratio(r.P99, first.P99),
			CPU:            ratio(r.CPU, first.CPU),
		}
	}
	return row
}

// capacity returns the best throughput of a peer in the rows that differ from w
// only in how many calls are in flight, or 1 without any.
func capacity(rows []Row, w Work, peer string) float64 {
	best := 1.0
	for _, row := range rows {
		same := row.Work
		same.InFlight, same.Load, same.PerSecond = w.InFlight, w.Load, w.PerSecond
		if row.open() || same != w {
			continue
		}
		for _, r := range row.Results {
			if r.Peer == peer {
				best = max(best, r.CallsPerSecond)
			}
		}
	}
	return best
}

func p999(rounds []figures) time.Duration {
	var all []time.Duration
	for _, f := range rounds {
		all = append(all, f.latencies...)
	}
	slices.Sort(all)
	return percentile(all, 999)
}

func ratio[T float64 | time.Duration](a, b T) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// percentile returns the smallest value that p of a thousand do not exceed. The
// values are sorted and not empty.
func percentile[T any](sorted []T, p int) T {
	rank := (len(sorted)*p + 999) / 1000 // rounded up
	return sorted[max(rank, 1)-1]
}

// median returns the middle of what f says of the values, the lower one of two.
func median[V any, T float64 | time.Duration](values []V, f func(V) T) T {
	sorted := make([]T, len(values))
	for i, v := range values {
		sorted[i] = f(v)
	}
	slices.Sort(sorted)
	return percentile(sorted, 500)
}
