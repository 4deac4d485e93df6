package ring

import "math/bits"

// The region, drawn in spec chapter 02. The offsets are generated from
// spec/registry/region.json; this file holds what follows from them.
//
//	0     region header           master, before the worker starts
//	512   request ring control    one writer per field
//	1024  response ring control   one writer per field
//	1536  worker block            worker
//	4096  request slots           producer and consumer by turns
//	...   response slots          producer and consumer by turns

// The compiler checks that the blocks neither overlap nor put two writers on one
// pair of cache lines: a negative array length does not compile.
var (
	_ [requestControlOffset - regionHeaderSize]struct{}
	_ [responseControlOffset - requestControlOffset - controlBlockSize]struct{}
	_ [workerBlockOffset - responseControlOffset - controlBlockSize]struct{}
	_ [firstSlotsOffset - workerBlockOffset - workerBlockSize]struct{}
	_ [offControlReadPosition - offControlWritePosition - 2*cacheLine]struct{}
	_ [offControlNeedWakeup - offControlReadPosition - 2*cacheLine]struct{}
	_ [workerBlockSize - offWorkerImplementation - sizeWorkerImplementation]struct{}
)

// cacheLine is the unit in which processors share memory. Prefetchers fetch
// lines in pairs, hence the distance of two between fields of different writers.
const cacheLine = 64

// Geometry is what the master chooses about a region. The zero value of a field
// means its default.
type Geometry struct {
	SlotCount  int // slots of each ring, a power of two
	SlotSize   int // data bytes of a slot, a multiple of 8
	MaxMessage int // longest message either way, bytes
}

// WithDefaults returns g with defaults in place of zeros.
func (g Geometry) WithDefaults() Geometry {
	if g.SlotCount == 0 {
		g.SlotCount = SlotCountDefault
	}
	if g.SlotSize == 0 {
		g.SlotSize = SlotSizeDefault
	}
	if g.MaxMessage == 0 {
		g.MaxMessage = MaxMessageDefault
	}
	return g
}

// Validate returns a [*RegionError] for the first field outside its limits.
//
//spec:req REGION-009
func (g Geometry) Validate() error {
	switch {
	case g.SlotCount < SlotCountMin || g.SlotCount > SlotCountMax || bits.OnesCount(uint(g.SlotCount)) != 1:
		return &RegionError{"slot_count", uint64(g.SlotCount), "a power of two from 2 to 65536"}
	case g.SlotSize < SlotSizeMin || g.SlotSize > SlotSizeMax || g.SlotSize%SlotSizeMultiple != 0:
		return &RegionError{"slot_size", uint64(g.SlotSize), "a multiple of 8 from 64 to 1048576"}
	case g.MaxMessage < MaxMessageMin || g.MaxMessage > MaxMessageMax:
		return &RegionError{"max_message", uint64(g.MaxMessage), "from 1024 to 1073741824"}
	}
	return nil
}

// RegionSize returns the bytes of a region of this geometry, which must be valid.
func (g Geometry) RegionSize() int {
	return roundUp(g.responseSlots()+g.SlotCount*g.stride(), slotsAlignment)
}

// stride keeps a small message and its slot header in one cache line.
func (g Geometry) stride() int { return roundUp(slotHeaderSize+g.SlotSize, slotAlignment) }

func (g Geometry) responseSlots() int {
	return roundUp(firstSlotsOffset+g.SlotCount*g.stride(), slotsAlignment)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
