package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/cmd/ringwire/internal/torture"
)

func TestTorture(t *testing.T) {
	got := ringwire(t, "", "torture", "--for", "6s", "--faults", "15", "--json")
	var report torture.Report
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	if got.code != 0 || !report.Clean() {
		t.Errorf("exit code %d, %s%s", got.code, got.stderr, got.stdout)
	}
	done, kinds := 0, 0
	for _, o := range report.Outcomes {
		if o.Ending == "done" {
			done = o.Calls
		}
	}
	for _, f := range report.Faults {
		if f.Count > 0 {
			kinds++
		}
	}
	if done == 0 || kinds < 2 || report.Stats.Restarts == 0 {
		t.Errorf("load and faults did not meet: %s", got.stdout)
	}
}

func TestTortureTable(t *testing.T) {
	got := ringwire(t, "", "torture", "--for", "200ms", "--workers", "1", "--seed", "5")
	if !strings.HasPrefix(got.stdout, "seed 5\n") {
		t.Errorf("the seed does not come first: %+v", got)
	}
	for _, want := range []string{"SIGKILL", "Call ended as", "calls mixed up", "goroutines left behind", "All is well."} {
		if got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("no %q: %+v", want, got)
		}
	}
	for _, args := range [][]string{{"--for", "0s"}, {"--workers", "0"}, {"--faults", "0"}} {
		if got := ringwire(t, "", append([]string{"torture"}, args...)...); got.code != exitUsage {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
