//go:build linux

package torture

import (
	"github.com/ringwire/ringwire/executor"
)

// Report is what a run has found.
type Report struct {
	Seed      uint64         `json:"seed"`
	Workers   int            `json:"workers"`
	SlotCount int            `json:"slot_count"`
	SlotSize  int            `json:"slot_size"`
	Seconds   float64        `json:"seconds"`
	Faults    []Fault        `json:"faults"`
	Outcomes  []Outcome      `json:"outcomes"`
	Flaws     map[Flaw]int   `json:"flaws"`
	Examples  []string       `json:"examples,omitempty"` // of flaws
	Nonsense  int            `json:"nonsense"`           // records that no call can have left
	Leftovers Leftovers      `json:"leftovers"`
	Stats     executor.Stats `json:"stats"`
}

// Fault is how often a kind of fault was injected.
type Fault struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// Outcome is how many calls ended in a way, and how often their functions ran.
type Outcome struct {
	Ending string `json:"ending"`
	Calls  int    `json:"calls"`
	Never  int    `json:"never_ran"`
	Once   int    `json:"ran_once"`
	Again  int    `json:"ran_again"` // idempotent calls only, in a clean run
}

// Clean reports whether nothing is wrong.
func (r *Report) Clean() bool {
	n := r.Nonsense
	for _, count := range r.Flaws {
		n += count
	}
	return n == 0 && r.Leftovers == Leftovers{}
}

// Calls returns the number of all calls.
func (r *Report) Calls() int {
	n := 0
	for _, o := range r.Outcomes {
		n += o.Calls
	}
	return n
}

const maxExamples = 20

// account fills the report in.
func (r *Report) account(run *run, traces []trace, nonsense int) {
	run.mu.Lock()
	defer run.mu.Unlock()
	for _, f := range faults {
		r.Faults = append(r.Faults, Fault{f.name, run.faults[f.name]})
	}
	r.Nonsense = nonsense
	r.Flaws = map[Flaw]int{Lost: 0, Duplicated: 0, MixedUp: 0, Misjudged: 0, Unexpected: 0}
	outcomes := make([]Outcome, endings)
	for i, record := range run.records {
		o, t := &outcomes[record.ending], traces[i]
		o.Calls++
		switch t.begun {
		case 0:
			o.Never++
		case 1:
			o.Once++
		default:
			o.Again++
		}
		flaw := judge(record, t)
		if flaw == "" {
			continue
		}
		if r.Flaws[flaw]++; len(r.Examples) < maxExamples {
			call := uint64(i + 1)
			example := describe(call, record, t, string(flaw))
			if s := run.surprise[call]; s != "" {
				example += ": " + s
			}
			r.Examples = append(r.Examples, example)
		}
	}
	for e, o := range outcomes {
		if o.Calls > 0 {
			o.Ending = ending(e).String()
			r.Outcomes = append(r.Outcomes, o)
		}
	}
}
