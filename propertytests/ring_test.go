package propertytests

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/commands"
	"github.com/leanovate/gopter/gen"

	"github.com/ringwire/ringwire/ring"
)

// fragment is what the model knows of a slot: its message and whether it is the
// last one of it.
type fragment struct {
	message int // length, which also determines the bytes
	last    bool
}

// ringModel is what a ring must be: a plain queue of fragments with a bound.
type ringModel struct {
	geometry ring.Geometry
	slots    []fragment // published and not released
	message  int        // that is being written, 0: none
	left     int        // fragments of it that found no room
}

// push moves as many fragments into the ring as there is room for.
func (m ringModel) push() ringModel {
	m.slots = slices.Clone(m.slots)
	for m.left > 0 && len(m.slots) < m.geometry.SlotCount {
		m.left--
		m.slots = append(m.slots, fragment{m.message, m.left == 0})
	}
	if m.left == 0 {
		m.message = 0
	}
	return m
}

// ringSystem is the real thing: both ends of one ring.
type ringSystem struct {
	producer *ring.Producer
	consumer *ring.Consumer
	rest     []byte
}

// bytesOf returns the content of a message of n bytes.
func bytesOf(n int) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func verdict(problem string) *gopter.PropResult {
	if problem == "" {
		return &gopter.PropResult{Status: gopter.PropTrue}
	}
	return &gopter.PropResult{Status: gopter.PropFalse, Labels: []string{problem}}
}

// send sends a message of so many bytes, or as much of it as there is room for.
type send int

func (c send) String() string                     { return fmt.Sprintf("send(%d)", int(c)) }
func (c send) PreCondition(s commands.State) bool { return s.(ringModel).left == 0 }
func (c send) fragments(g ring.Geometry) int      { return (int(c) + g.SlotSize - 1) / g.SlotSize }
func (c send) refused(m ringModel) bool {
	return c.fragments(m.geometry) == 1 && len(m.slots) == m.geometry.SlotCount
}
func (c send) NextState(s commands.State) commands.State {
	m := s.(ringModel)
	if c.refused(m) {
		return m
	}
	m.message, m.left = int(c), c.fragments(m.geometry)
	return m.push()
}

func (c send) Run(s commands.SystemUnderTest) commands.Result {
	sut := s.(*ringSystem)
	if !sut.producer.Fits(int(c)) {
		sut.producer.Begin(int(c))
		sut.rest = bytesOf(int(c))
		return sut.write()
	}
	slot, err := sut.producer.Claim(int(c))
	if err == nil {
		copy(slot, bytesOf(int(c)))
		sut.producer.Commit()
	}
	return err
}

func (sut *ringSystem) write() error {
	n, err := sut.producer.Write(sut.rest)
	sut.rest = sut.rest[n:]
	return err
}

// PostCondition gets the state after the command. A refused message changes
// nothing, so a full ring before is a full ring after.
func (c send) PostCondition(s commands.State, r commands.Result) *gopter.PropResult {
	m, err := s.(ringModel), error(nil)
	if r != nil {
		err = r.(error)
	}
	switch {
	case err != nil && !errors.Is(err, ring.ErrFull):
		return verdict(err.Error())
	case err != nil && !c.refused(m):
		return verdict("refused although there was room")
	}
	return verdict("")
}

// goOn writes more of a message that found no room.
type goOn struct{}

func (goOn) String() string                                 { return "goOn" }
func (goOn) PreCondition(s commands.State) bool             { return s.(ringModel).left > 0 }
func (goOn) NextState(s commands.State) commands.State      { return s.(ringModel).push() }
func (goOn) Run(s commands.SystemUnderTest) commands.Result { return s.(*ringSystem).write() }
func (goOn) PostCondition(s commands.State, r commands.Result) *gopter.PropResult {
	if r != nil {
		return verdict(r.(error).Error())
	}
	return verdict("")
}

// receive takes a message, if one is there in full.
type receive struct{}

// received is what receive got, to be compared with what the model had.
type received struct {
	message []byte
	err     error
	free    uint64
}

func (receive) String() string                     { return "receive" }
func (receive) PreCondition(s commands.State) bool { return true }
func (receive) NextState(s commands.State) commands.State {
	m := s.(ringModel)
	end := slices.IndexFunc(m.slots, func(f fragment) bool { return f.last })
	if end < 0 {
		end = len(m.slots) - 1
	}
	m.slots = slices.Clone(m.slots[end+1:])
	return m
}

func (receive) Run(s commands.SystemUnderTest) commands.Result {
	sut := s.(*ringSystem)
	message, _, err := sut.consumer.Next()
	r := received{slices.Clone(message), err, 0}
	if err == nil {
		r.free, r.err = sut.producer.Free(1 << 20)
	}
	return r
}

func (receive) PostCondition(s commands.State, result commands.Result) *gopter.PropResult {
	m, r := s.(ringModel), result.(received)
	switch {
	case r.err != nil:
		return verdict(r.err.Error())
	case r.message != nil && !slices.Equal(r.message, bytesOf(len(r.message))):
		return verdict("bytes changed on their way")
	case r.free != uint64(m.geometry.SlotCount-len(m.slots)):
		return verdict(fmt.Sprintf("%d slots are free, the model has %d in use", r.free, len(m.slots)))
	}
	return verdict("")
}

// expecting is receive with what the model says must come.
type expecting struct {
	receive
	want int
}

// TestRingIsAQueue plays random commands against the model: messages of one slot,
// of several and of more than the ring, sent in full or in part, received at any
// moment.
//
//spec:test RING-002
//spec:test RING-009
//spec:test RING-012
//spec:test RING-014
func TestRingIsAQueue(t *testing.T) {
	for _, geometry := range []ring.Geometry{
		{SlotCount: 2, SlotSize: 64, MaxMessage: 1024},
		{SlotCount: 8, SlotSize: 72, MaxMessage: 4096},
	} {
		t.Run(fmt.Sprintf("slots=%d", geometry.SlotCount), func(t *testing.T) {
			check(t, map[string]gopter.Prop{"ring is a queue": commands.Prop(&commands.ProtoCommands{
				InitialStateGen: gen.Const(ringModel{geometry: geometry}),
				NewSystemUnderTestFunc: func(commands.State) commands.SystemUnderTest {
					words := make([]uint64, geometry.RegionSize()/8)
					memory := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), geometry.RegionSize())
					region, err := ring.Format(memory, ring.Header{Geometry: geometry, Generation: 1, PayloadEncoding: ring.PayloadEncodingJSON})
					if err != nil {
						t.Fatal(err)
					}
					return &ringSystem{producer: region.RequestProducer(), consumer: region.RequestConsumer()}
				},
				GenCommandFunc: func(s commands.State) gopter.Gen {
					m := s.(ringModel)
					next := gen.OneGenOf(
						gen.Const(commands.Command(expecting{want: m.front()})),
						gen.IntRange(1, geometry.SlotSize).Map(func(n int) commands.Command { return send(n) }),
						gen.IntRange(1, geometry.MaxMessage).Map(func(n int) commands.Command { return send(n) }),
					)
					if m.left > 0 {
						next = gen.OneConstOf(commands.Command(goOn{}), commands.Command(expecting{want: m.front()}))
					}
					return next
				},
			})})
		})
	}
}

// front returns the length of the message that receive must yield, 0: none.
func (m ringModel) front() int {
	for _, f := range m.slots {
		if f.last {
			return f.message
		}
	}
	return 0
}

func (e expecting) PostCondition(s commands.State, result commands.Result) *gopter.PropResult {
	if got := len(result.(received).message); got != e.want {
		return verdict(fmt.Sprintf("received a message of %d bytes, want %d", got, e.want))
	}
	return e.receive.PostCondition(s, result)
}
