//go:build linux

package executor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// TestSmallRings: a lane of few slots goes on taking calls once it has learnt that
// they are short and so may wait in the ring.
func TestSmallRings(t *testing.T) {
	for _, slots := range []int{2, 4, 16, 128} {
		t.Run(fmt.Sprint(slots), func(t *testing.T) {
			p := newPool(t, executor.Config{Workers: 1, SlotCount: slots, SlotSize: 64, CancelGrace: 100 * time.Millisecond})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // far longer than it takes
			defer cancel()
			for range 50 {
				futures := make([]*executor.Future, 100)
				for i := range futures {
					futures[i] = p.Submit(ctx, "handlers:nothing", nil)
				}
				for i, f := range futures {
					if err := f.Result(nil); err != nil {
						t.Fatalf("call %d: %v", i, err)
					}
				}
			}
		})
	}
}

// A request may take several slots and have no arguments.
func TestLongNameWithoutArguments(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, SlotCount: 4, SlotSize: 64})
	err := p.Call(t.Context(), "handlers:"+strings.Repeat("x", 80), nil, nil)
	if !errors.Is(err, executor.ErrNotFound) {
		t.Error(err)
	}
}
