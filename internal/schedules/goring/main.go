// Command goring explores package ring, both ends against each other and each
// against the algorithm of the specification. It has to be built with an overlay
// that puts package shared in the place of sync/atomic; main_test.go does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"unsafe"

	"github.com/ringwire/ringwire/internal/schedules"
	"github.com/ringwire/ringwire/internal/schedules/shared"
)

func main() {
	releaseStores := flag.Bool("release-stores", false, "take the atomics' stores for mere releases")
	only := flag.String("pairing", "", "explore the pairing of this name only")
	flag.Parse()
	if !instrumented() {
		fmt.Fprintln(os.Stderr, "goring: build it with the overlay, as main_test.go does")
		os.Exit(2)
	}
	if err := explore(*releaseStores, *only); err != nil {
		fmt.Fprintln(os.Stderr, "goring:", err)
		os.Exit(2)
	}
}

// instrumented tells whether package ring uses package shared.
func instrumented() bool {
	used := false
	shared.Access = func(shared.Op, unsafe.Pointer, uint64) uint64 { used = true; return 0 }
	s := subject{scenario: &schedules.Scenario{Slots: 2}}
	region, err := s.begin(nil)
	if err == nil {
		region.RequestConsumer()
	}
	return used
}

// pairing is a scenario and who plays which side.
type pairing struct {
	name   string
	goEnds [2]bool // the others are specified
	schedules.Scenario
}

func pairings() []pairing {
	one, three := schedules.Message{Fragments: 1}, schedules.Message{Fragments: 3}
	plain := schedules.Scenario{Slots: 2, Messages: []schedules.Message{one, three, one}, Buffered: true, Spurious: 1}
	answers, requests := plain, plain
	answers.Messages = plain.Messages[:2]
	answers.Kill[schedules.Producer] = true
	requests.Slots = 4
	requests.Messages = []schedules.Message{one, {Fragments: 2}, {Fragments: 1, Cancels: 2}}
	requests.Kill[schedules.Consumer] = true
	both := [2]bool{true, true}
	deadly := answers
	deadly.Kill = both
	return []pairing{
		{"Go to Go", both, plain},
		{"Go to Go, either may die", both, deadly},
		{"Go to specified", [2]bool{true, false}, plain},
		{"specified to Go", [2]bool{false, true}, plain},
		{"Go to specified with CANCEL, the worker may die", [2]bool{true, false}, requests},
		{"specified to Go, the worker may die", [2]bool{false, true}, answers},
	}
}

// explore prints a line for each pairing: its name, then what it violates or
// "holds", then numbers.
func explore(releaseStores bool, only string) error {
	ctx := context.Background()
	specified, err := schedules.NewSpecified(ctx, "")
	if err != nil {
		return err
	}
	defer specified.Close(ctx)
	for _, p := range pairings() {
		if only != "" && p.name != only {
			continue
		}
		ends := [2]schedules.Subject{specified.Producer(&p.Scenario, ""), specified.Consumer(&p.Scenario, "")}
		for side := range ends {
			if p.goEnds[side] {
				ends[side] = &subject{scenario: &p.Scenario, side: side, releaseStore: releaseStores}
			}
		}
		report, err := schedules.Explore(&p.Scenario, ends[schedules.Producer], ends[schedules.Consumer])
		if err != nil {
			return err
		}
		if report.Violation != nil {
			fmt.Printf("%s\t%s\t%d moves\n", p.name, report.Violation.Property, len(report.Violation.Schedule))
			fmt.Fprintln(os.Stderr, p.name+":", report.Violation)
			continue
		}
		fmt.Printf("%s\tholds\t%d states, %.1e schedules, automata of %v nodes\n",
			p.name, report.States, report.Schedules, report.Nodes)
	}
	return nil
}
