package fuzz

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/ringwire/ringwire/internal/panel"
	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/spec"
	"github.com/ringwire/ringwire/wire"
)

// FuzzOracle puts each input to package wire, package slowwire and the executable
// specification, which were written apart: as one message, as the fields of a
// message to encode, and as a stream in two pieces. All three must agree.
//
//spec:test WIRE-027
//spec:test WIRE-028
//spec:test WIRE-030
//spec:test WIRE-031
//spec:test WIRE-032
//spec:test WIRE-034
func FuzzOracle(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 3))
	for i, direction := range []string{slowwire.Request, slowwire.Response} {
		add := func(b []byte, limit uint32) { f.Add(i == 1, b, uint16(len(b)/2), limit) }
		for _, sample := range slowwire.SamplesOf(direction) {
			add(sample.Bytes, wire.MaxMessageDefault)
		}
		seeds(f, "decode-"+direction, add)
		seeds(f, "stream-"+direction, add)
		for range seedsPerDirection {
			b, limit := slowwire.Generate(rng, direction)
			add(b, uint32(limit))
		}
	}
	// Each process that fuzzes is one goroutine, and so is the panel.
	p, err := panel.New(context.Background(), spec.Oracle)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := p.Close(); err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, responses bool, b []byte, cut uint16, limit uint32) {
		direction := slowwire.Request
		if responses {
			direction = slowwire.Response
		}
		b = bytes.Clone(b)
		maxMessage := panel.Limit(uint64(limit))
		if _, err := p.Message(direction, b, maxMessage); err != nil {
			t.Fatal(err)
		}
		at := min(int(cut), len(b))
		if _, err := p.Stream(direction, [][]byte{b[:at], b[at:]}, maxMessage); err != nil {
			t.Fatal(err)
		}
	})
}
