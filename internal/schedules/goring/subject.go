package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/ringwire/ringwire/internal/schedules"
	"github.com/ringwire/ringwire/internal/schedules/shared"
	"github.com/ringwire/ringwire/ring"
)

// Where the request ring lies in a region (spec chapter 02), for the smallest
// slots.
const (
	controlOffset = 512
	slotsOffset   = 4096
	slotStride    = 128
)

var controlCells = map[uintptr]schedules.Cell{
	0:   schedules.WritePosition,
	8:   schedules.UrgentCount,
	128: schedules.ReadPosition,
	256: schedules.NeedWakeup,
}

// subject runs one side of package ring. The package accesses the control block
// through the hooks of package shared, and tells which slot it is going to use;
// that slot it then reads and writes directly, in memory that has been made to
// look as it would at that moment. So what it does to a slot between two accesses
// happens in one moment, except that its stores land one by one.
type subject struct {
	scenario     *schedules.Scenario
	side         int
	releaseStore bool // take the atomics' stores for mere releases

	memory  []byte
	turns   []schedules.Turn
	looksAt int       // the slot that it may use until its next request
	view    [3]uint64 // what that slot was when it was looked at
	asked   int       // requests since the last mark
	point   string
	seen    uint64 // the last read_position loaded
}

const none = -1 // not looking at any slot

// paused ends a run that asks for more than there are turns.
type paused struct{ schedules.Answer }

// Run does what Subject says. A panic of package ring is an answer like another.
func (s *subject) Run(turns []schedules.Turn) (answer schedules.Answer, err error) {
	region, err := s.begin(turns)
	if err != nil {
		return answer, err
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case paused:
			answer = r.Answer
		default:
			answer.Request = schedules.Request{Kind: schedules.Failed}
		}
	}()
	shared.Touch = s.touch
	shared.Access = direct
	if s.side == schedules.Producer {
		producer := region.RequestProducer()
		shared.Access = s.access
		s.produce(producer)
	} else {
		consumer := region.RequestConsumer()
		shared.Access = s.access
		s.consume(consumer)
	}
	return schedules.Answer{Request: schedules.Request{Kind: schedules.Done}, Writes: s.writes(), Point: "done"}, nil
}

// begin makes an empty region.
func (s *subject) begin(turns []schedules.Turn) (*ring.Region, error) {
	g := ring.Geometry{SlotCount: s.scenario.Slots, SlotSize: schedules.SlotSize, MaxMessage: ring.MaxMessageMin}
	if s.memory == nil {
		words := make([]uint64, g.RegionSize()/8)
		s.memory = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), g.RegionSize())
	}
	clear(s.memory)
	header := ring.Header{Geometry: g, Generation: 1}
	s.turns, s.looksAt, s.asked, s.point, s.seen = turns, none, 0, "", 0
	return ring.Format(s.memory, header)
}

// direct serves the constructors, which look at a ring that nobody uses yet.
func direct(shared.Op, unsafe.Pointer, uint64) uint64 { return 0 }

// access serves the atomics of package ring.
func (s *subject) access(op shared.Op, address unsafe.Pointer, value uint64) uint64 {
	offset := uintptr(address) - uintptr(unsafe.Pointer(unsafe.SliceData(s.memory))) - controlOffset
	cell, ok := controlCells[offset]
	if !ok {
		panic(fmt.Sprintf("access outside of the control block: offset=%d", offset))
	}
	kind := schedules.Load
	switch {
	case op == shared.Store && s.releaseStore:
		kind = schedules.StoreRelease
	case op == shared.Store:
		kind = schedules.Exchange
	case op == shared.Add:
		kind = schedules.Add
	}
	result := s.ask(schedules.Request{Kind: kind, Cell: cell, Value: value})
	if cell == schedules.ReadPosition {
		s.seen = result
	}
	return result
}

// touch serves the accesses of package ring to slots.
func (s *subject) touch(slot []byte) []byte {
	offset := uintptr(unsafe.Pointer(unsafe.SliceData(slot))) - uintptr(unsafe.Pointer(unsafe.SliceData(s.memory)))
	if index := int(offset-slotsOffset) / slotStride; index != s.looksAt {
		s.ask(schedules.Request{Kind: schedules.Look, Value: uint64(index)})
	}
	return slot
}

// ask passes a request on and returns its result, or ends the run.
func (s *subject) ask(request schedules.Request) uint64 {
	if len(s.turns) == 0 {
		answer := schedules.Answer{Request: request, Writes: s.writes()}
		if s.asked == 0 {
			answer.Point = s.point
		}
		panic(paused{answer})
	}
	turn := s.turns[0]
	s.turns = s.turns[1:]
	s.asked++
	s.looksAt = none
	if request.Kind == schedules.Look {
		s.looksAt, s.view = int(request.Value), turn.Slot
		slot := s.slot(s.looksAt)
		binary.LittleEndian.PutUint32(slot, uint32(s.view[schedules.MessageLength]))
		binary.LittleEndian.PutUint32(slot[4:], uint32(s.view[schedules.FragmentOffset]))
		binary.LittleEndian.PutUint64(slot[8:], s.view[schedules.Data])
	}
	return turn.Result
}

// writes tells what has changed in the slot since it was looked at.
func (s *subject) writes() []schedules.Write {
	if s.looksAt == none {
		return nil
	}
	var writes []schedules.Write
	note := func(field schedules.Cell, value uint64) {
		if value != s.view[field] {
			writes = append(writes, schedules.Write{Cell: schedules.SlotCell(s.looksAt, field), Value: value})
		}
	}
	slot := s.slot(s.looksAt)
	note(schedules.MessageLength, uint64(binary.LittleEndian.Uint32(slot)))
	note(schedules.FragmentOffset, uint64(binary.LittleEndian.Uint32(slot[4:])))
	note(schedules.Data, binary.LittleEndian.Uint64(slot[8:]))
	return writes
}

func (s *subject) slot(index int) []byte { return s.memory[slotsOffset+index*slotStride:] }

// mark says that the side remembers nothing but this handle and these numbers.
func (s *subject) mark(handle any, numbers ...any) {
	var b strings.Builder
	fmt.Fprint(&b, s.looksAt, " ")
	fmt.Fprint(&b, numbers...)
	describe(&b, reflect.ValueOf(handle).Elem())
	s.point, s.asked = b.String(), 0
}

// describe writes down what a handle remembers: its numbers and its own bytes,
// but neither pointers nor shared memory.
func describe(b *strings.Builder, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			describe(b, field)
		case field.CanUint():
			fmt.Fprint(b, " ", field.Uint())
		case field.CanInt():
			fmt.Fprint(b, " ", field.Int())
		case field.Kind() == reflect.Bool:
			fmt.Fprint(b, " ", field.Bool())
		case field.Kind() == reflect.Slice && v.Type().Field(i).Name != "mem":
			fmt.Fprintf(b, " %x", field.Bytes())
		}
	}
}

// produce sends the messages of the scenario as executor/lane.go does.
func (s *subject) produce(p *ring.Producer) {
	for m, message := range s.scenario.Messages {
		content := s.content(m)
		var sent bool
		if p.Fits(len(content)) {
			sent = s.sendSmall(p, m, content)
		} else {
			p.Begin(len(content))
			sent = s.sendLarge(p, m, content)
		}
		if !sent {
			return
		}
		if message.Cancels > 0 {
			p.Urge()
		}
		s.wake(p)
	}
}

func (s *subject) sendSmall(p *ring.Producer, m int, content []byte) bool {
	for {
		s.mark(p, m)
		slot, err := p.Claim(len(content))
		if err == nil {
			copy(slot, content)
			p.Commit()
			return true
		}
		if !errors.Is(err, ring.ErrFull) {
			s.ask(schedules.Request{Kind: schedules.GiveUp})
			return false
		}
		if !s.awaitSlot() {
			return false
		}
	}
}

func (s *subject) sendLarge(p *ring.Producer, m int, rest []byte) bool {
	for {
		s.mark(p, m, " ", len(rest))
		n, err := p.Write(rest)
		if err != nil {
			s.ask(schedules.Request{Kind: schedules.GiveUp})
			return false
		}
		if rest = rest[n:]; len(rest) == 0 {
			return true
		}
		s.wake(p)
		if n == 0 && !s.awaitSlot() {
			return false
		}
	}
}

func (s *subject) wake(p *ring.Producer) {
	if p.NeedsWakeup() {
		s.ask(schedules.Request{Kind: schedules.Ring})
	}
}

// awaitSlot stands for the bounded sleeps of a producer. It returns false when
// the consumer has died.
func (s *subject) awaitSlot() bool {
	request := schedules.Request{Kind: schedules.Await, Cell: schedules.ReadPosition, Value: s.seen}
	return s.ask(request) != schedules.OtherDied
}

// consume receives as executor/receive.go does.
func (s *subject) consume(c *ring.Consumer) {
	widowed := false
	for received := 0; received < len(s.scenario.Messages); {
		s.mark(c, received, " ", widowed)
		message, _, err := c.Next()
		switch {
		case err != nil:
			s.ask(schedules.Request{Kind: schedules.GiveUp})
			return
		case message != nil:
			s.ask(schedules.Request{Kind: schedules.Deliver, Value: s.identify(message)})
			received++
		case widowed:
			return
		default:
			if c.PrepareSleep() {
				widowed = s.ask(schedules.Request{Kind: schedules.Wait}) == schedules.OtherDied
				s.ask(schedules.Request{Kind: schedules.Clear})
			}
			c.Awake()
		}
	}
}

// content is message m: one word at the beginning of each fragment.
func (s *subject) content(m int) []byte {
	content := make([]byte, s.scenario.Messages[m].Length())
	for fragment := range s.scenario.Messages[m].Fragments {
		binary.LittleEndian.PutUint64(content[fragment*schedules.SlotSize:], s.scenario.Word(m, fragment))
	}
	return content
}

func (s *subject) identify(message []byte) uint64 {
	var words []uint64
	for ; len(message) >= schedules.SlotSize; message = message[schedules.SlotSize:] {
		words = append(words, binary.LittleEndian.Uint64(message))
	}
	return s.scenario.Identify(words)
}
