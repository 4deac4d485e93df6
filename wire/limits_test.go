package wire_test

import (
	"math"
	"testing"

	"github.com/ringwire/ringwire/wire"
)

// Whatever a caller allows, total_length cannot say more than 32 bits.
//
//spec:test WIRE-004
//spec:test WIRE-006
func TestFrameLimit(t *testing.T) {
	for maxMessage, want := range map[int]uint64{
		math.MinInt:        0,
		-1:                 0,
		0:                  0,
		1:                  1,
		wire.MaxMessageMax: wire.MaxMessageMax,
		math.MaxInt:        min(math.MaxInt, math.MaxUint32),
	} {
		if got := wire.FrameLimit(maxMessage); got != want {
			t.Errorf("maxMessage %d: got %d, want %d", maxMessage, got, want)
		}
	}
}
