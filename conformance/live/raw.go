package live

import (
	"sync/atomic"
	"unsafe"
)

// Offsets of spec chapters 02 and 03. The kit does what no producer or consumer
// of package ring would do, so it needs the bare numbers; a test compares them
// with spec/registry/region.json.
const (
	headerSize       = 256
	requestControl   = 512
	responseControl  = 1024
	controlSize      = 512
	workerBlock      = 1536
	workerBlockSize  = 512
	firstSlots       = 4096
	slotHeaderSize   = 8
	protocolVersion  = 1 << 16
	versionMinorAt   = 10
	descriptorsAt    = 96
	descriptorsEnd   = 108
	writePosition    = 0
	urgentCount      = 8
	readPosition     = 128
	needWakeup       = 256
	messageLength    = 0
	fragmentOffset   = 4
	workerState      = workerBlock + 4
	workerPID        = workerBlock
	workerVersion    = workerBlock + 32
	workerName       = workerBlock + 40
	workerNameEnd    = workerName + 64
	workerReserved   = workerBlock + 36
	workerRefused    = workerBlock + 24
	maxMessageAt     = 48
	slotAlignment    = 64
	slotsAlignment   = 4096
	requestWriteAt   = requestControl + writePosition
	requestReadAt    = requestControl + readPosition
	responseWriteAt  = responseControl + writePosition
	responseReadAt   = responseControl + readPosition
	requestWakeupAt  = requestControl + needWakeup
	responseWakeupAt = responseControl + needWakeup
)

// word64 and word32 view shared bytes as what both sides load and store whole.
func (l *lane) word64(offset int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(l.mem[offset : offset+8])))
}

func (l *lane) word32(offset int) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(l.mem[offset : offset+4])))
}

// requestSlot returns header and data of the request slot with a position.
func (l *lane) requestSlot(position uint64) []byte {
	g := l.region.Geometry
	stride := (slotHeaderSize + g.SlotSize + slotAlignment - 1) / slotAlignment * slotAlignment
	start := firstSlots + int(position%uint64(g.SlotCount))*stride
	return l.mem[start : start+slotHeaderSize+g.SlotSize]
}
