package ring

import (
	"errors"
	"math"
	"testing"
)

//spec:test REGION-001
//spec:test REGION-006
func TestHeaderSurvivesTheWay(t *testing.T) {
	want := Header{
		Geometry:         Geometry{SlotCount: 8, SlotSize: 72, MaxMessage: 1024},
		Generation:       1 << 40,
		WorkerID:         7,
		PayloadEncoding:  PayloadEncodingJSON,
		RequestDoorbell:  4,
		ResponseDoorbell: 5,
		Lifeline:         -1,
		Spin:             50_000,
	}
	mem := newMemory(want.Geometry)
	if _, err := Format(mem, want); err != nil {
		t.Fatal(err)
	}
	le.PutUint16(mem[offRegionVersionMinor:], 9) // a later minor version
	r, err := Attach(mem)
	if err != nil {
		t.Fatal(err)
	}
	if r.Header != want {
		t.Errorf("got %+v, want %+v", r.Header, want)
	}
}

//spec:test REGION-005
//spec:test REGION-007
//spec:test REGION-008
//spec:test REGION-009
//spec:test REGION-010
func TestAttachRefuses(t *testing.T) {
	for _, test := range []struct {
		field  string
		change func(mem []byte) []byte
	}{
		{"region_size", func(mem []byte) []byte { return mem[:255] }},
		{"region_size", func(mem []byte) []byte { return mem[:len(mem)-1] }},
		{"region_size", func(mem []byte) []byte { mem[offRegionRegionSize]++; return mem }},
		{"magic", func(mem []byte) []byte { mem[0] = 'r'; return mem }},
		{"version_major", func(mem []byte) []byte { mem[offRegionVersionMajor] = 2; return mem }},
		{"features", func(mem []byte) []byte { mem[offRegionFeatures+7] = 0x80; return mem }},
		{"slot_count", func(mem []byte) []byte { mem[offRegionSlotCount] = 3; return mem }},
		{"slot_count", func(mem []byte) []byte { mem[offRegionSlotCount] = 1; return mem }},
		{"slot_count", func(mem []byte) []byte { le.PutUint32(mem[offRegionSlotCount:], 1<<17); return mem }},
		{"slot_count", func(mem []byte) []byte { le.PutUint32(mem[offRegionSlotCount:], math.MaxUint32); return mem }},
		{"slot_size", func(mem []byte) []byte { mem[offRegionSlotSize] = 65; return mem }},
		{"slot_size", func(mem []byte) []byte { mem[offRegionSlotSize] = 56; return mem }},
		{"slot_size", func(mem []byte) []byte { le.PutUint32(mem[offRegionSlotSize:], 1<<20+8); return mem }},
		{"max_message", func(mem []byte) []byte { le.PutUint32(mem[offRegionMaxMessage:], 1023); return mem }},
		{"max_message", func(mem []byte) []byte { le.PutUint32(mem[offRegionMaxMessage:], 1<<30+1); return mem }},
		{"payload_encoding", func(mem []byte) []byte { mem[offRegionPayloadEncoding] = 3; return mem }},
		{"header_size", func(mem []byte) []byte { mem[offRegionHeaderSize]++; return mem }},
		{"slot_stride", func(mem []byte) []byte { mem[offRegionSlotStride]++; return mem }},
		{"request_control_offset", func(mem []byte) []byte { mem[offRegionRequestControlOffset]++; return mem }},
		{"response_control_offset", func(mem []byte) []byte { mem[offRegionResponseControlOffset]++; return mem }},
		{"worker_block_offset", func(mem []byte) []byte { mem[offRegionWorkerBlockOffset]++; return mem }},
		{"request_slots_offset", func(mem []byte) []byte { mem[offRegionRequestSlotsOffset]++; return mem }},
		{"response_slots_offset", func(mem []byte) []byte { mem[offRegionResponseSlotsOffset]++; return mem }},
	} {
		t.Run(test.field, func(t *testing.T) {
			mem := test.change(newRegion(t, small).mem)
			_, err := Attach(mem)
			var refused *RegionError
			if !errors.As(err, &refused) || refused.Field != test.field {
				t.Errorf("got %v, want a refusal of %s", err, test.field)
			}
		})
	}
}

//spec:test LIMIT-001
func TestGeometryLimits(t *testing.T) {
	for _, test := range []struct {
		name string
		g    Geometry
		ok   bool
	}{
		{"smallest", Geometry{SlotCountMin, SlotSizeMin, MaxMessageMin}, true},
		{"largest", Geometry{SlotCountMax, SlotSizeMax, MaxMessageMax}, true},
		{"defaults", Geometry{}.WithDefaults(), true},
		{"slot_count one below", Geometry{SlotCountMin - 1, SlotSizeMin, MaxMessageMin}, false},
		{"slot_count one power above", Geometry{SlotCountMax * 2, SlotSizeMin, MaxMessageMin}, false},
		{"slot_size one step below", Geometry{SlotCountMin, SlotSizeMin - 8, MaxMessageMin}, false},
		{"slot_size one step above", Geometry{SlotCountMin, SlotSizeMax + 8, MaxMessageMin}, false},
		{"max_message one below", Geometry{SlotCountMin, SlotSizeMin, MaxMessageMin - 1}, false},
		{"max_message one above", Geometry{SlotCountMin, SlotSizeMin, MaxMessageMax + 1}, false},
		{"negative", Geometry{-2, SlotSizeMin, MaxMessageMin}, false},
	} {
		if err := test.g.Validate(); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestFormatRefusesGenerationZero(t *testing.T) {
	if _, err := Format(newMemory(small), Header{Geometry: small}); err == nil {
		t.Error("accepted")
	}
}

//spec:test LIFE-004
func TestStateTable(t *testing.T) {
	states := []State{StateStarting, StateReady, StateDraining, StateStopped, StateFailed}
	allowed := map[[2]State]bool{
		{StateStarting, StateReady}: true, {StateStarting, StateFailed}: true,
		{StateReady, StateDraining}: true, {StateReady, StateFailed}: true,
		{StateDraining, StateStopped}: true, {StateDraining, StateFailed}: true,
	}
	for _, from := range states {
		for _, to := range states {
			if from.CanBecome(to) != allowed[[2]State{from, to}] {
				t.Errorf("%s to %s: %t", from, to, from.CanBecome(to))
			}
		}
	}
}

//spec:test LIFE-002
func TestWorkerBlock(t *testing.T) {
	r := newRegion(t, small)
	w := r.Worker()
	w.Introduce(1234, "impl\x01\xff 1.0 and a name that is far longer than the sixty-four bytes it may have")
	w.SetState(StateReady)
	got := w.Snapshot()
	if got.PID != 1234 || got.State != StateReady || got.ProtocolVersion != 1<<16 {
		t.Errorf("got %+v", got)
	}
	if want := "impl?? 1.0 and a name that is far longer than the sixty-four byt"; got.Implementation != want {
		t.Errorf("implementation is %q, want %q", got.Implementation, want)
	}
}
