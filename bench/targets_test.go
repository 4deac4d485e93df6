package bench

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// target finds the only one whose name begins so.
func target(t *testing.T, r Report, name string) Target {
	t.Helper()
	all := TargetsOf(r)
	matches := func(t Target) bool { return strings.HasPrefix(t.Name, name) }
	i := slices.IndexFunc(all, matches)
	if i < 0 || slices.IndexFunc(all[i+1:], matches) >= 0 {
		t.Fatalf("not one target begins with %q: %+v", name, all)
	}
	return all[i]
}

func rowOf(w Work, results ...Result) Row { return Row{Work: w, Results: results} }

func TestWithoutRowsNothingIsMeasured(t *testing.T) {
	all := TargetsOf(Report{})
	if len(all) < 15 {
		t.Errorf("%d targets", len(all))
	}
	for _, target := range all {
		if target.Met || len(target.Measured) > 0 {
			t.Errorf("%+v", target)
		}
	}
}

func TestTargetsOfTwoPeers(t *testing.T) {
	lone := Work{Workers: 1, Function: Add, InFlight: 1}
	busily := Work{Workers: 1, Function: Add, InFlight: 64}
	async := Work{Workers: 1, Function: Add, InFlight: 64, Async: true}
	for _, c := range []struct {
		name  string
		peer  string
		row   Row
		value float64
		met   bool
	}{
		{"lone call, p50", "ringwire", rowOf(lone, Result{Peer: "ringwire", P50: 35}, Result{Peer: "Unix socket, spinning", P50: 100}), 0.35, true},
		{"lone call, p50", "ringwire", rowOf(lone, Result{Peer: "ringwire", P50: 36}, Result{Peer: "Unix socket, spinning", P50: 100}), 0.36, false},
		{"lone call, p50", "ringwire, accelerator, orjson", rowOf(lone,
			Result{Peer: "ringwire, accelerator, orjson", P50: 30}, Result{Peer: "Unix socket, spinning, orjson", P50: 100}), 0.3, true},
		{"lone call, p50", "ringwire, no spinning, two CPUs", rowOf(lone,
			Result{Peer: "ringwire, no spinning, two CPUs", P50: 12}, Result{Peer: "floor: eventfd, two CPUs", P50: 10}), 1.2, false},
		{"64 in flight, calls/s", "ringwire, no spinning", rowOf(busily,
			Result{Peer: "ringwire, no spinning", CallsPerSecond: 120}, Result{Peer: "Unix socket, blocking", CallsPerSecond: 100}), 1.2, true},
		{"64 in flight, calls/s", "ringwire, accelerator, orjson", rowOf(busily,
			Result{Peer: "ringwire, accelerator, orjson", CallsPerSecond: 490}, Result{Peer: "ProcessPoolExecutor", CallsPerSecond: 10}), 49, false},
		{"async handler, 64 in flight, calls/s", "ringwire", rowOf(async,
			Result{Peer: "ringwire", CallsPerSecond: 160}, Result{Peer: "ProcessPoolExecutor", CallsPerSecond: 10}), 16, true},
	} {
		report := Report{Rows: []Row{c.row}}
		var got []Target
		for _, target := range TargetsOf(report) {
			if target.Name == c.name && target.Peer == c.peer && len(target.Measured) == 1 {
				got = append(got, target)
			}
		}
		if len(got) != 1 || got[0].Measured[0].Value != c.value || got[0].Met != c.met {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestEachDepthIsComparedWithTheBestPeer(t *testing.T) {
	row := rowOf(
		Work{Workers: 1, Function: Add, InFlight: 4},
		Result{Peer: "ringwire", P50: 10, P99: 40},
		Result{Peer: "ringwire, stream", P50: 1, P99: 1},
		Result{Peer: "ringwire, accelerator, orjson", P50: 5, P99: 10},
		Result{Peer: "A", P50: 20, P99: 40},
		Result{Peer: "B", P50: 30, P99: 30},
		Result{Peer: "B, orjson", P50: 8, P99: 50},
		Result{Peer: "floor: eventfd, one CPU", P50: 1, P99: 1},
	)
	report := Report{Rows: []Row{row, rowOf(Work{Workers: 2, Function: Add, InFlight: 4}, row.Results...)}}
	got := TargetsOf(report)
	check := func(name string, met bool, measured ...Measured) {
		t.Helper()
		i := slices.IndexFunc(got, func(t Target) bool { return t.Name == "4 in flight, p50 and p99" && t.Peer == name })
		if i < 0 || got[i].Met != met || !slices.Equal(got[i].Measured, measured) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	check("ringwire", false, Measured{0.5, "A"}, Measured{40. / 30, "B"})
	check("ringwire, accelerator, orjson", true, Measured{0.625, "B, orjson"}, Measured{1. / 3, "B"})
}

func TestEchoIsComparedWithTheBestPeer(t *testing.T) {
	work := Work{Workers: 1, Function: EchoBytes, Payload: 64 << 10, InFlight: 1}
	report := Report{Rows: []Row{rowOf(work, Result{Peer: "ringwire", P50: 10}, Result{Peer: "A", P50: 60}, Result{Peer: "B", P50: 50})}}
	if got := target(t, report, "echo 64 KiB of bytes"); !got.Met || got.Measured[0] != (Measured{5, "B"}) {
		t.Errorf("%+v", got)
	}
	if got := target(t, report, "echo 64 KiB of text"); got.Met || got.Measured != nil {
		t.Errorf("%+v", got)
	}
}

func TestSpinningAndIdling(t *testing.T) {
	work := Work{Workers: 2, Function: Add, InFlight: 64}
	report := Report{
		Machine: Machine{CPUs: 2},
		Rows: []Row{rowOf(work,
			Result{Peer: "ringwire", P99: 3 * time.Millisecond}, Result{Peer: "ringwire, no spinning", P99: time.Millisecond})},
		Idle: []Idle{{Peer: "ringwire, stream", Workers: 8, CPU: 7}, {Peer: "ringwire", Workers: 8, CPU: 0.05}},
	}
	if got := target(t, report, "2 workers"); got.Met || got.Measured[0].Value != 2 {
		t.Errorf("%+v", got)
	}
	if got := target(t, report, "8 workers"); !got.Met || got.Measured[0].Value != 0.05 {
		t.Errorf("%+v", got)
	}
	report.Machine.CPUs = 4
	if got := target(t, report, "2 workers"); got.Measured != nil {
		t.Errorf("on another machine: %+v", got)
	}
}
