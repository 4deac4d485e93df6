package wire_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/internal/wiretest"
	"github.com/ringwire/ringwire/wire"
)

//spec:test WIRE-030
func TestReencodingYieldsTheSameBytes(t *testing.T) {
	for _, sample := range slowwire.Samples() {
		t.Run(sample.Name, func(t *testing.T) {
			got, err := wiretest.Reencode(sample.Direction, sample.Bytes, uint64(len(sample.Bytes)))
			if err != nil || !bytes.Equal(got, sample.Bytes) {
				t.Errorf("got %x, err=%v, want %x", got, err, sample.Bytes)
			}
		})
	}
}

// encoder is what both messages can do.
type encoder interface {
	Size() int
	Append(dst []byte, maxMessage int) ([]byte, error)
	AppendHeader(dst []byte, maxMessage int) ([]byte, error)
}

func call(edit func(r *wire.Request)) *wire.Request {
	r := &wire.Request{Type: wire.TypeRequest, ID: 7, Module: []byte("m"), Function: []byte("add"), Kwargs: []byte("{}")}
	edit(r)
	return r
}

func answer(edit func(r *wire.Response)) *wire.Response {
	r := &wire.Response{ID: 7, Status: wire.StatusRaised, Body: []byte("{}"), ErrorMessage: []byte("boom")}
	edit(r)
	return r
}

//spec:test WIRE-031
func TestEncoderRefusesWhatADecoderWould(t *testing.T) {
	long := []byte(strings.Repeat("n", wire.NameMax+1))
	for _, c := range []struct {
		name    string
		message encoder
		max     int
		want    slowwire.Refusal
	}{
		{"type 0", call(func(r *wire.Request) { r.Type = 0 }), maxMessage, refusal("BAD_TYPE", 0, "type")},
		{"type response", call(func(r *wire.Request) { r.Type = wire.TypeResponse }), maxMessage, refusal("BAD_TYPE", 0, "type")},
		{"request above max_message", call(func(*wire.Request) {}), 26, refusal("TOO_LARGE", 5, "total_length")},
		{"request with a negative max_message", call(func(*wire.Request) {}), -1, refusal("TOO_LARGE", 5, "total_length")},
		{"module name too long", call(func(r *wire.Request) { r.Module = long }), maxMessage, refusal("NAME_TOO_LONG", 9, "module_name_len")},
		{"function name too long", call(func(r *wire.Request) { r.Function = long }), maxMessage, refusal("NAME_TOO_LONG", 13, "function_name_len")},
		{"request id 0", call(func(r *wire.Request) { r.ID = 0 }), maxMessage, refusal("RESERVED_ID", 1, "request_id")},
		{"module name empty", call(func(r *wire.Request) { r.Module = nil }), maxMessage, refusal("EMPTY_NAME", 9, "module_name_len")},
		{"function name empty", call(func(r *wire.Request) { r.Function = nil }), maxMessage, refusal("EMPTY_NAME", 13, "function_name_len")},
		{"module name ill-formed", call(func(r *wire.Request) { r.Module = []byte("m\xff") }), maxMessage, refusal("BAD_UTF8", 22, "module_name")},
		{"module name with zero byte", call(func(r *wire.Request) { r.Module = []byte("m\x00") }), maxMessage, refusal("NUL_IN_NAME", 22, "module_name")},
		{"function name ill-formed", call(func(r *wire.Request) { r.Function = []byte("f\xff") }), maxMessage, refusal("BAD_UTF8", 23, "function_name")},
		{"function name with zero byte", call(func(r *wire.Request) { r.Function = []byte("f\x00") }), maxMessage, refusal("NUL_IN_NAME", 23, "function_name")},
		{"shutdown with an id", &wire.Request{Type: wire.TypeShutdown, ID: 1}, maxMessage, refusal("RESERVED_ID", 1, "request_id")},
		{"shutdown with kwargs", &wire.Request{Type: wire.TypeShutdown, Kwargs: []byte("k")}, maxMessage, refusal("NONZERO_LENGTH", 17, "kwargs_len")},
		{"cancel without id", &wire.Request{Type: wire.TypeCancel}, maxMessage, refusal("RESERVED_ID", 1, "request_id")},
		{"cancel with a module name", &wire.Request{Type: wire.TypeCancel, ID: 1, Module: []byte("m")}, maxMessage, refusal("NONZERO_LENGTH", 9, "module_name_len")},
		{"cancel with a function name", &wire.Request{Type: wire.TypeCancel, ID: 1, Function: []byte("f")}, maxMessage, refusal("NONZERO_LENGTH", 13, "function_name_len")},

		{"response above max_message", answer(func(*wire.Response) {}), 25, refusal("TOO_LARGE", 5, "total_length")},
		{"response id 0", answer(func(r *wire.Response) { r.ID = 0 }), maxMessage, refusal("RESERVED_ID", 1, "request_id")},
		{"success with status 500", answer(func(r *wire.Response) { r.Success = true }), maxMessage, refusal("STATUS_CONFLICT", 13, "status_code")},
		{"failure with status 200", answer(func(r *wire.Response) { r.Status = 200 }), maxMessage, refusal("STATUS_CONFLICT", 13, "status_code")},
		{"success with a message", answer(func(r *wire.Response) { r.Success, r.Status = true, 200 }), maxMessage, refusal("STATUS_CONFLICT", 15, "error_message_len")},
		{"error message ill-formed", answer(func(r *wire.Response) { r.ErrorMessage = []byte("b\x80") }), maxMessage, refusal("BAD_UTF8", 23, "error_message")},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Category = string(categoryOf(c.want.Code))
			for name, appendTo := range map[string]func([]byte, int) ([]byte, error){
				"Append":       c.message.Append,
				"AppendHeader": c.message.AppendHeader,
			} {
				buffer := []byte("before, and room behind it for the whole message")
				dst := buffer[:6]
				got, err := appendTo(dst, c.max)
				if diff := cmp.Diff(&c.want, wiretest.Refusal(err)); diff != "" {
					t.Errorf("%s: -want +got:\n%s", name, diff)
				}
				if string(got) != "before" || string(buffer) != "before, and room behind it for the whole message" {
					t.Errorf("%s wrote in spite of its refusal: %q, %q", name, got, buffer)
				}
			}
		})
	}
}

//spec:test WIRE-030
func TestAppendHeaderIsTheStartOfAppend(t *testing.T) {
	for _, message := range []encoder{call(func(*wire.Request) {}), answer(func(*wire.Response) {}), &wire.Request{Type: wire.TypeShutdown}} {
		whole, err := message.Append(nil, message.Size())
		if err != nil || len(whole) != message.Size() {
			t.Fatalf("%d bytes, err=%v, want %d", len(whole), err, message.Size())
		}
		header, err := message.AppendHeader([]byte("dst"), message.Size())
		if err != nil || !bytes.HasPrefix(append([]byte("dst"), whole...), header) {
			t.Errorf("header %x is no prefix of %x, err=%v", header, whole, err)
		}
	}
}

//spec:test WIRE-019
//spec:test WIRE-031
func TestAppendCancelRefusesIDZero(t *testing.T) {
	dst, err := wire.AppendCancel([]byte("dst"), 0)
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.CodeReservedID || string(dst) != "dst" {
		t.Errorf("got %q, err=%v", dst, err)
	}
}
