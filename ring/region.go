package ring

import (
	"fmt"
	"unsafe"
)

// Region is one side's view of the shared memory of a lane. The methods that
// return handles return new ones each time; a side makes each handle once,
// because the handles keep positions of their own.
//
// A Region holds on to the memory that it was given and to nothing else. Nobody
// may use it or its handles after that memory has been unmapped.
type Region struct {
	Header
	mem []byte
}

// Format writes a region header into mem, which must be zero and 8-byte aligned,
// and returns the master's view. It panics if mem is not exactly
// h.RegionSize() bytes, because that is the caller's mistake.
func Format(mem []byte, h Header) (*Region, error) {
	if err := h.Validate(); err != nil {
		return nil, err
	}
	if h.Generation == 0 {
		return nil, &RegionError{"generation", 0, "greater than 0"}
	}
	if len(mem) != h.RegionSize() {
		panic(fmt.Sprintf("ring: memory does not fit the geometry: len=%d want=%d", len(mem), h.RegionSize()))
	}
	checkAlignment(mem)
	h.put(mem)
	return &Region{h, mem}, nil
}

// Attach checks the region header in mem and returns a worker's view, or a
// [*RegionError] that names the field.
func Attach(mem []byte) (*Region, error) {
	h, err := parseHeader(mem)
	if err != nil {
		return nil, err
	}
	checkAlignment(mem)
	return &Region{h, mem}, nil
}

func checkAlignment(mem []byte) {
	if uintptr(unsafe.Pointer(unsafe.SliceData(mem)))%8 != 0 {
		panic("ring: memory is not aligned to 8 bytes")
	}
}

// RequestProducer returns the master's end of the request ring.
func (r *Region) RequestProducer() *Producer {
	return newProducer(r, requestControlOffset, firstSlotsOffset)
}

// RequestConsumer returns the worker's end of the request ring.
func (r *Region) RequestConsumer() *Consumer {
	return newConsumer(r, requestControlOffset, firstSlotsOffset)
}

// ResponseProducer returns the worker's end of the response ring.
func (r *Region) ResponseProducer() *Producer {
	return newProducer(r, responseControlOffset, r.responseSlots())
}

// ResponseConsumer returns the master's end of the response ring.
func (r *Region) ResponseConsumer() *Consumer {
	return newConsumer(r, responseControlOffset, r.responseSlots())
}

// Worker returns the worker block.
func (r *Region) Worker() WorkerBlock {
	return WorkerBlock{r.mem[workerBlockOffset : workerBlockOffset+workerBlockSize]}
}
