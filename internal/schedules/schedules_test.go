//go:build !race

// An exploration is one goroutine with much to do: the race detector has nothing
// to see in it and makes it ten times slower.

package schedules

import (
	"context"
	"os/exec"
	"testing"
)

var (
	oneSlot    = Message{Fragments: 1}
	threeSlots = Message{Fragments: 3} // more than the ring of two slots holds

	small  = []Message{oneSlot, oneSlot, oneSlot}
	mixed  = []Message{oneSlot, threeSlots}
	cancel = []Message{oneSlot, {Fragments: 1, Cancels: 1}}
)

// explore lets the specified algorithm, or a broken one, play both sides.
func explore(t *testing.T, scenario Scenario, bug string) *Report {
	t.Helper()
	ctx := context.Background()
	module, err := NewSpecified(ctx, bug)
	if err != nil {
		t.Fatal(err)
	}
	defer module.Close(ctx)
	report, err := Explore(&scenario, module.Producer(&scenario, bug), module.Consumer(&scenario, bug))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

//spec:test RING-001 RING-002 RING-003 RING-004 RING-006 RING-007 RING-009
//spec:test RING-011 RING-012 RING-013 RING-014 RING-021 RING-022 RING-023
//spec:test BELL-001 BELL-002 BELL-004 BELL-005 BELL-010 BELL-011
//spec:test LIFE-030 LIFE-051 LIFE-052 LIFE-053
func TestSpecifiedAlgorithm(t *testing.T) {
	for _, test := range []struct {
		name string
		bug  string // a rule that this scenario makes dispensable
		Scenario
	}{
		{"sequentially consistent", "", Scenario{Slots: 2, Messages: append(mixed, oneSlot), Spurious: 1}},
		{"store buffers", "", Scenario{Slots: 2, Messages: append(mixed, oneSlot), Buffered: true, Spurious: 1}},
		{"store buffers, weak", "", Scenario{Slots: 2, Messages: mixed, Buffered: true, Weak: true, Spurious: 1}},
		{"either dies", "", Scenario{Slots: 2, Messages: mixed, Buffered: true, Kill: [2]bool{true, true}}},
		{"either dies, weak", "", Scenario{Slots: 2, Messages: small[:2], Buffered: true, Weak: true, Kill: [2]bool{true, true}}},
		{"CANCEL, consumer dies", "", Scenario{
			Slots: 4, Messages: []Message{oneSlot, {Fragments: 2}, {Fragments: 1, Cancels: 2}},
			Buffered: true, Kill: [2]bool{false, true},
		}},
		{"no fence, bounded sleep", "no-consumer-fence", Scenario{Slots: 2, Messages: mixed, Buffered: true, Bounded: true, Early: 1}},
		{"peer without fence, bounded sleep", "no-producer-fence", Scenario{Slots: 2, Messages: mixed, Buffered: true, Bounded: true, Early: 1}},
		{"rings lost, bounded sleep", "", Scenario{Slots: 2, Messages: mixed, Buffered: true, Bounded: true, Lossy: true, Early: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := explore(t, test.Scenario, test.bug)
			if report.Violation != nil {
				t.Fatal(report.Violation)
			}
			t.Logf("%d states, %d moves, %.1e schedules of at most %d moves, automata of %d and %d nodes",
				report.States, report.Moves, report.Schedules, report.Depth, report.Nodes[Producer], report.Nodes[Consumer])
		})
	}
}

func TestPlantedBugsAreFound(t *testing.T) {
	spurious := Scenario{Slots: 2, Messages: mixed, Buffered: true, Spurious: 1}
	ordered := Scenario{Slots: 2, Messages: mixed, Buffered: true}
	filled := Scenario{Slots: 2, Messages: small, Buffered: true}
	weak := Scenario{Slots: 2, Messages: mixed, Buffered: true, Weak: true}
	deadly := Scenario{Slots: 2, Messages: mixed, Buffered: true, Kill: [2]bool{true, true}}
	canceling := Scenario{Slots: 2, Messages: cancel, Buffered: true}
	weakCanceling := Scenario{Slots: 2, Messages: cancel, Buffered: true, Weak: true}

	found := map[string]bool{}
	for _, test := range []struct {
		bug      string
		property string
		scenario Scenario
	}{
		{"no-producer-fence", "stuck", ordered},
		{"no-consumer-fence", "stuck", ordered},
		{"flag-after-check", "stuck", ordered},
		{"flag-set-once", "stuck", spurious},
		{"clear-after-check", "stuck", ordered},
		{"ring-before-publish", "stuck", ordered},
		{"late-ring", "stuck", ordered},
		{"hoarding-producer", "stuck", ordered},
		{"hoarding-consumer", "stuck", ordered},
		{"position-before-bytes", "corrupt", ordered},
		{"position-unordered", "corrupt", weak},
		{"release-before-copy", "corrupt", ordered},
		{"release-before-copy", "reordered", filled},
		{"overfill", "corrupt", ordered},
		{"drop-when-full", "lost", filled},
		{"read-ahead", "corrupt", ordered},
		{"no-last-look", "lost", deadly},
		{"take-after-user-code", "false_not_started", deadly},
		{"count-before-publish", "cancel_missed", canceling},
		{"count-unordered", "cancel_missed", weakCanceling},
		{"stale-look-ahead", "cancel_missed", canceling},
	} {
		t.Run(test.bug+" "+test.property, func(t *testing.T) {
			found[test.bug] = true
			report := explore(t, test.scenario, test.bug)
			if report.Violation == nil {
				t.Fatalf("survived %d states", report.States)
			}
			if report.Violation.Property != test.property {
				t.Errorf("want a violation of %s, got %s", test.property, report.Violation)
			}
			t.Logf("%s after %d moves", report.Violation.Property, len(report.Violation.Schedule))
		})
	}
	for _, bug := range plantedBugs[1:] {
		if !found[bug] {
			t.Errorf("nothing looks for %s", bug)
		}
	}
}

//spec:test LIFE-050
func TestJudgingAtDeathIsTooEarly(t *testing.T) {
	scenario := Scenario{Slots: 2, Messages: mixed, Buffered: true, Kill: [2]bool{false, true}, JudgeAtDeath: true}
	report := explore(t, scenario, "")
	if report.Violation == nil || report.Violation.Property != "false_not_started" {
		t.Fatalf("want a false verdict, got %v", report.Violation)
	}
}

//spec:test BELL-010
func TestALostRingNeedsABound(t *testing.T) {
	report := explore(t, Scenario{Slots: 2, Messages: mixed, Buffered: true, Lossy: true}, "")
	if report.Violation == nil || report.Violation.Property != "stuck" {
		t.Fatalf("want a consumer that sleeps for ever, got %v", report.Violation)
	}
}

// Meeting a state again must not lose a schedule: their number is that of a plain
// walk which remembers nothing.
func TestSchedulesAreCountedAsByAPlainWalk(t *testing.T) {
	ctx := context.Background()
	module, err := NewSpecified(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer module.Close(ctx)
	scenario := Scenario{Slots: 2, Messages: small[:1], Kill: [2]bool{false, true}}
	report, err := Explore(&scenario, module.Producer(&scenario, ""), module.Consumer(&scenario, ""))
	if err != nil || report.Violation != nil {
		t.Fatal(err, report.Violation)
	}

	e, start, err := newExplorer(&scenario, module.Producer(&scenario, ""), module.Consumer(&scenario, ""))
	if err != nil {
		t.Fatal(err)
	}
	schedules := 0
	var walk func(s *state)
	walk = func(s *state) {
		goesOn, err := e.moves(s, func(_ move, next state, _ string) bool {
			walk(&next)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		if !goesOn {
			schedules++
		}
	}
	walk(start)
	if report.Schedules != float64(schedules) {
		t.Errorf("%v schedules over %d states, and %d by a plain walk", report.Schedules, report.States, schedules)
	}
	t.Logf("%d schedules", schedules)
}

func TestModulesAreWhatTheirSourceBuilds(t *testing.T) {
	for _, tool := range []string{"clang-19", "wasm-ld-19"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("only where the modules can be built: ", err)
		}
	}
	if output, err := exec.Command("testdata/build.sh", "--check").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

// A counter-example is a story that a person can follow.
func TestCounterExampleReads(t *testing.T) {
	report := explore(t, Scenario{Slots: 2, Messages: small[:1], Buffered: true}, "no-producer-fence")
	if report.Violation == nil {
		t.Fatal("survived")
	}
	t.Log(report.Violation)
	if first, want := report.Violation.Schedule[0], "producer: store slot 0 message_length, 0x40"; first != want {
		t.Errorf("first move %q, want %q", first, want)
	}
}
