package wire_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/internal/wiretest"
	"github.com/ringwire/ringwire/wire"
)

// fault spoils a frame. Two faults that touch the same thing cannot be had
// together.
type fault struct {
	code  string
	field string
	touch string
	edit  func(f *frame)
}

func (f fault) clashes(other fault) bool {
	return slices.ContainsFunc(strings.Fields(f.touch), func(thing string) bool {
		return slices.Contains(strings.Fields(other.touch), thing)
	})
}

// In the order in which the specification checks them.
var requestFaults = []fault{
	{"BAD_TYPE", "type", "type", set("type", 9)},
	{"LENGTH_MISMATCH", "total_length", "total", func(f *frame) { f.numbers["total_length"] = uint64(len(f.bytes())) + 2 }},
	{"TOO_LARGE", "total_length", "max", func(f *frame) { f.max = 21 }},
	{"NAME_TOO_LONG", "module_name_len", "module", part(0, strings.Repeat("\xff", 1025))},
	{"NAME_TOO_LONG", "function_name_len", "function", part(1, strings.Repeat("\x00", 1025))},
	{"TRUNCATED_BODY", "kwargs", "end", func(f *frame) { f.cut = 1 }},
	{"TRAILING", "trailing", "end", func(f *frame) { f.extra = "x" }},
	{"RESERVED_ID", "request_id", "id", set("request_id", 0)},
	{"EMPTY_NAME", "module_name_len", "module", part(0, "")},
	{"EMPTY_NAME", "function_name_len", "function", part(1, "")},
	{"BAD_UTF8", "module_name", "module", part(0, "\x00\xff")},
	{"NUL_IN_NAME", "module_name", "module", part(0, "\x00")},
	{"BAD_UTF8", "function_name", "function", part(1, "\x00\xff")},
	{"NUL_IN_NAME", "function_name", "function", part(1, "\x00")},
}

var bareFaults = []fault{
	{"TRUNCATED_BODY", "kwargs", "end kwargs", func(f *frame) { f.parts[2] = "xy"; f.cut = 1 }},
	{"TRAILING", "trailing", "end", func(f *frame) { f.extra = "x" }},
	{"RESERVED_ID", "request_id", "id", func(f *frame) { f.numbers["request_id"] = 4 - f.numbers["type"] }},
	{"NONZERO_LENGTH", "module_name_len", "module", part(0, "\xff")},
	{"NONZERO_LENGTH", "function_name_len", "function", part(1, "\x00")},
	{"NONZERO_LENGTH", "kwargs_len", "kwargs", part(2, "x")},
}

var responseFaults = []fault{
	{"BAD_TYPE", "type", "type", set("type", 1)},
	{"LENGTH_MISMATCH", "total_length", "total", func(f *frame) { f.numbers["total_length"] = uint64(len(f.bytes())) + 2 }},
	{"TOO_LARGE", "total_length", "max", func(f *frame) { f.max = 20 }},
	{"TRUNCATED_BODY", "error_message", "end", func(f *frame) { f.cut = 1 }},
	{"TRAILING", "trailing", "end", func(f *frame) { f.extra = "x" }},
	{"RESERVED_ID", "request_id", "id", set("request_id", 0)},
	{"BAD_SUCCESS", "success", "success", set("success", 2)},
	{"STATUS_CONFLICT", "status_code", "status", set("status_code", 300)},
	{"STATUS_CONFLICT", "error_message_len", "success", func(f *frame) { f.numbers["success"] = 1; f.numbers["status_code"] -= 300 }},
	{"BAD_UTF8", "error_message", "message", part(1, "\xff")},
}

//spec:test WIRE-001
//spec:test WIRE-002
//spec:test WIRE-003
//spec:test WIRE-005
//spec:test WIRE-006
//spec:test WIRE-009
//spec:test WIRE-014
//spec:test WIRE-020
func TestFirstOfTwoFaultsDecides(t *testing.T) {
	for _, group := range []struct {
		name   string
		good   func() frame
		faults []fault
	}{
		{"request", goodRequest, requestFaults},
		{"shutdown", func() frame { return bareRequest(wire.TypeShutdown, 0) }, bareFaults},
		{"cancel", func() frame { return bareRequest(wire.TypeCancel, 7) }, bareFaults},
		{"response", failedResponse, responseFaults},
	} {
		for i, first := range group.faults {
			for j, second := range group.faults[i:] {
				if j > 0 && first.clashes(second) {
					continue
				}
				t.Run(group.name+"/"+first.code+" "+first.field+" before "+second.code+" "+second.field, func(t *testing.T) {
					// The later fault first, because the earlier may count its bytes.
					f := group.good()
					if j > 0 {
						second.edit(&f)
					}
					first.edit(&f)
					got := wiretest.Decode(f.direction, f.bytes(), uint64(f.max)).Refusal
					if got == nil || got.Code != first.code || got.Field != first.field {
						t.Errorf("want code=%s field=%s, got %+v", first.code, first.field, got)
					}
					slow := slowwire.Decode(f.direction, f.bytes(), uint64(f.max)).Refusal
					if slow == nil || got == nil || *slow != *got {
						t.Errorf("slow decoder disagrees: %+v", slow)
					}
				})
			}
		}
	}
}

//spec:test WIRE-001
func TestTruncatedHeaderComesBeforeEveryFault(t *testing.T) {
	for _, direction := range []string{slowwire.Request, slowwire.Response} {
		header := wiretest.Direction(direction).HeaderSize()
		for n := range header {
			b := slices.Repeat([]byte{0xff}, n)
			got := wiretest.Decode(direction, b, 0).Refusal
			if got == nil || got.Code != "TRUNCATED_HEADER" || got.Offset != n {
				t.Errorf("%s: %d bytes FF: got %+v", direction, n, got)
			}
		}
	}
}

func TestEveryCodeHasAFault(t *testing.T) {
	have := map[string]bool{"TRUNCATED_HEADER": true}
	for _, f := range slices.Concat(requestFaults, bareFaults, responseFaults) {
		have[f.code] = true
	}
	for _, code := range slowwire.Codes() {
		if !have[code] {
			t.Errorf("code %s is in the registry and in no test of precedence", code)
		}
	}
}
