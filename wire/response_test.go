package wire_test

import (
	"fmt"
	"testing"
)

//spec:test WIRE-003
//spec:test WIRE-004
//spec:test WIRE-005
//spec:test WIRE-006
//spec:test WIRE-010
func TestResponseRefusedForItsHeader(t *testing.T) {
	const size = 29 // of the good response
	runRefusals(t, []refusalCase{
		{"type 0", goodResponse(), set("type", 0), refusal("BAD_TYPE", 0, "type")},
		{"type 1 of the other direction", goodResponse(), set("type", 1), refusal("BAD_TYPE", 0, "type")},
		{"type 3 of the other direction", goodResponse(), set("type", 3), refusal("BAD_TYPE", 0, "type")},
		{"type 255", goodResponse(), set("type", 255), refusal("BAD_TYPE", 0, "type")},

		{"total_length one below the sum", goodResponse(), set("total_length", size-1), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"total_length one above the sum", goodResponse(), set("total_length", size+1), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"total_length 0", goodResponse(), set("total_length", 0), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"body_len largest", goodResponse(), set("body_len", 1<<32-1), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"sum wraps to total_length in 32 bits", goodResponse(), func(f *frame) {
			f.numbers["body_len"] = 1<<32 - 1
			f.numbers["error_message_len"] = 10 // 9 + 0 + 2³² = 2³²−1 + 10
		}, refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"status_code where body_len belongs", goodResponse(), func(f *frame) {
			// <BIIHIIB in place of <BIIIHIB: 200, then 9, over the same bytes.
			f.numbers["body_len"] = 200 | 9<<16
			f.numbers["status_code"] = 0
		}, refusal("LENGTH_MISMATCH", 5, "total_length")},

		{"total_length one above max_message", goodResponse(), func(f *frame) { f.max = size - 1 }, refusal("TOO_LARGE", 5, "total_length")},
		{"max_message 0", goodResponse(), func(f *frame) { f.max = 0 }, refusal("TOO_LARGE", 5, "total_length")},

		{"one byte too many", goodResponse(), func(f *frame) { f.extra = "x" }, refusal("TRAILING", size, "trailing")},
		{"a second message behind", goodResponse(), func(f *frame) { f.extra = string(f.bytes()) }, refusal("TRAILING", size, "trailing")},
	})
}

//spec:test WIRE-021
//spec:test WIRE-022
//spec:test WIRE-023
//spec:test WIRE-024
//spec:test WIRE-025
//spec:test WIRE-026
func TestResponseRefusedForItsContents(t *testing.T) {
	cases := []refusalCase{
		{"id 0", goodResponse(), set("request_id", 0), refusal("RESERVED_ID", 1, "request_id")},
		{"success 2", goodResponse(), set("success", 2), refusal("BAD_SUCCESS", 19, "success")},
		{"success 255", goodResponse(), set("success", 255), refusal("BAD_SUCCESS", 19, "success")},
		{"error message beside success", goodResponse(), part(1, "x"), refusal("STATUS_CONFLICT", 15, "error_message_len")},
	}
	for _, status := range []uint64{0, 100, 199, 300, 399, 400, 500, 600, 65535} {
		cases = append(cases, refusalCase{fmt.Sprintf("success 1 with status %d", status), goodResponse(), set("status_code", status), refusal("STATUS_CONFLICT", 13, "status_code")})
	}
	for _, status := range []uint64{0, 200, 244, 299, 300, 399, 600, 65535} {
		cases = append(cases, refusalCase{fmt.Sprintf("success 0 with status %d", status), failedResponse(), set("status_code", status), refusal("STATUS_CONFLICT", 13, "status_code")})
	}
	for _, bad := range illFormed {
		cases = append(cases, refusalCase{bad.name + " in the error message", failedResponse(), part(1, bad.text), refusal("BAD_UTF8", 29+bad.at, "error_message")})
	}
	runRefusals(t, cases)
}

//spec:test WIRE-006
//spec:test WIRE-023
//spec:test WIRE-024
//spec:test WIRE-027
func TestResponseAcceptedOnTheBorder(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame frame
		edit  func(f *frame)
	}{
		{"total_length equal to max_message", goodResponse(), func(f *frame) { f.max = 29 }},
		{"lowest success status", goodResponse(), set("status_code", 200)},
		{"highest success status", goodResponse(), set("status_code", 299)},
		{"lowest failure status", failedResponse(), set("status_code", 400)},
		{"highest failure status", failedResponse(), set("status_code", 599)},
		{"status of neither class list", failedResponse(), set("status_code", 499)},
		{"failure without a message", failedResponse(), part(1, "")},
		{"failure without a body", failedResponse(), part(0, "")},
		{"zero byte in the error message", failedResponse(), part(1, "\x00")},
		{"body empty", goodResponse(), part(0, "")},
		{"body not JSON", goodResponse(), part(0, "\x00\xff")},
		{"id 1", goodResponse(), set("request_id", 1)},
		{"id largest", goodResponse(), set("request_id", 1<<32-1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.edit(&c.frame)
			checkAccepted(t, c.frame)
		})
	}
}
