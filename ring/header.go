package ring

import (
	"encoding/binary"
	"time"
)

// Header is what a region header tells besides offsets. Descriptors are numbers
// in the worker process; -1 means none.
type Header struct {
	Geometry
	Generation       uint64 // not 0, unique within the pool
	WorkerID         uint32
	PayloadEncoding  uint32 // one of the PayloadEncoding constants
	RequestDoorbell  int32  // wakes the worker
	ResponseDoorbell int32  // wakes the master
	Lifeline         int32  // ends with the master
	Spin             time.Duration
}

var le = binary.LittleEndian

// put writes the header into the zeroed start of a region.
//
//spec:req REGION-001
func (h Header) put(mem []byte) {
	copy(mem[offRegionMagic:], regionMagic)
	le.PutUint16(mem[offRegionVersionMajor:], versionMajor)
	le.PutUint16(mem[offRegionVersionMinor:], versionMinor)
	le.PutUint32(mem[offRegionHeaderSize:], regionHeaderSize)
	le.PutUint64(mem[offRegionRegionSize:], uint64(h.RegionSize()))
	le.PutUint64(mem[offRegionGeneration:], h.Generation)
	le.PutUint32(mem[offRegionWorkerID:], h.WorkerID)
	le.PutUint32(mem[offRegionSlotCount:], uint32(h.SlotCount))
	le.PutUint32(mem[offRegionSlotSize:], uint32(h.SlotSize))
	le.PutUint32(mem[offRegionSlotStride:], uint32(h.stride()))
	le.PutUint32(mem[offRegionMaxMessage:], uint32(h.MaxMessage))
	le.PutUint32(mem[offRegionPayloadEncoding:], h.PayloadEncoding)
	le.PutUint32(mem[offRegionRequestControlOffset:], requestControlOffset)
	le.PutUint32(mem[offRegionResponseControlOffset:], responseControlOffset)
	le.PutUint32(mem[offRegionWorkerBlockOffset:], workerBlockOffset)
	le.PutUint64(mem[offRegionRequestSlotsOffset:], firstSlotsOffset)
	le.PutUint64(mem[offRegionResponseSlotsOffset:], uint64(h.responseSlots()))
	le.PutUint32(mem[offRegionRequestDoorbell:], uint32(h.RequestDoorbell))
	le.PutUint32(mem[offRegionResponseDoorbell:], uint32(h.ResponseDoorbell))
	le.PutUint32(mem[offRegionLifeline:], uint32(h.Lifeline))
	le.PutUint32(mem[offRegionSpinNs:], uint32(h.Spin.Nanoseconds()))
}

// parseHeader checks a region header as a worker must.
//
//spec:req REGION-005 REGION-006 REGION-007 REGION-008 REGION-009 REGION-010
func parseHeader(mem []byte) (Header, error) {
	if len(mem) < regionHeaderSize {
		return Header{}, &RegionError{"region_size", uint64(len(mem)), "at least the region header"}
	}
	if string(mem[offRegionMagic:offRegionMagic+len(regionMagic)]) != regionMagic {
		return Header{}, &RegionError{"magic", le.Uint64(mem[offRegionMagic:]), "the text " + regionMagic}
	}
	if v := le.Uint16(mem[offRegionVersionMajor:]); v != versionMajor {
		return Header{}, &RegionError{"version_major", uint64(v), "1"}
	}
	if v := le.Uint64(mem[offRegionFeatures:]); v != 0 {
		return Header{}, &RegionError{"features", v, "0, because version 1.0 defines none"}
	}
	h := Header{
		Geometry: Geometry{
			SlotCount:  int(le.Uint32(mem[offRegionSlotCount:])),
			SlotSize:   int(le.Uint32(mem[offRegionSlotSize:])),
			MaxMessage: int(le.Uint32(mem[offRegionMaxMessage:])),
		},
		Generation:       le.Uint64(mem[offRegionGeneration:]),
		WorkerID:         le.Uint32(mem[offRegionWorkerID:]),
		PayloadEncoding:  le.Uint32(mem[offRegionPayloadEncoding:]),
		RequestDoorbell:  int32(le.Uint32(mem[offRegionRequestDoorbell:])),
		ResponseDoorbell: int32(le.Uint32(mem[offRegionResponseDoorbell:])),
		Lifeline:         int32(le.Uint32(mem[offRegionLifeline:])),
		Spin:             time.Duration(le.Uint32(mem[offRegionSpinNs:])),
	}
	if err := h.Validate(); err != nil {
		return Header{}, err
	}
	if h.PayloadEncoding != PayloadEncodingJSON && h.PayloadEncoding != PayloadEncodingJSONAttachments {
		return Header{}, &RegionError{"payload_encoding", uint64(h.PayloadEncoding), "1 (JSON) or 2 (JSON with attachments)"}
	}
	for _, f := range []struct {
		name      string
		got, want uint64
	}{
		{"header_size", uint64(le.Uint32(mem[offRegionHeaderSize:])), regionHeaderSize},
		{"region_size", le.Uint64(mem[offRegionRegionSize:]), uint64(h.RegionSize())},
		{"slot_stride", uint64(le.Uint32(mem[offRegionSlotStride:])), uint64(h.stride())},
		{"request_control_offset", uint64(le.Uint32(mem[offRegionRequestControlOffset:])), requestControlOffset},
		{"response_control_offset", uint64(le.Uint32(mem[offRegionResponseControlOffset:])), responseControlOffset},
		{"worker_block_offset", uint64(le.Uint32(mem[offRegionWorkerBlockOffset:])), workerBlockOffset},
		{"request_slots_offset", le.Uint64(mem[offRegionRequestSlotsOffset:]), firstSlotsOffset},
		{"response_slots_offset", le.Uint64(mem[offRegionResponseSlotsOffset:]), uint64(h.responseSlots())},
	} {
		if f.got != f.want {
			return Header{}, &RegionError{f.name, f.got, "what follows from slot_count and slot_size"}
		}
	}
	if len(mem) < h.RegionSize() {
		return Header{}, &RegionError{"region_size", uint64(h.RegionSize()), "no more than the shared memory object has"}
	}
	return h, nil
}
