package layout

import (
	"encoding/json"
	"testing"

	"github.com/ringwire/ringwire/spec"
)

type block struct {
	Offset, Size   int
	RequestOffset  int `json:"request_offset"`
	ResponseOffset int `json:"response_offset"`
	HeaderSize     int `json:"header_size"`
	Fields         []struct {
		Name         string
		Offset, Size int
	}
}

func (b block) field(t *testing.T, name string) int {
	t.Helper()
	for _, f := range b.Fields {
		if f.Name == name {
			return b.Offset + f.Offset
		}
	}
	t.Fatalf("the registry has no field %s", name)
	return 0
}

func TestNumbersAreThoseOfTheRegistry(t *testing.T) {
	data, err := spec.Registry.ReadFile("registry/region.json")
	if err != nil {
		t.Fatal(err)
	}
	var region struct {
		Header  block `json:"region_header"`
		Control block `json:"control_block"`
		Worker  block `json:"worker_block"`
		Slot    block `json:"slot"`
	}
	if err := json.Unmarshal(data, &region); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"HeaderSize", HeaderSize, region.Header.Size},
		{"DescriptorsAt", DescriptorsAt, region.Header.field(t, "request_doorbell")},
		{"DescriptorsEnd", DescriptorsEnd, region.Header.field(t, "spin_ns")},
		{"RequestControl", RequestControl, region.Control.RequestOffset},
		{"ResponseControl", ResponseControl, region.Control.ResponseOffset},
		{"WritePosition", WritePosition, region.Control.field(t, "write_position")},
		{"UrgentCount", UrgentCount, region.Control.field(t, "urgent_count")},
		{"ReadPosition", ReadPosition, region.Control.field(t, "read_position")},
		{"NeedWakeup", NeedWakeup, region.Control.field(t, "need_wakeup")},
		{"WorkerBlockEnd", WorkerBlockEnd, region.Worker.Offset + region.Worker.Size},
		{"PID", PID, region.Worker.field(t, "pid")},
		{"State", State, region.Worker.field(t, "state")},
		{"Refused", Refused, region.Worker.field(t, "refused")},
		{"Version", Version, region.Worker.field(t, "protocol_version")},
		{"Name", Name, region.Worker.field(t, "implementation")},
		{"SlotHeaderSize", SlotHeaderSize, region.Slot.HeaderSize},
		{"MessageLength", MessageLength, region.Slot.field(t, "message_length")},
		{"FragmentOffset", FragmentOffset, region.Slot.field(t, "fragment_offset")},
	} {
		if c.got != c.want {
			t.Errorf("%s = %d, the registry says %d", c.name, c.got, c.want)
		}
	}
}
