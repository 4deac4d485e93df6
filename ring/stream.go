package ring

import "fmt"

// A lane over a stream has no region, but begins with the same facts: the master
// sends a region header, the worker answers with its worker block (spec chapter 10).

// Sizes of what the two sides send first, and of a notice.
const (
	StreamHeaderSize = regionHeaderSize
	WorkerBlockSize  = workerBlockSize
	NoticeSize       = noticeSize
	NoticeType       = noticeType // the first byte of a notice; no frame starts with it
)

// StreamHeader returns the header that opens a stream: of the region header what
// does not speak of rings, the rest zero.
//
//spec:req STREAM-004
func (h Header) StreamHeader() []byte {
	header := make([]byte, StreamHeaderSize)
	h.put(header)
	for _, field := range [][2]int{
		{offRegionRegionSize, 8}, {offRegionSlotCount, 4}, {offRegionSlotSize, 4}, {offRegionSlotStride, 4},
		{offRegionRequestControlOffset, 4}, {offRegionResponseControlOffset, 4}, {offRegionWorkerBlockOffset, 4},
		{offRegionRequestSlotsOffset, 8}, {offRegionResponseSlotsOffset, 8},
	} {
		clear(header[field[0] : field[0]+field[1]])
	}
	le.PutUint32(header[offRegionRequestDoorbell:], ^uint32(0))
	le.PutUint32(header[offRegionResponseDoorbell:], ^uint32(0))
	return header
}

// ViewWorkerBlock returns the worker block that mem holds, such as one that came
// over a stream. It panics if mem is not WorkerBlockSize bytes, 8-byte aligned.
func ViewWorkerBlock(mem []byte) WorkerBlock {
	if len(mem) != workerBlockSize {
		panic(fmt.Sprintf("ring: not a worker block: len=%d", len(mem)))
	}
	checkAlignment(mem)
	return WorkerBlock{mem}
}

// Notice is what a worker tells about itself on a stream between frames.
type Notice struct {
	State    State
	InFlight uint32 // calls taken and not answered
	Taken    uint64 // frames of the master taken so far
}

// ParseNotice reads the NoticeSize bytes of a notice. Any fields are possible.
func ParseNotice(b []byte) Notice {
	return Notice{
		State:    State(b[offNoticeState]),
		InFlight: le.Uint32(b[offNoticeInFlight:]),
		Taken:    le.Uint64(b[offNoticeTaken:]),
	}
}
