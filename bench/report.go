package bench

import (
	"slices"
	"time"
)

// Row is the result for one Work.
type Row struct {
	Work
	Results []Result `json:"results"` // in the order of the peers
}

// Result is that of one peer: medians over its rounds.
type Result struct {
	Peer           string        `json:"peer"`
	P50            time.Duration `json:"p50_ns,omitempty"` // with one call in flight
	P99            time.Duration `json:"p99_ns,omitempty"`
	CallsPerSecond float64       `json:"calls_per_second"`
	// Ratio is how many times better the first peer is: its calls per second over
	// these, or these microseconds (P50) over its.
	Ratio float64 `json:"ratio"`
}

func newRow(work Work, peers []Peer, samples [][]Sample) Row {
	row := Row{Work: work}
	for i, p := range peers {
		result := Result{Peer: p.Name()}
		var p50s, p99s []time.Duration
		var rates []float64
		for _, s := range samples[i] {
			rates = append(rates, float64(s.Calls)/s.Elapsed.Seconds())
			if len(s.Latencies) > 0 {
				slices.Sort(s.Latencies)
				p50s = append(p50s, percentile(s.Latencies, 50))
				p99s = append(p99s, percentile(s.Latencies, 99))
			}
		}
		result.CallsPerSecond = median(rates)
		result.P50, result.P99 = median(p50s), median(p99s)
		row.Results = append(row.Results, result)
	}
	first := row.Results[0]
	for i := range row.Results {
		r := &row.Results[i]
		if first.P50 > 0 {
			r.Ratio = float64(r.P50) / float64(first.P50)
		} else {
			r.Ratio = first.CallsPerSecond / r.CallsPerSecond
		}
	}
	return row
}

// percentile returns the smallest sample that p percent of all do not exceed.
// The samples are sorted and not empty.
func percentile[T any](sorted []T, p int) T {
	rank := (len(sorted)*p + 99) / 100 // rounded up
	return sorted[max(rank, 1)-1]
}

// median returns the middle of the values, the lower one of two, or zero.
func median[T int64 | float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return percentile(sorted, 50)
}
