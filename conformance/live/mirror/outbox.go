//go:build linux

package mirror

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

// outbox is the producing end of the response ring.
type outbox struct {
	fault    Fault
	mem      []byte
	geometry ring.Geometry
	bell     *bell
	fail     func(error) // ends the process

	writePosition *atomic.Uint64
	readPosition  *atomic.Uint64
	needWakeup    *atomic.Uint32

	write uint64
	read  uint64 // loaded last
}

func newOutbox(mem []byte, g ring.Geometry, b *bell, f Fault, fail func(error)) *outbox {
	o := &outbox{
		fault: f, mem: mem, geometry: g, bell: b, fail: fail,
		writePosition: layout.Word64(mem, layout.ResponseControl+layout.WritePosition),
		readPosition:  layout.Word64(mem, layout.ResponseControl+layout.ReadPosition),
		needWakeup:    layout.Word32(mem, layout.ResponseControl+layout.NeedWakeup),
	}
	if f != PositionsFromZero {
		o.write = o.writePosition.Load()
		o.read = o.readPosition.Load()
	}
	return o
}

// send puts a response into the ring. While that is full it waits.
func (o *outbox) send(r wire.Response) {
	message, err := r.Append(nil, o.geometry.MaxMessage)
	if err != nil {
		panic(err) // the worker makes no such response
	}
	switch {
	case o.fault == SwappedFields:
		length := binary.LittleEndian.Uint32(message[9:])
		binary.LittleEndian.PutUint16(message[9:], uint16(r.Status))
		binary.LittleEndian.PutUint32(message[11:], length)
	case o.fault == CorruptsLargeAnswer && len(message) > 4000:
		message[len(message)/2]++
	}
	o.put(message)
	if o.fault == AnswersTwice {
		o.put(message)
	}
}

func (o *outbox) put(message []byte) {
	size := o.geometry.SlotSize
	if o.fault == ShortFragments {
		size -= 8
	}
	for offset := 0; offset < len(message); {
		o.await()
		slot := layout.ResponseSlot(o.mem, o.geometry, o.write)
		binary.LittleEndian.PutUint32(slot[layout.MessageLength:], uint32(len(message)))
		binary.LittleEndian.PutUint32(slot[layout.FragmentOffset:], uint32(offset))
		offset += copy(slot[layout.SlotHeaderSize:layout.SlotHeaderSize+size], message[offset:])
		o.write++
		o.writePosition.Store(o.write)
	}
	o.wake()
}

// await returns when the next slot is free.
func (o *outbox) await() {
	for o.fault != Overwrites {
		read := o.readPosition.Load()
		if read < o.read || read > o.write {
			if o.fault == TrustsReadPosition {
				return
			}
			o.fail(&ring.CorruptError{Code: ring.CodeRingPosition, Field: "read_position", Value: read, Bound: o.write})
		}
		o.read = read
		if o.write-read < uint64(o.geometry.SlotCount) {
			return
		}
		if o.fault != RingsAtTheEnd {
			o.wake()
		}
		time.Sleep(ring.ProducerSleepMax / 4)
	}
}

// wake rings if the master sleeps.
func (o *outbox) wake() {
	if o.fault != NeverRings && o.needWakeup.Load() != 0 {
		o.bell.ring()
	}
}
