package fuzz

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ringwire/ringwire/ring"
)

// FuzzHostileRing lets the input write anything anywhere in a region between the
// steps of a master, which must report the lane as corrupt or go on; it must not
// panic, loop, or claim memory that was not sent.
//
// The input is a program: a byte that chooses a step, with its operands.
//
//spec:test REGION-014
//spec:test RING-015
//spec:test RING-016
//spec:test RING-017
//spec:test RING-018
//spec:test RING-019
func FuzzHostileRing(f *testing.F) {
	f.Add([]byte{0, 10, 1, 3, 0, 2, 0, 0, 1})
	for _, offset := range []uint16{512, 640, 1024, 1152, 1280, 4096, 4100, 4104, 8192, 8196} {
		for _, value := range []byte{0, 1, 5, 127, 255} {
			f.Add([]byte{0, 100, 2, byte(offset), byte(offset >> 8), value, 1, 0, 200, 1, 3, 1})
		}
	}
	geometry := ring.Geometry{SlotCount: 4, SlotSize: 64, MaxMessage: 1024}
	words := make([]uint64, geometry.RegionSize()/8)
	memory := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), geometry.RegionSize())

	f.Fuzz(func(t *testing.T, program []byte) {
		clear(memory)
		region, err := ring.Format(memory, ring.Header{Geometry: geometry, Generation: 1, PayloadEncoding: ring.PayloadEncodingJSON})
		if err != nil {
			t.Fatal(err)
		}
		producer, consumer := region.RequestProducer(), region.ResponseConsumer()
		next := func() byte {
			if len(program) == 0 {
				return 0
			}
			b := program[0]
			program = program[1:]
			return b
		}
		left := 0 // of a begun message
		for len(program) > 0 {
			var err error
			switch next() % 5 {
			case 0: // send
				n := 1 + int(next())*4
				if left > 0 {
					n, err = producer.Write(make([]byte, left))
					left -= n
				} else if producer.Fits(n) {
					if _, err = producer.Claim(n); err == nil {
						producer.Commit()
					}
				} else {
					producer.Begin(n)
					var wrote int
					wrote, err = producer.Write(make([]byte, n))
					left = n - wrote
				}
			case 1: // receive
				var message []byte
				message, _, err = consumer.Next()
				if len(message) > geometry.MaxMessage || cap(message) > 2*geometry.MaxMessage {
					t.Fatalf("message of %d bytes in %d", len(message), cap(message))
				}
			case 2: // the other side writes a byte
				offset := int(next()) | int(next())<<8
				memory[offset%len(memory)] = next()
			case 3: // judge
				_, err = producer.Released()
				region.Worker().Snapshot()
			case 4: // sleep
				consumer.PrepareSleep()
				producer.NeedsWakeup()
				consumer.Awake()
			}
			var corrupt *ring.CorruptError
			if errors.As(err, &corrupt) {
				return // the lane is lost, as it must be
			}
			if err != nil && !errors.Is(err, ring.ErrFull) {
				t.Fatalf("neither corrupt nor full: %v", err)
			}
		}
	})
}
