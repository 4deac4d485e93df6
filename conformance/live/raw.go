package live

import (
	"sync/atomic"
	"unsafe"
)

// Offsets of spec chapters 02 and 03. The kit does to a region what package ring
// never would, so it needs the bare numbers; a test compares them with
// spec/registry/region.json.
const (
	headerSize = 256

	versionMinorAt = 10
	maxMessageAt   = 48
	descriptorsAt  = 96 // three of 4 bytes
	descriptorsEnd = 108

	requestControl  = 512
	responseControl = 1024
	controlSize     = 512
	writePosition   = 0 // in a control block
	urgentCount     = 8
	readPosition    = 128
	needWakeup      = 256

	workerBlock     = 1536
	workerBlockEnd  = 2048
	workerPID       = workerBlock
	workerVersion   = workerBlock + 32
	workerPadding   = workerBlock + 36
	workerName      = workerBlock + 40
	workerNameEnd   = workerName + 64
	protocolVersion = 1 << 16

	firstSlots     = 4096
	slotHeaderSize = 8
	slotAlignment  = 64
	messageLength  = 0 // in a slot header
	fragmentOffset = 4
)

// word64 and word32 view shared bytes that both sides load and store whole.
func (l *lane) word64(offset int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(l.mem[offset : offset+8])))
}

func (l *lane) word32(offset int) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(l.mem[offset : offset+4])))
}

// requestSlot returns slot header and data of the request slot with a position.
func (l *lane) requestSlot(position uint64) []byte {
	g := l.region.Geometry
	stride := (slotHeaderSize + g.SlotSize + slotAlignment - 1) / slotAlignment * slotAlignment
	start := firstSlots + int(position%uint64(g.SlotCount))*stride
	return l.mem[start : start+slotHeaderSize+g.SlotSize]
}
