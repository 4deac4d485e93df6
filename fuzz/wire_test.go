package fuzz

import (
	"bytes"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/internal/wiretest"
	"github.com/ringwire/ringwire/wire"
)

// seedsPerDirection is how many messages with border values and faults each
// target starts from, besides the good ones: mutation alone does not find sums
// that wrap.
const seedsPerDirection = 300

func FuzzParseRequest(f *testing.F) { fuzzParse(f, slowwire.Request) }

func FuzzParseResponse(f *testing.F) { fuzzParse(f, slowwire.Response) }

// fuzzParse holds package wire against the slow decoder, and what it accepts
// against what it encodes.
//
//spec:test WIRE-001
//spec:test WIRE-004
//spec:test WIRE-027
//spec:test WIRE-028
//spec:test WIRE-030
func fuzzParse(f *testing.F, direction string) {
	for _, sample := range slowwire.SamplesOf(direction) {
		f.Add(sample.Bytes, uint32(wire.MaxMessageDefault))
	}
	seeds(f, "decode-"+direction, func(b []byte, limit uint32) { f.Add(b, limit) })
	rng := rand.New(rand.NewPCG(1, 1))
	for range seedsPerDirection {
		b, limit := slowwire.Generate(rng, direction)
		f.Add(b, uint32(limit))
	}
	f.Fuzz(func(t *testing.T, b []byte, limit uint32) {
		b = b[:len(b):len(b)]
		before := bytes.Clone(b)
		got := wiretest.Decode(direction, b, uint64(limit))
		if want := slowwire.Decode(direction, b, uint64(limit)); !reflect.DeepEqual(want, got) {
			t.Fatalf("-slowwire +wire:\n%s", cmp.Diff(want, got))
		}
		if !bytes.Equal(b, before) {
			t.Fatalf("parsing changed its input to %x", b)
		}
		if got.Refusal != nil {
			return
		}
		if again, err := wiretest.Reencode(direction, b, uint64(limit)); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("encoded as %x, err=%v", again, err)
		}
	})
}

// FuzzStream holds a stream that arrives in pieces of any size against one that
// is cut with all bytes at hand. The pieces are as long as the bytes of sizes say.
//
//spec:test WIRE-032
//spec:test WIRE-033
//spec:test WIRE-034
//spec:test WIRE-035
func FuzzStream(f *testing.F) {
	rng := rand.New(rand.NewPCG(2, 2))
	for i, direction := range []string{slowwire.Request, slowwire.Response} {
		var all []byte
		for _, sample := range slowwire.SamplesOf(direction) {
			all = append(all, sample.Bytes...)
		}
		f.Add(i == 1, all, []byte{0, 1, 20, 21, 22, 255}, uint32(wire.MaxMessageDefault))
		seeds(f, "stream-"+direction, func(b []byte, limit uint32) { f.Add(i == 1, b, []byte{1, 19, 2}, limit) })
		for range seedsPerDirection {
			b, limit := slowwire.Generate(rng, direction)
			f.Add(i == 1, append(bytes.Clone(slowwire.SamplesOf(direction)[0].Bytes), b...), []byte{7, 1, 40}, uint32(limit))
		}
	}
	f.Fuzz(func(t *testing.T, responses bool, b, sizes []byte, limit uint32) {
		direction := slowwire.Request
		if responses {
			direction = slowwire.Response
		}
		wantFrames, wantRefusal := slowwire.Split(direction, b, uint64(limit))
		stream := wire.NewStream(wiretest.Direction(direction), int(limit))
		var frames [][]byte
		for rest, turn := b, 0; ; turn++ {
			n := len(rest)
			if len(sizes) > 0 && turn < 1000 {
				n = min(n, int(sizes[turn%len(sizes)]))
			}
			if stream.Push(rest[:n]); len(rest) == 0 {
				stream.End()
			}
			rest = rest[n:]
			for {
				frame, err := stream.Next()
				if err == nil && frame == nil {
					break
				}
				if err == nil {
					frames = append(frames, bytes.Clone(frame))
					continue
				}
				var refusal *slowwire.Refusal
				if err != io.EOF {
					refusal = wiretest.Refusal(err)
				}
				if diff := cmp.Diff(wantRefusal, refusal); diff != "" {
					t.Fatalf("-slowwire +wire:\n%s", diff)
				}
				if diff := cmp.Diff(wantFrames, frames); diff != "" {
					t.Fatalf("-slowwire +wire:\n%s", diff)
				}
				return
			}
		}
	})
}
