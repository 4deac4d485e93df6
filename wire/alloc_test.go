package wire_test

import (
	"bytes"
	"testing"

	"github.com/ringwire/ringwire/wire"
)

// budget fails if do allocates.
func budget(t *testing.T, name string, do func() error) {
	t.Helper()
	var err error
	if n := testing.AllocsPerRun(100, func() { err = do() }); n != 0 || err != nil {
		t.Errorf("%s: %v allocations, err=%v, want none", name, n, err)
	}
}

//spec:test WIRE-029
func TestNothingIsAllocated(t *testing.T) {
	request, response := goodRequest().bytes(), failedResponse().bytes()
	call, err := wire.ParseRequest(request, maxMessage)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := wire.ParseResponse(response, maxMessage)
	if err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 0, 128)

	budget(t, "ParseRequest", func() error { _, err := wire.ParseRequest(request, maxMessage); return err })
	budget(t, "ParseResponse", func() error { _, err := wire.ParseResponse(response, maxMessage); return err })
	budget(t, "Request.Append", func() error { _, err := call.Append(buffer, maxMessage); return err })
	budget(t, "Request.AppendHeader", func() error { _, err := call.AppendHeader(buffer, maxMessage); return err })
	budget(t, "Response.Append", func() error { _, err := answer.Append(buffer, maxMessage); return err })
	budget(t, "Response.AppendHeader", func() error { _, err := answer.AppendHeader(buffer, maxMessage); return err })
	budget(t, "AppendShutdown", func() error { wire.AppendShutdown(buffer); return nil })
	budget(t, "AppendCancel", func() error { _, err := wire.AppendCancel(buffer, 7); return err })

	stream := wire.NewStream(wire.Requests, maxMessage)
	budget(t, "Stream", func() error { stream.Push(request); _, err := stream.Next(); return err })
	reader := wire.NewReader(bytes.NewReader(bytes.Repeat(request, 200)), wire.Requests, maxMessage)
	if _, err := reader.Next(); err != nil {
		t.Fatal(err)
	}
	budget(t, "Reader", func() error { _, err := reader.Next(); return err })
}

func BenchmarkParseRequest(b *testing.B) {
	in := goodRequest().bytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.ParseRequest(in, maxMessage); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseResponse(b *testing.B) {
	in := goodResponse().bytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.ParseResponse(in, maxMessage); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRequestAppend(b *testing.B) {
	r, buffer := call(func(*wire.Request) {}), make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Append(buffer, maxMessage); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResponseAppend(b *testing.B) {
	r, buffer := answer(func(*wire.Response) {}), make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Append(buffer, maxMessage); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStream(b *testing.B) {
	in := bytes.Repeat(goodRequest().bytes(), 16)
	s := wire.NewStream(wire.Requests, maxMessage)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		s.Push(in)
		for {
			frame, err := s.Next()
			if err != nil {
				b.Fatal(err)
			}
			if frame == nil {
				break
			}
		}
	}
}
