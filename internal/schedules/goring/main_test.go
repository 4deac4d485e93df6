package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// run explores and returns the verdict of each pairing.
func run(t *testing.T, binary string, args ...string) map[string]string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	verdicts := map[string]string{}
	for line := range strings.Lines(string(output)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 {
			t.Fatalf("not a verdict: %s", line)
		}
		verdicts[fields[0]] = fields[1]
		t.Logf("%s: %s, %s", fields[0], fields[1], fields[2])
	}
	if len(verdicts) == 0 {
		t.Fatal("nothing was explored")
	}
	if testing.Verbose() {
		t.Logf("%s", stderr.Bytes())
	}
	return verdicts
}

//spec:test RING-001 RING-002 RING-003 RING-004 RING-006 RING-007 RING-009
//spec:test RING-011 RING-012 RING-014 RING-021 RING-023 RING-024
//spec:test BELL-001 BELL-002 BELL-011 LIFE-051 LIFE-052 LIFE-053
func TestPackageRingHoldsInEverySchedule(t *testing.T) {
	for pairing, verdict := range run(t, build(t)) {
		if verdict != "holds" {
			t.Errorf("%s: %s", pairing, verdict)
		}
	}
}

func TestBugsPlantedInPackageRingAreFound(t *testing.T) {
	for _, test := range []struct {
		name     string
		pairing  string
		property string
		edit
	}{
		{
			"slot released before it is copied", "Go to Go", "torn",
			edit{
				"consumer.go",
				"\t\t\tcopy(message, slot[slotHeaderSize:])\n\t\t\tc.release()\n",
				"\t\t\tc.release()\n\t\t\tcopy(message, slot[slotHeaderSize:])\n",
			},
		},
		{
			"position published before the header", "Go to Go", "corrupt",
			edit{
				"producer.go",
				"\tp.putHeader(p.claimed, 0)\n\tp.claimed = 0\n\tp.write++\n\tp.writePosition.Store(p.write)\n",
				"\tp.writePosition.Store(p.write + 1)\n\tp.putHeader(p.claimed, 0)\n\tp.claimed = 0\n\tp.write++\n",
			},
		},
		{
			"flag set after the check", "specified to Go", "stuck",
			edit{
				"consumer.go",
				"\tc.needWakeup.Store(1)\n\treturn !c.Ready()\n",
				"\tready := c.Ready()\n\tc.needWakeup.Store(1)\n\treturn !ready\n",
			},
		},
		{
			"one slot too many", "Go to specified", "corrupt",
			edit{
				"producer.go",
				"\treturn p.count - (p.write - read), nil\n",
				"\treturn p.count + 1 - (p.write - read), nil\n",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := run(t, build(t, test.edit), "-pairing", test.pairing)[test.pairing]
			if got != test.property {
				t.Errorf("want a violation of %s, got %s", test.property, got)
			}
		})
	}
}

// Package ring has no fence but the stores of sync/atomic, which are full ones.
// Were they mere releases, wake-ups would be lost.
//
//spec:test BELL-001 BELL-002
func TestPackageRingNeedsFullFences(t *testing.T) {
	binary := build(t)
	for _, pairing := range []string{"Go to Go", "Go to specified", "specified to Go"} {
		if verdict := run(t, binary, "-release-stores", "-pairing", pairing)[pairing]; verdict != "stuck" {
			t.Errorf("%s: want a lost wake-up, got %s", pairing, verdict)
		}
	}
}
