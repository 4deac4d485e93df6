package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ringwire/ringwire/bench"
)

func printMachine(w io.Writer, r bench.Report) {
	m := r.Machine
	fmt.Fprintf(w, "ringwire %s, %s, %s\n%s, %d CPUs, %s\n", r.Version, m.Go, m.Python, m.CPU, m.CPUs, m.OS)
	var versions []string
	for _, name := range slices.Sorted(maps.Keys(m.Packages)) {
		versions = append(versions, name+" "+m.Packages[name])
	}
	if versions != nil {
		fmt.Fprintln(w, strings.Join(versions, ", "))
	}
	fmt.Fprintf(w, "medians of %d alternating rounds of %v\n%s\n", r.Rounds, r.Span, r.Command)
	for _, m := range r.Missing {
		fmt.Fprintf(w, "left out: %s: %s\n", m.Peer, m.Reason)
	}
}

func printTargets(w io.Writer, targets []bench.Target) {
	fmt.Fprint(w, "\nTargets: medians over rounds; × is the peer's figure over the other's\n\n")
	t := newTable(w, "Target", "Peer", "Beside", "Goal", "Measured", "Met")
	for _, target := range targets {
		unit := unitAfter(target.Goal.Unit)
		goal := fmt.Sprintf("%s %g%s", target.Goal.Is, target.Goal.Bound, unit)
		var values []string
		for _, m := range target.Measured {
			values = append(values, significant(m.Value)+unit)
		}
		met := "no"
		switch {
		case len(values) == 0:
			met = "not measured"
		case target.Met:
			met = "yes"
		}
		t.AppendRow([]any{target.Name, target.Peer, besides(target), goal, strings.Join(values, ", "), met})
	}
	t.Render()
}

// besides names the peers that the target was measured beside, or shall be.
func besides(target bench.Target) string {
	var names []string
	for _, m := range target.Measured {
		if !slices.Contains(names, m.Beside) {
			names = append(names, m.Beside)
		}
	}
	if names == nil {
		return target.Beside
	}
	return strings.Join(names, "; ")
}

// unitAfter is the unit as it follows a number.
func unitAfter(unit string) string {
	if unit == "×" {
		return unit
	}
	return " " + unit
}

// printRows prints a table for each row of the report: a line for each peer.
func printRows(w io.Writer, rows []bench.Row) {
	for _, row := range rows {
		fmt.Fprintf(w, "\n%s\n\n", workTitle(row.Work))
		for _, m := range row.Failed {
			fmt.Fprintf(w, "left out: %s: %s\n", m.Peer, m.Reason)
		}
		if len(row.Results) == 0 {
			fmt.Fprintln(w, "no peer could")
			continue
		}
		first := row.Results[0].Peer
		t := newTable(w, "Peer", "p50 µs", "p99 µs", "p99.9 µs", "calls/s", "CPU µs/call",
			first+" is better ×: p50", "p99", "calls/s", "CPU")
		for i, r := range row.Results {
			line := []any{r.Peer, microseconds(r.P50), microseconds(r.P99), microseconds(r.P999),
				thousands(int(r.CallsPerSecond)), microseconds(r.CPU)}
			if i > 0 && r.Ratio.P50 > 0 {
				line = append(line, times(r.Ratio.P50), times(r.Ratio.P99), times(r.Ratio.CallsPerSecond), times(r.Ratio.CPU))
			}
			t.AppendRow(line)
		}
		t.Render()
		for _, r := range row.Results {
			if r.Fell() {
				fmt.Fprintf(w, "%s could not keep the rate: %.0f %% of it; its latencies only grow.\n", r.Peer, 100*r.Kept)
			}
		}
	}
}

func printIdle(w io.Writer, idle []bench.Idle) {
	if len(idle) == 0 {
		return
	}
	fmt.Fprintf(w, "\nNobody calls, %s\n\n", plural(idle[0].Workers, "worker"))
	t := newTable(w, "Peer", "% of a CPU")
	for _, i := range idle {
		if i.Failure != "" {
			t.AppendRow([]any{i.Peer, i.Failure})
			continue
		}
		t.AppendRow([]any{i.Peer, fmt.Sprintf("%.3f", i.CPU)})
	}
	t.Render()
}

func printScaling(w io.Writer, s *bench.Scaling) {
	if s == nil {
		return
	}
	fmt.Fprintln(w, "\nScaling of ringwire: measured beside a model")
	if s.Failure != "" {
		fmt.Fprintln(w, "left out:", s.Failure)
		return
	}
	m := s.Model
	fmt.Fprintf(w, "a call takes %s µs of a worker (%s where its function waits) and %s µs of the master; %d CPUs\n\n",
		microseconds(m.Worker), microseconds(m.Awaiting), microseconds(m.Master), m.CPUs)
	t := newTable(w, "The function", "Workers", "In flight", "calls/s", "Predicted", "Bounded by", "Measured over predicted")
	for _, r := range s.Rows {
		function := fmt.Sprintf("computes for %v", r.Computes)
		if r.Waits > 0 {
			function = fmt.Sprintf("waits for %v", r.Waits)
		}
		t.AppendRow([]any{function, r.Workers, r.InFlight, thousands(int(r.Measured)), thousands(int(r.Predicted)),
			r.By, times(r.Measured / r.Predicted)})
	}
	t.Render()
}

func workTitle(w bench.Work) string {
	call := "add two numbers"
	switch w.Function {
	case bench.Echo:
		call = "echo " + byteSize(w.Payload)
	case bench.EchoBytes:
		call = "echo " + byteSize(w.Payload) + " of bytes"
	}
	if w.Async {
		call += ", async handler"
	}
	how := fmt.Sprintf("%d in flight", w.InFlight)
	const latency = "latency from when a call is due"
	if w.Load > 0 {
		how = fmt.Sprintf("sent at %g %% of each peer's capacity, %s", 100*w.Load, latency)
	} else if w.PerSecond > 0 {
		how = fmt.Sprintf("sent at %s calls/s, %s", thousands(int(w.PerSecond)), latency)
	}
	return fmt.Sprintf("%s, %s, %s", call, plural(w.Workers, "worker"), how)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func byteSize(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

func times(r float64) string { return significant(r) + "×" }

// significant shows a figure with at least two digits that matter.
func significant(r float64) string {
	switch {
	case r >= 100:
		return fmt.Sprintf("%.0f", r)
	case r >= 10:
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.2f", r)
}

func microseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Microsecond))
}
