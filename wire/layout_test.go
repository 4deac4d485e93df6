package wire_test

import (
	"errors"
	"testing"

	"github.com/ringwire/ringwire/wire"
)

// A reader of a stream learns from the header alone how long a frame is, or why it
// is none.
//
//spec:test WIRE-033
func TestFrameSize(t *testing.T) {
	request, err := (&wire.Request{Type: wire.TypeRequest, ID: 1, Module: []byte("m"), Function: []byte("f"), Kwargs: []byte("{}")}).Append(nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&wire.Response{ID: 1, Status: wire.StatusOK, Success: true, Body: []byte("null")}).Append(nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		direction wire.Direction
		frame     []byte
		header    int
	}{{wire.Requests, request, wire.RequestHeaderSize}, {wire.Responses, response, wire.ResponseHeaderSize}} {
		header := c.frame[:c.header]
		if n, err := c.direction.FrameSize(header, 1000); err != nil || n != len(c.frame) {
			t.Errorf("%v: size=%d err=%v want %d", c.direction, n, err, len(c.frame))
		}
		n, err := c.direction.FrameSize(header, len(c.frame)-1)
		var refusal *wire.Error
		if !errors.As(err, &refusal) || refusal.Code != wire.CodeTooLarge || n != 0 {
			t.Errorf("%v: size=%d err=%v", c.direction, n, err)
		}
	}
}
