package main

import (
	"bytes"
	"errors"
	"io"

	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/wire"
)

// otherWays asks the functions of package wire that package native does not, and
// reports whether they answer what the vector expects. A panic is a wrong answer.
func otherWays(v *vectors.Vector) (right bool) {
	defer func() {
		if recover() != nil {
			right = false
		}
	}()
	switch v.Operation {
	case vectors.EncodeRequest:
		return encodeRequest(v)
	case vectors.EncodeResponse:
		return encodeResponse(v)
	case vectors.StreamRequest, vectors.StreamResponse:
		return read(v) && lastWord(v)
	}
	return true
}

func encodeRequest(v *vectors.Vector) bool {
	m := v.Fields
	r := wire.Request{Type: wire.Type(m.Type), ID: m.RequestID, Module: m.ModuleName, Function: m.FunctionName, Kwargs: m.Kwargs}
	header, err := r.AppendHeader(nil, int(v.MaxMessage))
	if !expected(v, header, wire.RequestHeaderSize, err) {
		return false
	}
	if len(m.ModuleName)+len(m.FunctionName)+len(m.Kwargs) > 0 {
		return true
	}
	switch {
	case r.Type == wire.TypeCancel:
		cancel, err := wire.AppendCancel(nil, r.ID)
		return expected(v, cancel, wire.RequestHeaderSize, err)
	case r.Type == wire.TypeShutdown && r.ID == 0:
		return expected(v, wire.AppendShutdown(nil), wire.RequestHeaderSize, nil)
	}
	return true
}

func encodeResponse(v *vectors.Vector) bool {
	m := v.Fields
	if m.Type != uint32(wire.TypeResponse) || m.Success > 1 {
		return true // package wire has no such value
	}
	r := wire.Response{ID: m.RequestID, Status: wire.Status(m.StatusCode), Success: m.Success == 1, Body: m.Body, ErrorMessage: m.ErrorMessage}
	header, err := r.AppendHeader(nil, int(v.MaxMessage))
	return expected(v, header, wire.ResponseHeaderSize, err)
}

// expected holds the header of an encoded message, or its refusal, against the
// vector.
func expected(v *vectors.Vector, header []byte, size int, err error) bool {
	if v.Output != nil {
		return err == nil && bytes.Equal(header, (*v.Output)[:size])
	}
	return refusedAs(v.Error, err)
}

func refusedAs(want *vectors.Error, err error) bool {
	var e *wire.Error
	return errors.As(err, &e) && e != nil && e.Code.String() == want.Code && e.Offset == int(want.Offset) && string(e.Field) == want.Field
}

// errPause is the error of a source that has nothing more to give for now.
var errPause = errors.New("pause")

// source gives out one chunk at a time, and an empty one before each.
type source struct {
	chunks []vectors.Bytes
	end    error // after the last chunk
	// alone says that the end comes by itself and not with the last chunk.
	alone bool
	// pauses says that a pause comes with every chunk.
	pauses bool
	empty  bool
	over   bool // the end was told
	told   int  // how many pauses came with a chunk
}

func (s *source) Read(p []byte) (int, error) {
	if s.empty = !s.empty; s.empty {
		return 0, nil
	}
	if len(s.chunks) == 0 {
		s.over = true
		return 0, s.end
	}
	n := copy(p, s.chunks[0])
	if s.chunks[0] = s.chunks[0][n:]; len(s.chunks[0]) == 0 {
		s.chunks = s.chunks[1:]
	}
	switch {
	case len(s.chunks) == 0 && !s.alone:
		s.over = true
		return n, s.end
	case s.pauses:
		s.told++
		return n, errPause
	}
	return n, nil
}

// read takes the stream of a vector through a Reader, from sources of every kind.
func read(v *vectors.Vector) bool {
	for _, s := range []*source{{}, {alone: true}, {alone: true, pauses: true}} {
		s.end = errPause
		if v.End != nil && *v.End {
			s.end = io.EOF
		}
		for _, c := range v.Chunks {
			s.chunks = append(s.chunks, append(vectors.Bytes(nil), c...))
		}
		if !readFrom(s, v) {
			return false
		}
	}
	return true
}

func readFrom(s *source, v *vectors.Vector) bool {
	direction, parse := wire.Requests, func(b []byte) error { _, err := wire.ParseRequest(b, int(v.MaxMessage)); return err }
	if v.IsResponse() {
		direction, parse = wire.Responses, func(b []byte) error { _, err := wire.ParseResponse(b, int(v.MaxMessage)); return err }
	}
	r := wire.NewReader(s, direction, int(v.MaxMessage))
	for n, heard := 0, 0; ; {
		frame, err := r.Next()
		if errors.Is(err, errPause) && !s.over {
			heard++
			continue
		}
		if err == nil {
			err = parse(frame)
		}
		switch {
		case err == nil:
			n++
			continue
		case n != len(v.Messages):
			return false
		case v.Error != nil:
			return refusedAs(v.Error, err)
		}
		return errors.Is(err, s.end) && heard == s.told
	}
}

// lastWord reports whether a stream that has refused says the same for ever
// (WIRE-035), whatever else arrives.
func lastWord(v *vectors.Vector) bool {
	direction := wire.Requests
	if v.IsResponse() {
		direction = wire.Responses
	}
	s := wire.NewStream(direction, int(v.MaxMessage))
	for _, c := range v.Chunks {
		s.Push(c)
	}
	if v.End != nil && *v.End {
		s.End()
	}
	for range len(v.Messages) + 2 {
		frame, err := s.Next()
		if err != nil {
			s.Push(wire.AppendShutdown(nil))
			_, again := s.Next()
			return again == err
		}
		if frame == nil {
			break
		}
	}
	return true
}
