package schedules

import (
	"fmt"
	"slices"
)

// node is a point in the life of a subject.
type node = uint32

// automaton is the behaviour of a subject, found out as it is needed.
type automaton struct {
	subject Subject
	nodes   []behaviour
	points  map[point]node
}

type behaviour struct {
	Answer
	parent node // the way to reach it again; the start is its own parent
	turn   Turn
	next   []edge
}

type edge struct {
	turn Turn
	to   node
}

// point identifies nodes that have the same future.
type point struct {
	name    string
	request Request
	writes  string
}

func (answer Answer) point() point {
	return point{answer.Point, answer.Request, fmt.Sprint(answer.Writes)}
}

func newAutomaton(s Subject) (*automaton, error) {
	a := &automaton{subject: s, points: map[point]node{}}
	answer, err := s.Run(nil)
	if err != nil {
		return nil, err
	}
	a.add(answer, 0, Turn{})
	return a, nil
}

// step returns the node that follows n when its request yields result and memory
// looks like this.
func (a *automaton) step(n node, result uint64, view *Cells) (node, error) {
	turn := Turn{Result: result}
	if request := a.nodes[n].Request; request.Kind == Look {
		copy(turn.Slot[:], view[SlotCell(int(request.Value), 0):])
	}
	for i := range a.nodes[n].next {
		if known := &a.nodes[n].next[i]; known.turn.Result == result && known.turn == turn {
			return known.to, nil
		}
	}
	answer, err := a.subject.Run(append(a.history(n), turn))
	if err != nil {
		return 0, err
	}
	next, known := a.points[answer.point()]
	if !known {
		next = a.add(answer, n, turn)
	}
	a.nodes[n].next = append(a.nodes[n].next, edge{turn, next})
	return next, nil
}

func (a *automaton) add(answer Answer, parent node, turn Turn) node {
	n := node(len(a.nodes))
	a.nodes = append(a.nodes, behaviour{Answer: answer, parent: parent, turn: turn})
	if answer.Point != "" {
		a.points[answer.point()] = n
	}
	return n
}

// history returns the turns that lead to n.
func (a *automaton) history(n node) []Turn {
	var turns []Turn
	for ; n != 0; n = a.nodes[n].parent {
		turns = append(turns, a.nodes[n].turn)
	}
	slices.Reverse(turns)
	return turns
}
