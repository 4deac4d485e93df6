package wire_test

import (
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/ringwire/ringwire/wire"
)

func Example() {
	request := wire.Request{
		Type:     wire.TypeRequest,
		ID:       7,
		Module:   []byte("m"),
		Function: []byte("add"),
		Kwargs:   []byte(`{"a":1,"b":2}`),
	}
	frame, err := request.Append(nil, wire.MaxMessageDefault)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("% x\n", frame)

	parsed, err := wire.ParseRequest(frame, wire.MaxMessageDefault)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v %d %s:%s %s\n", parsed.Type, parsed.ID, parsed.Module, parsed.Function, parsed.Kwargs)
	// Output:
	// 01 07 00 00 00 26 00 00 00 01 00 00 00 03 00 00 00 0d 00 00 00 6d 61 64 64 7b 22 61 22 3a 31 2c 22 62 22 3a 32 7d
	// REQUEST 7 m:add {"a":1,"b":2}
}

// A refusal says which byte is wrong and in which field.
func ExampleError() {
	frame := wire.AppendShutdown(nil)
	frame[5]++ // total_length

	_, err := wire.ParseRequest(frame, wire.MaxMessageDefault)
	var refusal *wire.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Code, refusal.Category(), refusal.Offset, refusal.Field)
	}
	fmt.Println(err)
	// Output:
	// LENGTH_MISMATCH malformed 5 total_length
	// wire: total_length is not the header plus the payload lengths: code=LENGTH_MISMATCH offset=5 field=total_length got=22 want=21
}

// A worker that encodes its result straight into the memory it is sent from, and
// puts the header before it when the length is known.
func ExampleResponse_AppendHeader() {
	slot := make([]byte, 64)
	body := append(slot[wire.ResponseHeaderSize:wire.ResponseHeaderSize], `{"sum":3}`...)

	response := wire.Response{ID: 7, Status: wire.StatusOK, Success: true, Body: body}
	if _, err := response.AppendHeader(slot[:0], len(slot)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", slot[:response.Size()])
	// Output:
	// "\x02\a\x00\x00\x00\x1d\x00\x00\x00\t\x00\x00\x00\xc8\x00\x00\x00\x00\x00\x01{\"sum\":3}"
}

// The same frames over a connection.
func ExampleReader() {
	master, worker := net.Pipe()
	go func() {
		defer master.Close()
		frames, _ := wire.AppendCancel(nil, 7)
		frames = wire.AppendShutdown(frames)
		_, _ = master.Write(frames)
	}()

	reader := wire.NewReader(worker, wire.Requests, wire.MaxMessageDefault)
	for {
		frame, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		request, err := wire.ParseRequest(frame, wire.MaxMessageDefault)
		fmt.Println(request.Type, request.ID, err)
	}
	// Output:
	// CANCEL 7 <nil>
	// SHUTDOWN 0 <nil>
}

// Bytes that arrive in pieces, from wherever they come.
func ExampleStream() {
	frame := wire.AppendShutdown(nil)
	stream := wire.NewStream(wire.Requests, wire.MaxMessageDefault)
	for _, chunk := range [][]byte{frame[:5], frame[5:]} {
		stream.Push(chunk)
		next, err := stream.Next()
		fmt.Println(len(next), err)
	}
	stream.End()
	_, err := stream.Next()
	fmt.Println(err)
	// Output:
	// 0 <nil>
	// 21 <nil>
	// EOF
}
