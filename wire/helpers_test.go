package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/internal/wiretest"
	"github.com/ringwire/ringwire/wire"
)

// maxMessage is the limit of tests that are not about the limit.
const maxMessage = wire.MaxMessageDefault

type numbers = map[string]uint64

// frame describes bytes that are a message with a few faults.
type frame struct {
	direction string
	numbers   numbers
	parts     []string
	max       int
	cut       int    // bytes missing at the end
	extra     string // bytes too many
}

func goodRequest() frame {
	return frame{
		direction: slowwire.Request,
		numbers:   numbers{"type": 1, "request_id": 7},
		parts:     []string{"m", "add", `{"a":1,"b":2}`},
		max:       maxMessage,
	}
}

func bareRequest(typ wire.Type, id uint64) frame {
	f := goodRequest()
	f.numbers = numbers{"type": uint64(typ), "request_id": id}
	f.parts = []string{"", "", ""}
	return f
}

func goodResponse() frame {
	return frame{
		direction: slowwire.Response,
		numbers:   numbers{"type": 2, "request_id": 7, "status_code": 200, "success": 1},
		parts:     []string{`{"sum":3}`, ""},
		max:       maxMessage,
	}
}

func failedResponse() frame {
	f := goodResponse()
	f.numbers["status_code"] = 500
	f.numbers["success"] = 0
	f.parts[1] = "boom"
	return f
}

func (f frame) bytes() []byte {
	b := slowwire.Frame(f.direction, f.numbers, f.parts...)
	return append(b[:len(b)-f.cut], f.extra...)
}

// checkRefused fails unless b is refused exactly so, by both decoders.
func checkRefused(t *testing.T, f frame, want slowwire.Refusal) {
	t.Helper()
	b := f.bytes()
	for name, got := range map[string]slowwire.Verdict{
		"wire":     wiretest.Decode(f.direction, b, uint64(f.max)),
		"slowwire": slowwire.Decode(f.direction, b, uint64(f.max)),
	} {
		want.Category = string(categoryOf(want.Code))
		if diff := cmp.Diff(slowwire.Verdict{Refusal: &want}, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// checkAccepted fails unless both decoders accept the frame.
func checkAccepted(t *testing.T, f frame) {
	t.Helper()
	b := f.bytes()
	want := slowwire.Decode(f.direction, b, uint64(f.max))
	if want.Refusal != nil {
		t.Fatalf("slowwire refuses: %+v", *want.Refusal)
	}
	if diff := cmp.Diff(want, wiretest.Decode(f.direction, b, uint64(f.max))); diff != "" {
		t.Errorf("-slowwire +wire:\n%s", diff)
	}
}

func categoryOf(code string) wire.Category {
	for c := range wire.Code(255) {
		if c.String() == code {
			return c.Category()
		}
	}
	return ""
}
