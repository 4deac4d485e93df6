package schedules

import "fmt"

// move is one thing that can happen in a state.
type move struct {
	actor   int // a side, or one of those below
	request Request
	result  uint64
}

const (
	memoryOfProducer = 2 + iota // a store of that side lands
	memoryOfConsumer
	killer   // request.Cell is the side that dies
	stranger // rings
)

var fieldNames = [...]string{"write_position", "urgent_count", "read_position", "need_wakeup"}
var slotFieldNames = [...]string{"message_length", "fragment_offset", "data"}
var sideNames = [...]string{"producer", "consumer"}

func cellName(c Cell) string {
	if c < FirstSlot {
		return fieldNames[c]
	}
	return fmt.Sprintf("slot %d %s", (c-FirstSlot)/cellsOfSlot, slotFieldNames[(c-FirstSlot)%cellsOfSlot])
}

func (m move) String() string {
	switch m.actor {
	case memoryOfProducer, memoryOfConsumer:
		return fmt.Sprintf("          memory: %s = %#x of the %s lands", cellName(m.request.Cell), m.request.Value, sideNames[m.actor-memoryOfProducer])
	case killer:
		return fmt.Sprintf("          the %s dies", sideNames[m.request.Cell])
	case stranger:
		return "          a stranger rings the doorbell"
	}
	text := fmt.Sprintf("%s: %s", sideNames[m.actor], m.request.Kind)
	switch m.request.Kind {
	case Load:
		return fmt.Sprintf("%s %s yields %#x", text, cellName(m.request.Cell), m.result)
	case Store, StoreRelease, Exchange, Add:
		return fmt.Sprintf("%s %s, %#x", text, cellName(m.request.Cell), m.request.Value)
	case Await:
		return fmt.Sprintf("%s a change of %s: %s", text, cellName(m.request.Cell), reasonNames[m.result])
	case Wait:
		return fmt.Sprintf("%s: %s", text, reasonNames[m.result])
	case Choose:
		return fmt.Sprintf("%s %d", text, m.result)
	case Look:
		return fmt.Sprintf("%s at slot %d", text, m.request.Value)
	case Deliver:
		return fmt.Sprintf("%s message %d", text, m.request.Value&messageID)
	}
	return text
}

var reasonNames = [...]string{"the bound has passed", "it has happened", "the other side has died"}

// moves calls try for everything that can happen in s, with the state after it
// and the property that it violates, if any, until try returns false. It reports
// whether things go on by themselves: nobody can rely on a death or a stranger.
func (e *explorer) moves(s *state, try func(move, state, string) bool) (bool, error) {
	w := walker{e: e, s: s, try: try}
	for i := range s.sides {
		w.landings(i)
		w.steps(i)
	}
	if !w.moved && e.scenario.Bounded {
		w.passBounds()
	}
	moved := w.moved
	for i := range s.sides {
		w.death(i)
	}
	if s.rings > 0 && !s.bell {
		next := *s
		next.bell = true
		next.rings--
		w.yield(move{actor: stranger}, next, "")
	}
	return moved, w.err
}

// walker carries what the parts of moves share.
type walker struct {
	e       *explorer
	s       *state
	try     func(move, state, string) bool
	moved   bool
	stopped bool
	err     error
}

func (w *walker) yield(m move, next state, violation string) {
	w.moved = true
	if !w.stopped && w.err == nil {
		w.stopped = !w.try(m, next, violation)
	}
}

func (w *walker) landings(i int) {
	side := &w.s.sides[i]
	for index, store := range side.buffer {
		if !side.mayLand(index, w.e.scenario.Weak) {
			continue
		}
		next := *w.s
		next.land(i, index)
		w.yield(move{memoryOfProducer + i, Request{Cell: store.Cell, Value: store.Value}, 0}, next, "")
	}
}

func (w *walker) death(i int) {
	if !w.e.scenario.Kill[i] || !w.e.lives(w.s, i) {
		return
	}
	next := *w.s
	next.sides[i].dead = true
	if i == Consumer && w.e.scenario.JudgeAtDeath {
		next.judged, next.verdict = true, next.cells[ReadPosition]
	}
	w.yield(move{actor: killer, request: Request{Cell: Cell(i)}}, next, "")
}

// steps makes the moves of the side itself.
func (w *walker) steps(i int) {
	if w.s.sides[i].dead {
		return
	}
	s := w.s
	request := w.e.request(s, i)
	drained := len(s.sides[i].buffer) == 0
	switch request.Kind {
	case Load:
		cells := s.view(i)
		w.step(i, cells[request.Cell], nil)
	case Store, StoreRelease:
		store := pending{Write{request.Cell, request.Value}, request.Kind == StoreRelease}
		w.step(i, 0, func(next *state) {
			if w.e.scenario.Buffered {
				next.sides[i].push(store)
			} else {
				next.cells[store.Cell] = store.Value
			}
		})
	case Exchange:
		if drained {
			w.step(i, 0, func(next *state) { next.cells[request.Cell] = request.Value })
		}
	case Add:
		if drained {
			sum := s.cells[request.Cell] + request.Value
			w.step(i, sum, func(next *state) { next.cells[request.Cell] = sum })
		}
	case Fence:
		if drained {
			w.step(i, 0, nil)
		}
	case Ring:
		w.step(i, 0, func(next *state) { next.bell = true })
		if w.e.scenario.Lossy {
			w.step(i, 0, nil)
		}
	case Look:
		w.step(i, 0, nil)
	case Clear:
		w.step(i, 0, func(next *state) { next.bell = false })
	case Wait, Await:
		if s.bell && request.Kind == Wait || request.Kind == Await && s.cells[request.Cell] != request.Value {
			w.step(i, Happened, nil)
		}
		if other := &s.sides[1-i]; other.dead && len(other.buffer) == 0 {
			w.step(i, OtherDied, nil)
		}
		if request.Kind == Wait && s.bounds > 0 {
			w.step(i, BoundPassed, func(next *state) { next.bounds-- })
		}
	case Choose:
		w.step(i, 0, nil)
		w.step(i, 1, nil)
	case Deliver:
		violation := w.e.judgeDelivery(s, request.Value)
		w.stepTo(i, 0, violation, func(next *state) {
			if request.Value&Canceled == 0 {
				next.ran |= 1 << next.next
			}
			next.next++
		})
	case GiveUp:
		w.stepTo(i, 0, "corrupt", nil)
	case Failed:
		w.yield(move{actor: i, request: request}, *s, "failed")
	}
}

// passBounds ends the sleeps that only their bound can end.
func (w *walker) passBounds() {
	for i := range w.s.sides {
		if !w.s.sides[i].dead && w.e.request(w.s, i).Kind == Wait {
			w.step(i, BoundPassed, nil)
		}
	}
}

func (w *walker) step(i int, result uint64, effect func(*state)) { w.stepTo(i, result, "", effect) }

// stepTo lets side i go on with result.
func (w *walker) stepTo(i int, result uint64, violation string, effect func(*state)) {
	if w.err != nil || w.stopped {
		return
	}
	next := *w.s
	if effect != nil {
		effect(&next)
	}
	w.err = w.e.advance(&next, i, result)
	w.yield(move{i, w.e.request(w.s, i), result}, next, violation)
}
