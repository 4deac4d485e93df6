package wire_test

import (
	"strings"
	"testing"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/wire"
)

// refusalCase is one frame with one fault.
type refusalCase struct {
	name  string
	frame frame
	edit  func(f *frame)
	want  slowwire.Refusal
}

func runRefusals(t *testing.T, cases []refusalCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.edit(&c.frame)
			checkRefused(t, c.frame, c.want)
		})
	}
}

func refusal(code string, offset int, field string) slowwire.Refusal {
	return slowwire.Refusal{Code: code, Offset: offset, Field: field}
}

func set(field string, value uint64) func(*frame) {
	return func(f *frame) { f.numbers[field] = value }
}

func part(i int, text string) func(*frame) {
	return func(f *frame) { f.parts[i] = text }
}

//spec:test WIRE-002
//spec:test WIRE-004
//spec:test WIRE-005
//spec:test WIRE-006
//spec:test WIRE-007
//spec:test WIRE-008
//spec:test WIRE-010
func TestRequestRefusedForItsHeader(t *testing.T) {
	const size = 38 // of the good request
	runRefusals(t, []refusalCase{
		{"type 0", goodRequest(), set("type", 0), refusal("BAD_TYPE", 0, "type")},
		{"type 2 of the other direction", goodRequest(), set("type", 2), refusal("BAD_TYPE", 0, "type")},
		{"type 5 after the last", goodRequest(), set("type", 5), refusal("BAD_TYPE", 0, "type")},
		{"type 10 first reserved", goodRequest(), set("type", 10), refusal("BAD_TYPE", 0, "type")},
		{"type 21 last reserved", goodRequest(), set("type", 21), refusal("BAD_TYPE", 0, "type")},
		{"type 255", goodRequest(), set("type", 255), refusal("BAD_TYPE", 0, "type")},

		{"total_length one below the sum", goodRequest(), set("total_length", size-1), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"total_length one above the sum", goodRequest(), set("total_length", size+1), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"total_length without the header", goodRequest(), set("total_length", size-21), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"total_length 0", goodRequest(), set("total_length", 0), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"total_length largest", goodRequest(), set("total_length", 1<<32-1), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"kwargs_len one too few", goodRequest(), set("kwargs_len", 12), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"kwargs_len largest", goodRequest(), set("kwargs_len", 1<<32-1), refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"sum wraps to total_length in 32 bits", goodRequest(), func(f *frame) {
			f.numbers["module_name_len"] = 1<<32 - 1
			f.numbers["function_name_len"] = 5 // 1 + 3 + 2³² = 2³²−1 + 5
		}, refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"sum wraps twice in 32 bits", goodRequest(), func(f *frame) {
			f.numbers["module_name_len"] = 1<<32 - 1
			f.numbers["function_name_len"] = 1<<32 - 1
			f.numbers["kwargs_len"] = 19 // 1 + 3 + 13 + 2·2³² = 2·(2³²−1) + 19
		}, refusal("LENGTH_MISMATCH", 5, "total_length")},
		{"sum is negative in signed 32 bits", goodRequest(), func(f *frame) {
			f.numbers["kwargs_len"] = 1 << 31
			f.numbers["total_length"] = 21 + 1 + 3 + 1<<31
		}, refusal("TOO_LARGE", 5, "total_length")},

		{"total_length one above max_message", goodRequest(), func(f *frame) { f.max = size - 1 }, refusal("TOO_LARGE", 5, "total_length")},
		{"max_message 0", goodRequest(), func(f *frame) { f.max = 0 }, refusal("TOO_LARGE", 5, "total_length")},

		{"module name one above the limit", goodRequest(), part(0, strings.Repeat("n", 1025)), refusal("NAME_TOO_LONG", 9, "module_name_len")},
		{"function name one above the limit", goodRequest(), part(1, strings.Repeat("n", 1025)), refusal("NAME_TOO_LONG", 13, "function_name_len")},
		{"name of a shutdown one above the limit", bareRequest(wire.TypeShutdown, 0), part(0, strings.Repeat("n", 1025)), refusal("NAME_TOO_LONG", 9, "module_name_len")},

		{"one byte too many", goodRequest(), func(f *frame) { f.extra = "x" }, refusal("TRAILING", size, "trailing")},
		{"a second message behind", goodRequest(), func(f *frame) { f.extra = string(f.bytes()) }, refusal("TRAILING", size, "trailing")},
		{"a byte behind a shutdown", bareRequest(wire.TypeShutdown, 0), func(f *frame) { f.extra = "\x00" }, refusal("TRAILING", 21, "trailing")},
	})
}

//spec:test WIRE-011
//spec:test WIRE-012
//spec:test WIRE-013
//spec:test WIRE-014
//spec:test WIRE-015
//spec:test WIRE-016
//spec:test WIRE-017
func TestRequestRefusedForItsContents(t *testing.T) {
	cases := []refusalCase{
		{"id 0", goodRequest(), set("request_id", 0), refusal("RESERVED_ID", 1, "request_id")},
		{"module name empty", goodRequest(), part(0, ""), refusal("EMPTY_NAME", 9, "module_name_len")},
		{"function name empty", goodRequest(), part(1, ""), refusal("EMPTY_NAME", 13, "function_name_len")},
		{"zero byte first in the module name", goodRequest(), part(0, "\x00m"), refusal("NUL_IN_NAME", 21, "module_name")},
		{"zero byte last in the module name", goodRequest(), part(0, "mm\x00"), refusal("NUL_IN_NAME", 23, "module_name")},
		{"zero byte in the function name", goodRequest(), part(1, "a\x00\x00"), refusal("NUL_IN_NAME", 23, "function_name")},
		{"zero byte before ill-formed text in the module name", goodRequest(), part(0, "\x00\xff"), refusal("BAD_UTF8", 22, "module_name")},
		{"character across the border of two names", goodRequest(), func(f *frame) { f.parts[0], f.parts[1] = "m\xc3", "\xa9f" }, refusal("BAD_UTF8", 22, "module_name")},
		{"character across the border to kwargs", goodRequest(), func(f *frame) { f.parts[1], f.parts[2] = "f\xe2\x82", "\xac" }, refusal("BAD_UTF8", 23, "function_name")},
	}
	for _, bad := range illFormed {
		cases = append(cases,
			refusalCase{bad.name + " in the module name", goodRequest(), part(0, bad.text), refusal("BAD_UTF8", 21+bad.at, "module_name")},
			refusalCase{bad.name + " in the function name", goodRequest(), part(1, bad.text), refusal("BAD_UTF8", 22+bad.at, "function_name")})
	}
	runRefusals(t, cases)
}

// illFormed are texts that RFC 3629 forbids, and where the first fault begins.
var illFormed = []struct {
	name string
	text string
	at   int
}{
	{"example of the specification", "\x61\xe2\x82\x62", 1},
	{"lone continuation, lowest", "a\x80", 1},
	{"lone continuation, highest", "a\xbfb", 1},
	{"overlong zero", "\xc0\x80", 0},
	{"overlong two bytes, highest", "\xc1\xbf", 0},
	{"overlong three bytes, highest", "é\xe0\x9f\xbf", 2},
	{"overlong four bytes, highest", "日\xf0\x8f\xbf\xbf", 3},
	{"lowest surrogate", "ab\xed\xa0\x80", 2},
	{"highest surrogate", "\xed\xbf\xbf", 0},
	{"surrogate pair", "\xed\xa0\xbd\xed\xb8\x80", 0},
	{"one above U+10FFFF", "𝛼\xf4\x90\x80\x80", 4},
	{"lead byte F5", "\xf5\x80\x80\x80", 0},
	{"byte FE", "a\xfe", 1},
	{"byte FF", "\xff", 0},
	{"two bytes cut after one", "aa\xc3", 2},
	{"three bytes cut after two", "\xe2\x82", 0},
	{"four bytes cut after three", "a\xf0\x9f\x92", 1},
	{"continuation too many", "é\x80", 2},
	{"lead after lead", "\xc3\xc3\xa9", 0},
}

//spec:test WIRE-018
//spec:test WIRE-019
//spec:test WIRE-020
func TestBareFrameRefused(t *testing.T) {
	cases := []refusalCase{
		{"shutdown with id 1", bareRequest(wire.TypeShutdown, 1), func(*frame) {}, refusal("RESERVED_ID", 1, "request_id")},
		{"shutdown with the largest id", bareRequest(wire.TypeShutdown, 1<<32-1), func(*frame) {}, refusal("RESERVED_ID", 1, "request_id")},
		{"cancel with id 0", bareRequest(wire.TypeCancel, 0), func(*frame) {}, refusal("RESERVED_ID", 1, "request_id")},
	}
	for _, bare := range []frame{bareRequest(wire.TypeShutdown, 0), bareRequest(wire.TypeCancel, 7)} {
		typ := wire.Type(bare.numbers["type"]).String()
		for i, field := range []string{"module_name_len", "function_name_len", "kwargs_len"} {
			f := bare
			f.parts = []string{"", "", ""}
			cases = append(cases, refusalCase{typ + " with " + field + " 1", f, part(i, "x"), refusal("NONZERO_LENGTH", 9+4*i, field)})
		}
		f := bare
		f.parts = []string{"", "f", "k"}
		cases = append(cases, refusalCase{typ + " with two lengths", f, func(*frame) {}, refusal("NONZERO_LENGTH", 13, "function_name_len")})
	}
	runRefusals(t, cases)
}

//spec:test WIRE-006
//spec:test WIRE-007
//spec:test WIRE-008
//spec:test WIRE-027
func TestRequestAcceptedOnTheBorder(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(f *frame)
	}{
		{"total_length equal to max_message", func(f *frame) { f.max = 38 }},
		{"module name on the limit", part(0, strings.Repeat("n", 1024))},
		{"function name on the limit", part(1, strings.Repeat("n", 1024))},
		{"name of two bytes a character on the limit", part(0, strings.Repeat("é", 512))},
		{"names of one byte", func(f *frame) { f.parts[0], f.parts[1] = "m", "f" }},
		{"kwargs empty", part(2, "")},
		{"kwargs not JSON", part(2, "\x00\xff")},
		{"id 1", set("request_id", 1)},
		{"id largest", set("request_id", 1<<32-1)},
		{"lowest and highest of each form in a name", part(0, "\u0001\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff")},
		{"byte order mark in a name", part(0, "\ufeffm")},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := goodRequest()
			c.edit(&f)
			checkAccepted(t, f)
		})
	}
}

func TestParsedPartsAreViewsWithoutRoomToGrow(t *testing.T) {
	in := goodRequest().bytes()
	request, err := wire.ParseRequest(in, maxMessage)
	if err != nil {
		t.Fatal(err)
	}
	in[21] = 'n'
	if string(request.Module) != "n" {
		t.Errorf("module name is a copy: got %q", request.Module)
	}
	response, err := wire.ParseResponse(failedResponse().bytes(), maxMessage)
	if err != nil {
		t.Fatal(err)
	}
	// Appending to a part must not write into the next one.
	for name, part := range map[string][]byte{
		"module name": request.Module, "function name": request.Function, "kwargs": request.Kwargs,
		"body": response.Body, "error message": response.ErrorMessage,
	} {
		if cap(part) != len(part) {
			t.Errorf("%s has room for %d bytes that belong to others", name, cap(part)-len(part))
		}
	}
}
