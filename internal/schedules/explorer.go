package schedules

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Report is what an exploration has seen.
type Report struct {
	States    int     // different ones
	Moves     int     // from one state to another
	Depth     int     // moves of the longest schedule
	Schedules float64 // different ways from the start to an end
	Nodes     [2]int  // size of each side's automaton

	Violation *Violation // nil: every schedule is good
}

// Violation is a property that does not hold, with a shortest schedule that
// shows it.
type Violation struct {
	Property string // as in spec/models
	Schedule []string
}

func (v *Violation) String() string {
	return fmt.Sprintf("%s after %d moves:\n%s", v.Property, len(v.Schedule), strings.Join(v.Schedule, "\n"))
}

// explorer visits the states of a scenario.
type explorer struct {
	scenario *Scenario
	automata [2]*automaton
	report   Report
	buffer   []byte // for keys
}

// Explore visits every state that the two subjects can reach in the scenario.
// The error is of the machinery; what is wrong with the subjects is in the report.
func Explore(s *Scenario, producer, consumer Subject) (*Report, error) {
	e, start, err := newExplorer(s, producer, consumer)
	if err != nil {
		return nil, err
	}
	v := visit{explorer: e, seen: map[string]int32{}}
	if _, err := v.schedules(start, 0); err != nil {
		return nil, err
	}
	report := &e.report
	report.States = len(v.counts)
	if v.violated {
		if report.Violation, err = e.shortest(start); err != nil {
			return nil, err
		}
	} else {
		report.Schedules = v.counts[0]
	}
	for i, a := range e.automata {
		report.Nodes[i] = len(a.nodes)
	}
	return report, nil
}

// newExplorer returns an explorer and the state in which everything begins.
func newExplorer(s *Scenario, producer, consumer Subject) (*explorer, *state, error) {
	if s.Slots > maxSlots {
		panic(fmt.Sprintf("schedules: too many slots: slots=%d maximum=%d", s.Slots, maxSlots))
	}
	e := &explorer{scenario: s}
	start := &state{rings: s.Spurious, bounds: s.Early}
	for i, subject := range []Subject{producer, consumer} {
		var err error
		if e.automata[i], err = newAutomaton(subject); err != nil {
			return nil, nil, err
		}
		e.enter(start, i, 0)
	}
	return e, start, nil
}

// visit is a depth-first walk over the states, which form no circle.
type visit struct {
	*explorer
	seen     map[string]int32 // index into counts
	counts   []float64        // schedules from there to an end; NaN: still under way
	violated bool
}

// schedules returns in how many ways things can go on from s. It gives up at the
// first violation.
func (v *visit) schedules(s *state, depth int) (float64, error) {
	v.buffer = s.key(v.buffer)
	if index, ok := v.seen[string(v.buffer)]; ok {
		v.violated = v.violated || math.IsNaN(v.counts[index])
		return v.counts[index], nil
	}
	index := int32(len(v.counts))
	v.seen[string(v.buffer)] = index
	v.counts = append(v.counts, math.NaN())
	v.report.Depth = max(v.report.Depth, depth)

	var total float64
	var deeper error
	goesOn, err := v.moves(s, func(_ move, next state, violation string) bool {
		v.report.Moves++
		if violation != "" {
			v.violated = true
			return false
		}
		var n float64
		n, deeper = v.schedules(&next, depth+1)
		total += n
		return deeper == nil && !v.violated
	})
	if err == nil {
		err = deeper
	}
	if !goesOn {
		total++
		v.violated = v.violated || v.judgeEnd(s) != ""
	}
	v.counts[index] = total
	return total, err
}

// shortest finds a violation again, breadth first.
func (e *explorer) shortest(start *state) (*Violation, error) {
	type step struct {
		state
		move
		from int32
	}
	steps := []step{{state: *start, from: -1}}
	seen := map[string]int32{string(start.key(nil)): 0}
	schedule := func(i int32) []string {
		var lines []string
		for ; steps[i].from >= 0; i = steps[i].from {
			lines = append(lines, steps[i].move.String())
		}
		slices.Reverse(lines)
		return lines
	}
	for i := int32(0); int(i) < len(steps); i++ {
		s := steps[i].state
		var found *Violation
		goesOn, err := e.moves(&s, func(m move, next state, violation string) bool {
			if violation != "" {
				found = &Violation{violation, append(schedule(i), m.String())}
				return false
			}
			e.buffer = next.key(e.buffer)
			if _, ok := seen[string(e.buffer)]; !ok {
				seen[string(e.buffer)] = int32(len(steps))
				steps = append(steps, step{next, m, i})
			}
			return true
		})
		if err != nil || found != nil {
			return found, err
		}
		if property := e.judgeEnd(&s); !goesOn && property != "" {
			return &Violation{property, schedule(i)}, nil
		}
	}
	return &Violation{"stuck", []string{"the sides run in a circle"}}, nil
}

// request is what side i asks for in s.
func (e *explorer) request(s *state, i int) Request {
	return e.automata[i].nodes[s.sides[i].node].Request
}

// lives tells whether side i can still do something.
func (e *explorer) lives(s *state, i int) bool {
	return !s.sides[i].dead && e.request(s, i).Kind != Done
}

// advance gives side i the result of its request.
func (e *explorer) advance(s *state, i int, result uint64) error {
	view := s.view(i)
	next, err := e.automata[i].step(s.sides[i].node, result, &view)
	if err == nil {
		e.enter(s, i, next)
	}
	return err
}

// enter puts side i on a node; what it has stored without asking goes into its
// buffer.
func (e *explorer) enter(s *state, i int, n node) {
	s.sides[i].node = n
	for _, write := range e.automata[i].nodes[n].Writes {
		if e.scenario.Buffered {
			s.sides[i].push(pending{Write: write})
		} else {
			s.cells[write.Cell] = write.Value
		}
	}
}
