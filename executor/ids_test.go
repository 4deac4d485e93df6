//go:build linux

package executor_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// TestIDsInFlightAreUnique lets a worker hold ids while calls come, go and are
// cancelled around them.
//
//spec:test LIFE-021
func TestIDsInFlightAreUnique(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, Allow: []string{"ids:*"}})
	var callers sync.WaitGroup
	for g := range 32 {
		rng := rand.New(rand.NewPCG(uint64(g), 6))
		callers.Go(func() {
			for range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a call whose id was given away gets no answer
				f := p.Submit(ctx, "ids:hold", args("turns", rng.IntN(20)))
				if rng.IntN(3) == 0 {
					cancel()
				}
				if err := f.Result(nil); err != nil && !errors.Is(err, executor.ErrCanceled) {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	callers.Wait()
	clashes, err := executor.CallAs[int](t.Context(), p, "ids:count", nil)
	if err != nil || clashes != 0 {
		t.Errorf("clashes=%d err=%v", clashes, err)
	}
}

// TestRegionHeaderStays compares the region header of a worker before and after
// work of every kind.
//
//spec:test REGION-002
func TestRegionHeaderStays(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportRing, SlotCount: 4, SlotSize: 64})
	region := mappedRegion(t)
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	header := func() (h [256]byte) {
		if _, err := memory.ReadAt(h[:], region); err != nil {
			t.Fatal(err)
		}
		return h
	}
	before := header()
	if string(before[:8]) != "RINGWIRE" {
		t.Fatalf("no region header: % x", before[:8])
	}
	for _, size := range []int{0, 10, 10_000} {
		if err := p.Call(t.Context(), "handlers:echo", args("text", string(make([]byte, size))), nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	f := p.Submit(ctx, "handlers:async_sleep", args("seconds", 1000))
	if err := p.Call(t.Context(), "handlers:async_add", args("a", 1, "b", 2), nil); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := f.Result(nil); !errors.Is(err, executor.ErrCanceled) {
		t.Fatal(err)
	}
	if after := header(); after != before {
		t.Errorf("the region header changed:\n% x\n% x", before, after)
	}
}

// mappedRegion returns the address at which this process has mapped its only
// region.
func mappedRegion(t *testing.T) (address int64) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(maps)) {
		if strings.Contains(line, "/memfd:ringwire") {
			if _, err := fmt.Sscanf(line, "%x-", &address); err != nil {
				t.Fatal(err)
			}
			found++
		}
	}
	if found != 1 {
		t.Fatalf("regions=%d in\n%s", found, maps)
	}
	return address
}
