// Package native judges this module's own codec and ring like any third party's.
package native

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/wire"
)

// Subject is package wire and package ring.
type Subject struct{}

// New returns the subject.
func New() *Subject { return &Subject{} }

// Info implements conformance.Subject.
func (*Subject) Info() conformance.Info {
	return conformance.Info{
		Name: "ringwire-go", Version: "1.0", Language: "Go",
		Profiles: []string{"decode", "encode", "stream", "ring"}, MaxMessage: wire.MaxMessageDefault,
	}
}

// Kind implements conformance.Subject.
func (*Subject) Kind() string { return "native" }

// Parallel implements conformance.Subject.
func (*Subject) Parallel() int { return 2 }

// Close implements conformance.Subject.
func (*Subject) Close() error { return nil }

// Judge implements conformance.Subject. A panic is a finding.
func (*Subject) Judge(_ context.Context, v *vectors.Vector) (verdict conformance.Verdict) {
	defer func() {
		if p := recover(); p != nil {
			verdict = conformance.Judged([]conformance.Finding{{Text: fmt.Sprintf("panicked: %v", p)}})
		}
	}()
	if v.Profile() == "ring" {
		return conformance.Judged(play(v.Steps))
	}
	a := Ask(v)
	return conformance.Judge(v, &a)
}

// Ask puts the question of a decode, encode or stream vector to package wire.
func Ask(v *vectors.Vector) conformance.Answer {
	maxMessage := int(v.MaxMessage)
	switch v.Operation {
	case vectors.DecodeRequest, vectors.DecodeResponse:
		m, err := decode(v.IsResponse(), *v.Input, maxMessage)
		return conformance.Answer{Message: m, Error: located(err)}
	case vectors.EncodeRequest, vectors.EncodeResponse:
		out, err := encode(v.Fields, maxMessage)
		return conformance.Answer{Output: out, Error: located(err)}
	case vectors.StreamRequest, vectors.StreamResponse:
		return stream(v, maxMessage)
	}
	return conformance.Answer{Skip: "unknown operation " + v.Operation}
}

func decode(response bool, in []byte, maxMessage int) (*vectors.Message, error) {
	if response {
		r, err := wire.ParseResponse(in, maxMessage)
		if err != nil {
			return nil, err
		}
		m := &vectors.Message{
			Type: uint32(wire.TypeResponse), RequestID: r.ID, Response: true,
			Body: r.Body, ErrorMessage: r.ErrorMessage, StatusCode: uint32(r.Status),
			TotalLength: uint32(r.Size()), Consumed: uint32(r.Size()),
		}
		if r.Success {
			m.Success = 1
		}
		return m, nil
	}
	r, err := wire.ParseRequest(in, maxMessage)
	if err != nil {
		return nil, err
	}
	return &vectors.Message{
		Type: uint32(r.Type), RequestID: r.ID, ModuleName: r.Module, FunctionName: r.Function, Kwargs: r.Kwargs,
		TotalLength: uint32(r.Size()), Consumed: uint32(r.Size()),
	}, nil
}

func encode(m *vectors.Message, maxMessage int) ([]byte, error) {
	if !m.Response {
		r := wire.Request{Type: wire.Type(m.Type), ID: m.RequestID, Module: m.ModuleName, Function: m.FunctionName, Kwargs: m.Kwargs}
		return r.Append(nil, maxMessage)
	}
	// The types of package wire cannot hold what these two refuse.
	if m.Type != uint32(wire.TypeResponse) {
		return nil, &wire.Error{Code: wire.CodeBadType, Field: wire.FieldType}
	}
	r := wire.Response{
		ID: m.RequestID, Status: wire.Status(m.StatusCode), Success: m.Success == 1,
		Body: m.Body, ErrorMessage: m.ErrorMessage,
	}
	if m.Success > 1 && r.Size() <= maxMessage {
		return nil, &wire.Error{Code: wire.CodeBadSuccess, Offset: 19, Field: wire.FieldSuccess}
	}
	return r.Append(nil, maxMessage)
}

func stream(v *vectors.Vector, maxMessage int) conformance.Answer {
	direction := wire.Requests
	if v.IsResponse() {
		direction = wire.Responses
	}
	s := wire.NewStream(direction, maxMessage)
	var a conformance.Answer
	for i := 0; i <= len(v.Chunks); i++ {
		switch {
		case i < len(v.Chunks):
			s.Push(v.Chunks[i])
		case v.End != nil && *v.End:
			s.End()
		default:
			return a
		}
		for {
			frame, err := s.Next()
			if errors.Is(err, io.EOF) || frame == nil && err == nil {
				break
			}
			var m *vectors.Message
			if err == nil {
				m, err = decode(v.IsResponse(), append([]byte(nil), frame...), maxMessage)
			}
			if err != nil {
				a.Error = located(err)
				chunk := vectors.Number(i)
				a.Error.Chunk = &chunk
				return a
			}
			a.Messages = append(a.Messages, *m)
		}
	}
	return a
}

func located(err error) *vectors.Error {
	if err == nil {
		return nil
	}
	var w *wire.Error
	if !errors.As(err, &w) {
		return &vectors.Error{Code: "not a wire.Error: " + err.Error()}
	}
	return &vectors.Error{
		Code: w.Code.String(), Category: string(w.Category()), Offset: vectors.Number(w.Offset), Field: string(w.Field),
	}
}
