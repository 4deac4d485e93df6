package ring

import (
	"sync/atomic"
	"unsafe"
)

// control is the shared control block of one ring. Each field has one writer;
// the partner of each access stands beside it.
//
//spec:req RING-024
type control struct {
	writePosition *atomic.Uint64 // producer stores, consumer loads: publishes slot bytes
	urgentCount   *atomic.Uint32 // producer stores after writePosition, consumer loads
	readPosition  *atomic.Uint64 // consumer stores, producer loads: hands slots back
	needWakeup    *atomic.Uint32 // consumer stores and then loads writePosition; producer loads after storing writePosition
}

func newControl(mem []byte, offset int) control {
	block := mem[offset : offset+controlBlockSize]
	return control{
		writePosition: shared64(block, offControlWritePosition),
		urgentCount:   shared32(block, offControlUrgentCount),
		readPosition:  shared64(block, offControlReadPosition),
		needWakeup:    shared32(block, offControlNeedWakeup),
	}
}

// shared64 views 8 shared bytes as an atomic. The slice expression is the bounds
// check; alignment follows from the layout.
func shared64(b []byte, offset int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(b[offset : offset+8])))
}

func shared32(b []byte, offset int) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(b[offset : offset+4])))
}

// slots is the array of slots of one ring.
type slots struct {
	mem    []byte
	count  uint64
	size   int
	stride int
}

func newSlots(r *Region, offset int) slots {
	g := r.Geometry
	return slots{
		mem:    r.mem[offset : offset+g.SlotCount*g.stride()],
		count:  uint64(g.SlotCount),
		size:   g.SlotSize,
		stride: g.stride(),
	}
}

// at returns the header and data bytes of the slot with this position.
func (s *slots) at(position uint64) []byte {
	start := int(position&(s.count-1)) * s.stride
	return s.mem[start : start+slotHeaderSize+s.size : start+slotHeaderSize+s.size]
}

// needed returns how many slots a message of n bytes takes.
func (s *slots) needed(n int) uint64 { return uint64((n + s.size - 1) / s.size) }
