package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/internal/wiretest"
	"github.com/ringwire/ringwire/wire"
)

// drain takes all frames that are complete.
func drain(s *wire.Stream) (frames [][]byte, err error) {
	for {
		frame, err := s.Next()
		if frame == nil || err != nil {
			return frames, err
		}
		frames = append(frames, bytes.Clone(frame))
	}
}

func session(direction string) (frames [][]byte, all []byte) {
	for _, sample := range slowwire.SamplesOf(direction) {
		frames = append(frames, sample.Bytes)
		all = append(all, sample.Bytes...)
	}
	return frames, all
}

//spec:test WIRE-032
//spec:test WIRE-034
func TestStreamSplitAnywhere(t *testing.T) {
	for _, direction := range []string{slowwire.Request, slowwire.Response} {
		want, all := session(direction)
		for split := range len(all) + 1 {
			s := wire.NewStream(wiretest.Direction(direction), maxMessage)
			s.Push(all[:split])
			first, err := drain(s)
			if err != nil {
				t.Fatalf("split at %d: %v", split, err)
			}
			s.Push(all[split:])
			s.End()
			second, err := drain(s)
			if err != io.EOF {
				t.Fatalf("split at %d: got %v, want EOF", split, err)
			}
			if got := slices.Concat(first, second); !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("split at %d: frames differ", split)
			}
		}
	}
}

//spec:test WIRE-032
func TestStreamByteByByte(t *testing.T) {
	want, all := session(slowwire.Request)
	s := wire.NewStream(wire.Requests, maxMessage)
	var got [][]byte
	for i := range all {
		s.Push(all[i : i+1])
		frames, err := drain(s)
		if err != nil {
			t.Fatalf("after byte %d: %v", i, err)
		}
		got = append(got, frames...)
	}
	if !slices.EqualFunc(got, want, bytes.Equal) {
		t.Error("frames differ")
	}
}

//spec:test WIRE-033
func TestStreamRefusesAsSoonAsTheHeaderIsThere(t *testing.T) {
	for _, f := range []fault{
		requestFaults[0], requestFaults[1], requestFaults[2], requestFaults[3], requestFaults[4],
	} {
		t.Run(f.code+" "+f.field, func(t *testing.T) {
			bad := goodRequest()
			f.edit(&bad)
			s := wire.NewStream(wire.Requests, bad.max)
			s.Push(bad.bytes()[:wire.RequestHeaderSize-1])
			if frame, err := s.Next(); frame != nil || err != nil {
				t.Fatalf("before the header is there: %x, %v", frame, err)
			}
			s.Push(bad.bytes()[wire.RequestHeaderSize-1 : wire.RequestHeaderSize])
			_, err := s.Next()
			if got := wiretest.Refusal(err); got == nil || got.Code != f.code || got.Field != f.field {
				t.Errorf("got %+v, want code=%s field=%s", got, f.code, f.field)
			}
		})
	}
	bad := goodResponse()
	bad.numbers["type"] = 1
	s := wire.NewStream(wire.Responses, maxMessage)
	s.Push(bad.bytes()[:wire.ResponseHeaderSize])
	if _, err := s.Next(); wiretest.Refusal(err) == nil {
		t.Error("a request was accepted where responses come")
	}
}

// The offset counts from the frame, not from the start of the stream.
//
//spec:test WIRE-034
func TestStreamEndsInsideAFrame(t *testing.T) {
	for _, sample := range slowwire.Samples() {
		t.Run(sample.Name, func(t *testing.T) {
			for n := 1; n < len(sample.Bytes); n++ {
				s := wire.NewStream(wiretest.Direction(sample.Direction), maxMessage)
				s.Push(sample.Bytes)
				s.Push(sample.Bytes[:n])
				s.End()
				frames, err := drain(s)
				if len(frames) != 1 {
					t.Fatalf("%d frames before the cut, want 1", len(frames))
				}
				want := slowwire.Decode(sample.Direction, sample.Bytes[:n], maxMessage).Refusal
				if diff := cmp.Diff(want, wiretest.Refusal(err)); diff != "" {
					t.Fatalf("cut after %d bytes: -want +got:\n%s", n, diff)
				}
			}
		})
	}
}

//spec:test WIRE-035
func TestStreamDoesNotGoOnAfterARefusal(t *testing.T) {
	good := goodRequest().bytes()
	bad := goodRequest()
	bad.numbers["type"] = 9
	s := wire.NewStream(wire.Requests, maxMessage)
	s.Push(slices.Concat(good, bad.bytes(), good))
	frames, first := drain(s)
	if len(frames) != 1 || wiretest.Refusal(first) == nil {
		t.Fatalf("%d frames, err=%v", len(frames), first)
	}
	s.Push(good)
	s.End()
	if frame, err := s.Next(); frame != nil || err != first {
		t.Errorf("after the refusal: frame %x, err=%v", frame, err)
	}
}

func TestStreamAfterItsEnd(t *testing.T) {
	s := wire.NewStream(wire.Requests, maxMessage)
	s.End()
	s.Push(goodRequest().bytes())
	for range 2 {
		if frame, err := s.Next(); frame != nil || err != io.EOF {
			t.Errorf("frame %x, err=%v, want EOF", frame, err)
		}
	}
}

// Memory follows what has arrived, not what a header announces.
//
//spec:test WIRE-029
func TestStreamDoesNotBelieveALength(t *testing.T) {
	f := goodRequest()
	f.numbers["kwargs_len"] = wire.MaxMessageMax - 25
	f.numbers["total_length"] = wire.MaxMessageMax
	header := f.bytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := wire.NewStream(wire.Requests, wire.MaxMessageMax)
	s.Push(header)
	frame, err := s.Next()
	runtime.ReadMemStats(&after)
	if frame != nil || err != nil {
		t.Fatalf("frame %x, err=%v", frame, err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes allocated for %d that arrived", got, len(header))
	}
}

// A stream holds on to the room that its frames need again and again, and lets go
// of what one huge frame needed.
func TestStreamBuffer(t *testing.T) {
	const small, keep = 16 << 10, 1 << 20
	frame := func(size int) []byte {
		r := wire.Response{ID: 1, Status: 200, Success: true, Body: make([]byte, size-wire.ResponseHeaderSize)}
		b, err := r.Append(nil, maxMessage)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	s := wire.NewStream(wire.Responses, maxMessage)
	huge := frame(3 * small)
	for i, step := range []struct {
		push        []byte
		least, most int
	}{
		{frame(20), small, small},
		{frame(small), small, small},
		{frame(1000), small, small},
		{frame(keep), keep, keep},
		{frame(20), keep, keep}, // on the border: kept
		{frame(keep + 1), keep + 1, 2 * keep},
		{frame(20), small, small}, // above: let go
		{huge[:small-1], small, small},
		{huge[small-1 : small], small, small},           // fills the room to the last byte
		{huge[small : small+1], 2 * small, 2 * small},   // one byte over: doubled
		{huge[small+1 : 2*small], 2 * small, 2 * small}, // to the last byte again
		{huge[2*small:], 4 * small, 4 * small},
	} {
		s.Push(step.push)
		if _, err := drain(s); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if got := s.BufferCap(); got < step.least || got > step.most {
			t.Errorf("step %d: room for %d bytes, want %d to %d", i, got, step.least, step.most)
		}
	}
}

func TestFrameHasNoRoomToGrow(t *testing.T) {
	b := goodRequest().bytes()
	s := wire.NewStream(wire.Requests, maxMessage)
	s.Push(slices.Concat(b, b))
	if frame, err := s.Next(); err != nil || cap(frame) != len(b) {
		t.Errorf("frame has room for %d bytes that belong to the next, err=%v", cap(frame)-len(b), err)
	}
}

// Big and small frames in turn, in pieces of every size.
//
//spec:test WIRE-032
func TestStreamRandomPieces(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	s := wire.NewStream(wire.Responses, maxMessage)
	var sent, got [][]byte
	for range 40 {
		r := wire.Response{ID: 1, Status: 200, Success: true, Body: make([]byte, rng.IntN(1<<rng.IntN(22)))}
		for i := range r.Body {
			r.Body[i] = byte(rng.Uint32())
		}
		b, err := r.Append(nil, maxMessage)
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, b)
	}
	for rest := slices.Concat(sent...); len(rest) > 0; {
		n := min(len(rest), 1+rng.IntN(1<<rng.IntN(20)))
		s.Push(rest[:n])
		rest = rest[n:]
		frames, err := drain(s)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, frames...)
	}
	if !slices.EqualFunc(got, sent, bytes.Equal) {
		t.Error("frames differ")
	}
}

//spec:test WIRE-032
//spec:test WIRE-034
func TestReader(t *testing.T) {
	want, all := session(slowwire.Response)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":             func(r io.Reader) io.Reader { return r },
		"byte by byte":      iotest.OneByteReader,
		"half of each read": iotest.HalfReader,
		"error with data":   iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			r := wire.NewReader(wrap(bytes.NewReader(all)), wire.Responses, maxMessage)
			for i := range want {
				frame, err := r.Next()
				if err != nil || !bytes.Equal(frame, want[i]) {
					t.Fatalf("frame %d: %x, err=%v, want %x", i, frame, err, want[i])
				}
			}
			for range 2 {
				if frame, err := r.Next(); frame != nil || err != io.EOF {
					t.Errorf("after the last: %x, err=%v, want EOF", frame, err)
				}
			}
		})
		t.Run(name+", cut", func(t *testing.T) {
			r := wire.NewReader(wrap(bytes.NewReader(all[:len(want[0])+3])), wire.Responses, maxMessage)
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
			_, err := r.Next()
			if got := wiretest.Refusal(err); got == nil || got.Code != "TRUNCATED_HEADER" || got.Offset != 3 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// script answers each Read with the next step.
type script []struct {
	data string
	err  error
}

func (s *script) Read(p []byte) (int, error) {
	if len(*s) == 0 {
		return 0, nil
	}
	step := (*s)[0]
	*s = (*s)[1:]
	return copy(p, step.data), step.err
}

func TestReaderGoesOnAfterAnErrorOfItsSource(t *testing.T) {
	b := string(goodRequest().bytes())
	timeout := errors.New("deadline exceeded")
	r := wire.NewReader(&script{
		{b[:9], nil},
		{"", timeout},
		{b[9:] + b[:4], timeout}, // the bytes first, then the error
		{b[4:], nil},
	}, wire.Requests, maxMessage)
	for i, want := range []error{timeout, nil, timeout, nil, io.ErrNoProgress, io.ErrNoProgress} {
		frame, err := r.Next()
		if err != want || (err == nil && string(frame) != b) {
			t.Errorf("call %d: frame %x, err=%v, want %v", i, frame, err, want)
		}
	}
}
