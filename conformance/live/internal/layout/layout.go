// Package layout has the numbers of spec chapters 02 and 03, for those who do to
// a region what package ring never would.
package layout

import (
	"sync/atomic"
	"unsafe"

	"github.com/ringwire/ringwire/ring"
)

// Offsets in bytes; a test compares them with spec/registry/region.json.
const (
	HeaderSize     = 256
	DescriptorsAt  = 96 // three of 4 bytes
	DescriptorsEnd = 108

	RequestControl  = 512
	ResponseControl = 1024
	WritePosition   = 0 // in a control block
	UrgentCount     = 8
	ReadPosition    = 128
	NeedWakeup      = 256

	WorkerBlock    = 1536
	WorkerBlockEnd = 2048
	PID            = WorkerBlock
	State          = WorkerBlock + 4
	Refused        = WorkerBlock + 24
	Version        = WorkerBlock + 32
	Name           = WorkerBlock + 40
	NameEnd        = Name + 64

	FirstSlots     = 4096
	SlotHeaderSize = 8
	MessageLength  = 0 // in a slot header
	FragmentOffset = 4

	slotAlignment  = 64
	slotsAlignment = 4096
)

// Word64 views 8 shared bytes that both sides load and store whole.
func Word64(mem []byte, offset int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(mem[offset : offset+8])))
}

// Word32 views 4 shared bytes.
func Word32(mem []byte, offset int) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(mem[offset : offset+4])))
}

// RequestSlot returns slot header and data of the request slot with a position.
func RequestSlot(mem []byte, g ring.Geometry, position uint64) []byte {
	return slot(mem, g, FirstSlots, position)
}

// ResponseSlot returns slot header and data of the response slot with a position.
func ResponseSlot(mem []byte, g ring.Geometry, position uint64) []byte {
	return slot(mem, g, roundUp(FirstSlots+g.SlotCount*stride(g), slotsAlignment), position)
}

func slot(mem []byte, g ring.Geometry, first int, position uint64) []byte {
	start := first + int(position%uint64(g.SlotCount))*stride(g)
	return mem[start : start+SlotHeaderSize+g.SlotSize]
}

func stride(g ring.Geometry) int { return roundUp(SlotHeaderSize+g.SlotSize, slotAlignment) }

func roundUp(n, to int) int { return (n + to - 1) / to * to }
