package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench"
)

// TestMain lets the test be the program, so that floors can start their other side.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "answer" {
		if err := run(nil, os.Args[1:]); err != nil { //nolint:staticcheck // answer takes no context
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestPeers(t *testing.T) {
	for _, e := range entries() {
		if e.Absent != "" || len(e.Needs) > 0 && !installed(t, e.Needs) {
			t.Logf("%s is not there: %s", e.Name, e.Absent)
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			s, err := e.make("python3").Start(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				r := bench.Round{Work: bench.Work{Workers: 1, Function: bench.Add, InFlight: 1}, Seconds: 0.01}
				sample, err := s.Measure(t.Context(), r)
				if err != nil || sample.Calls < 1 || len(sample.Latencies) == 0 || sample.Elapsed < 10*time.Millisecond {
					t.Errorf("calls=%d elapsed=%v err=%v", sample.Calls, sample.Elapsed, err)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func installed(t *testing.T, packages []string) bool {
	t.Helper()
	for _, name := range packages {
		script := "import sys; from importlib import metadata; metadata.version(sys.argv[1])"
		if exec.CommandContext(t.Context(), "python3", "-c", script, name).Run() != nil {
			return false
		}
	}
	return true
}

func TestPlots(t *testing.T) {
	dir := t.TempDir()
	var report bench.Report
	for _, w := range bench.Works(bench.Lists{Workers: []int{1, 2}, InFlight: []int{1, 4}, Payloads: []int{0, 1, 64}, Loads: []float64{0.5, 0.8}, Rates: []float64{20_000}}) {
		result := func(peer string) bench.Result {
			return bench.Result{Peer: peer, P50: 3000, P99: 9000, P999: 9000, CallsPerSecond: 1000, CPU: 10}
		}
		report.Rows = append(report.Rows, bench.Row{Work: w, Results: []bench.Result{result("ringwire"), result("other"), result("Unix socket, uvloop")}})
	}
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time over the first
		if err := plotReport(bytes.NewReader(text), dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range charts(1) {
		svg, err := os.ReadFile(filepath.Join(dir, c.file))
		if err != nil || !bytes.Contains(svg, []byte("ringwire")) || !bytes.Contains(svg, []byte("other")) {
			t.Errorf("%s: %v, %d bytes", c.file, err, len(svg))
		}
		if bytes.Contains(svg, []byte("uvloop")) || len(svg) > 100<<10 {
			t.Errorf("%s: too many lines, or %d bytes", c.file, len(svg))
		}
	}
	if plotReport(bytes.NewReader(nil), dir) == nil {
		t.Error("no report was accepted")
	}
}

func TestTicksHaveShortLabels(t *testing.T) {
	labels := ""
	for _, tick := range (decades{}).Ticks(10, 10_000_000) {
		labels += " " + tick.Label
	}
	if got := strings.Join(strings.Fields(labels), " "); got != "10 100 1k 10k 100k 1M 10M" {
		t.Errorf("%q", got)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"list", "extra"}, {"serve", "nobody", "1", "python3"}, {"serve", "gRPC", "many", "python3"}} {
		if run(t.Context(), args) == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}
