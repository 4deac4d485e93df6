package vectors

import (
	"encoding/binary"
	"fmt"
)

func (c *cases) scenario(id, comment, result string, s *scenario, requirements, flags string) {
	c.add(Vector{ID: id, Comment: comment, Operation: RingImage, Result: result, Steps: s.steps}, requirements, flags)
}

func le16(v uint16) []byte { return binary.LittleEndian.AppendUint16(nil, v) }
func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
func le64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

func (c *cases) regions() {
	for _, p := range []RingParams{
		{SlotCount: 2, SlotSize: 64, MaxMessage: 1024, Generation: 1},
		{SlotCount: 4, SlotSize: 64, MaxMessage: 1024, Generation: 1},
		{SlotCount: 8, SlotSize: 56 + 64, MaxMessage: 4096, Generation: 2, WorkerID: 3},
		{SlotCount: 8, SlotSize: 128, MaxMessage: 4096, Generation: 0x0102030405060708, WorkerID: 0x01020304, SpinNs: 50000},
		{SlotCount: 16, SlotSize: 4096, MaxMessage: 65536, Generation: 1},
		{SlotCount: 256, SlotSize: 4096, MaxMessage: defaultMax, Generation: 1},
		{SlotCount: 2, SlotSize: 65536, MaxMessage: 1073741824, Generation: 1},
		{SlotCount: 4096, SlotSize: 64, MaxMessage: 1024, Generation: 1},
	} {
		s := newScenario(p)
		s.check("0")
		c.scenario(fmt.Sprintf("region-%d-slots-of-%d", p.SlotCount, p.SlotSize), "a region as a master hands it over, and a worker accepts it",
			Valid, s, "REGION-001 REGION-003 REGION-009 LIMIT-001", "Layout")
	}

	judged := func(id, comment, verdict, requirements string, patches ...patch) {
		s := newScenario(defaultParams())
		for _, p := range patches {
			if p.offset == 16 && binary.LittleEndian.Uint64(p.bytes) < 1<<26 {
				s.size(binary.LittleEndian.Uint64(p.bytes)) // only the header may be at fault
			}
		}
		for _, p := range patches {
			s.write(p.offset, p.bytes)
		}
		result := Valid
		if verdict != "0" {
			result = Invalid
		}
		s.check(verdict)
		c.scenario("region-"+id, comment, result, s, requirements, "Layout")
	}
	accept := func(id, comment, requirements string, patches ...patch) {
		judged(id, comment, "0", requirements, patches...)
	}
	refuse := func(id, comment, requirements string, patches ...patch) {
		judged(id, comment, "REGION_REFUSED", requirements, patches...)
	}
	accept("minor-version-greater", "version 1.7: later minor versions are compatible", "REGION-006", patch{10, le16(7)})
	accept("reserved-not-zero", "reserved bytes are ignored", "REGION-013", patch{76, le32(1)}, patch{112, []byte("later")}, patch{255, []byte{1}})
	accept("descriptors", "descriptors are the business of the worker that uses them", "REGION-013", patch{96, le32(5)}, patch{100, le32(6)}, patch{104, le32(7)})
	accept("limit-least", "the smallest max_message", "REGION-009 LIMIT-001", patch{48, le32(1024)})
	accept("limit-greatest", "the greatest max_message", "REGION-009 LIMIT-001", patch{48, le32(1073741824)})

	refuse("magic", "another magic", "REGION-005", patch{0, []byte("RINGWIRF")})
	refuse("magic-lower-case", "the magic in lower case", "REGION-005", patch{0, []byte("ringwire")})
	refuse("magic-last-byte", "the last byte of the magic differs", "REGION-005", patch{7, []byte{0}})
	refuse("major-version-0", "version 0.0", "REGION-005", patch{8, le16(0)})
	refuse("major-version-2", "version 2.0", "REGION-005", patch{8, le16(2)})
	refuse("major-version-257", "a major version of which the low byte is 1", "REGION-005", patch{8, le16(257)})
	refuse("feature-low", "a feature bit that version 1.0 does not know", "REGION-007", patch{56, le64(1)})
	refuse("feature-high", "the highest feature bit", "REGION-007", patch{56, le64(1 << 63)})
	refuse("header-size", "another header size", "REGION-008", patch{12, le32(255)})
	refuse("region-size-less", "region_size is a page less than it must be", "REGION-008", patch{16, le64(8192)})
	refuse("region-size-more", "region_size is a page more than it must be", "REGION-008", patch{16, le64(16384)})
	refuse("region-size-high-half", "region_size is right in its low 32 bits only", "REGION-008", patch{16, le64(12288 + 1<<32)})
	refuse("slot-stride-less", "slots would overlap", "REGION-008", patch{44, le32(64)})
	refuse("slot-stride-more", "slots would lie beyond the region", "REGION-008", patch{44, le32(192)})
	refuse("request-control-offset", "the request control block lies elsewhere", "REGION-008", patch{64, le32(1024)})
	refuse("response-control-offset", "both control blocks lie in the same place", "REGION-008", patch{68, le32(512)})
	refuse("worker-block-offset", "the worker block lies over the region header", "REGION-008", patch{72, le32(0)})
	refuse("request-slots-offset", "the request slots lie over the control blocks", "REGION-008", patch{80, le64(512)})
	refuse("request-slots-offset-high-half", "request_slots_offset is right in its low 32 bits only", "REGION-008", patch{80, le64(4096 + 1<<32)})
	refuse("response-slots-offset", "both rings share their slots", "REGION-008", patch{88, le64(4096)})
	refuse("response-slots-offset-huge", "the response slots lie far outside", "REGION-008", patch{88, le64(1 << 40)})
	refuse("slot-count-0", "no slots", "REGION-009", patch{36, le32(0)})
	refuse("slot-count-1", "one slot", "REGION-009", patch{36, le32(1)})
	refuse("slot-count-3", "a slot count that is no power of two", "REGION-009", patch{36, le32(3)})
	refuse("slot-count-131072", "twice the greatest slot count, with sizes and offsets to match", "REGION-009",
		geometry(RingParams{SlotCount: 131072, SlotSize: 64})...)
	refuse("slot-count-2-31", "a slot count that is negative for a reader with signed numbers", "REGION-009", patch{36, le32(1 << 31)})
	refuse("slot-size-0", "slots without data", "REGION-009", patch{40, le32(0)})
	refuse("slot-size-56", "slots smaller than the least", "REGION-009", geometry(RingParams{SlotCount: 4, SlotSize: 56})...)
	refuse("slot-size-68", "a slot size that is no multiple of 8, although the stride is the same", "REGION-009", geometry(RingParams{SlotCount: 4, SlotSize: 68})...)
	refuse("slot-size-1048584", "slots greater than the greatest", "REGION-009", geometry(RingParams{SlotCount: 2, SlotSize: 1048584})...)
	refuse("limit-0", "max_message 0", "REGION-009", patch{48, le32(0)})
	refuse("limit-1023", "max_message one below the least", "REGION-009", patch{48, le32(1023)})
	refuse("limit-above", "max_message one above the greatest", "REGION-009", patch{48, le32(1073741825)})
	refuse("payload-encoding-0", "no payload encoding", "REGION-010", patch{52, le32(0)})
	refuse("payload-encoding-255", "a payload encoding that does not exist", "REGION-010", patch{52, le32(255)})

	for _, t := range []struct {
		id, comment string
		size        uint64
	}{
		{"shorter-than-region-size", "the shared memory object is a byte shorter than region_size", 12287},
		{"shorter-than-header", "the shared memory object ends inside the region header", 255},
		{"empty", "the shared memory object is empty", 0},
	} {
		s := newScenario(defaultParams())
		s.size(t.size)
		s.check("REGION_REFUSED")
		c.scenario("region-"+t.id, t.comment, Invalid, s, "REGION-008", "Layout OverRead")
	}
}

// patch is bytes to put into the region header.
type patch struct {
	offset uint64
	bytes  []byte
}

// geometry patches a header so that all of it agrees with p's slots.
func geometry(p RingParams) []patch {
	return []patch{
		{16, le64(regionSize(p))},
		{36, le32(uint32(p.SlotCount))},
		{40, le32(uint32(p.SlotSize))},
		{44, le32(uint32(stride(p)))},
		{88, le64(responseSlots(p))},
	}
}
