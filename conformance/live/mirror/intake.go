//go:build linux

package mirror

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/ring"
)

// intake is the consuming end of the request ring. Other than the consumer of
// package ring it lets a message be looked at before it is taken.
type intake struct {
	fault    Fault
	mem      []byte
	geometry ring.Geometry

	writePosition *atomic.Uint64
	urgentCount   *atomic.Uint32
	readPosition  *atomic.Uint64
	needWakeup    *atomic.Uint32

	read    uint64 // released up to here
	copied  uint64 // copied up to here
	scanned uint64 // looked at by lookAhead up to here
	urgent  uint32 // urgent_count seen last
	message []byte // what has been copied of the message at hand
	length  int    // its message_length, 0: there is none
}

func newIntake(mem []byte, g ring.Geometry, f Fault) *intake {
	in := &intake{
		fault: f, mem: mem, geometry: g,
		writePosition: layout.Word64(mem, layout.RequestControl+layout.WritePosition),
		urgentCount:   layout.Word32(mem, layout.RequestControl+layout.UrgentCount),
		readPosition:  layout.Word64(mem, layout.RequestControl+layout.ReadPosition),
		needWakeup:    layout.Word32(mem, layout.RequestControl+layout.NeedWakeup),
	}
	if f != PositionsFromZero {
		in.read = in.readPosition.Load()
	}
	in.copied = in.read
	return in
}

// published loads the producer's position.
func (in *intake) published() (uint64, error) {
	write := in.writePosition.Load()
	if in.fault == Positions32Bit {
		write = uint64(uint32(write))
	}
	if write-in.read > uint64(in.geometry.SlotCount) {
		if in.fault == TrustsPosition {
			return in.copied, nil
		}
		return 0, &ring.CorruptError{Code: ring.CodeRingPosition, Field: "write_position", Value: write, Bound: in.read}
	}
	return write, nil
}

// header reads the header of a slot and checks it against what is known of the
// message: its length, 0 if this is the first fragment, and the bytes so far.
func (in *intake) header(position uint64, length, sofar int) (int, error) {
	slot := layout.RequestSlot(in.mem, in.geometry, position)
	l := uint64(binary.LittleEndian.Uint32(slot[layout.MessageLength:]))
	o := uint64(binary.LittleEndian.Uint32(slot[layout.FragmentOffset:]))
	most := uint64(in.geometry.MaxMessage)
	if in.fault == TrustsLength {
		l = min(max(l, 1), most)
	}
	if l == 0 || l > most {
		return 0, &ring.CorruptError{Code: ring.CodeRingLength, Field: "message_length", Value: l, Bound: most}
	}
	if length != 0 && l != uint64(length) {
		return 0, &ring.CorruptError{Code: ring.CodeRingFragment, Field: "message_length", Value: l, Bound: uint64(length)}
	}
	if o != uint64(sofar) && in.fault != TrustsOffset {
		return 0, &ring.CorruptError{Code: ring.CodeRingFragment, Field: "fragment_offset", Value: o, Bound: uint64(sofar)}
	}
	return int(l), nil
}

func (in *intake) whole() bool { return in.length != 0 && len(in.message) == in.length }

// slots is how many slots a message takes.
func (in *intake) slots(length int) uint64 {
	return uint64((length + in.geometry.SlotSize - 1) / in.geometry.SlotSize)
}

// peek returns the next message, nil if it is not all there. The last slot stays
// unreleased until take.
func (in *intake) peek() ([]byte, error) {
	if in.whole() {
		return in.message, nil
	}
	write, err := in.published()
	if err != nil {
		return nil, err
	}
	for in.copied != write && !in.whole() {
		length, err := in.header(in.copied, in.length, len(in.message))
		if err != nil {
			return nil, err
		}
		if in.length == 0 && in.fault == BelievesLength {
			in.message = make([]byte, 0, length)
		}
		if in.length == 0 && in.fault == TakesFirstFragment {
			in.release(in.copied + in.slots(length))
		}
		in.length = length
		data := layout.RequestSlot(in.mem, in.geometry, in.copied)[layout.SlotHeaderSize:]
		in.message = append(in.message, data[:min(len(data), length-len(in.message))]...)
		in.copied++
		if !in.whole() && in.fault != HoardsFragments && in.fault != TakesFirstFragment {
			in.release(in.copied)
		}
	}
	if !in.whole() {
		return nil, nil
	}
	return in.message, nil
}

// take releases what is left of the message at hand.
func (in *intake) take() {
	in.release(in.copied)
	in.message, in.length = nil, 0
}

func (in *intake) release(position uint64) {
	if in.fault == Positions32Bit {
		position = uint64(uint32(position))
		in.copied = uint64(uint32(in.copied))
	}
	in.read = position
	in.readPosition.Store(position)
}

// lookAhead calls found for each message of one slot behind the one at hand, once,
// if the producer has counted an urgent one.
func (in *intake) lookAhead(found func(position uint64, message []byte)) error {
	count := in.urgentCount.Load()
	if count == in.urgent {
		return nil
	}
	in.urgent = count
	write, err := in.published()
	if err != nil {
		return err
	}
	in.scanned = max(in.scanned, in.copied)
	for in.scanned < write {
		length, err := in.header(in.scanned, 0, 0)
		if err != nil {
			return err
		}
		if length <= in.geometry.SlotSize {
			data := layout.RequestSlot(in.mem, in.geometry, in.scanned)[layout.SlotHeaderSize:]
			found(in.scanned, append([]byte(nil), data[:length]...))
		}
		in.scanned += in.slots(length)
	}
	return nil
}

// ready reports whether peek has something new to look at.
func (in *intake) ready() bool { return in.writePosition.Load() != in.copied }
