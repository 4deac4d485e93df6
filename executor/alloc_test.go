//go:build linux

package executor_test

import (
	"encoding/json"
	"testing"

	"github.com/ringwire/ringwire/executor"
)

// TestCallAllocs: besides what the caller gives and gets, a call allocates nothing.
func TestCallAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget on purpose")
	}
	type arguments struct {
		A int `json:"a"`
		B int `json:"b"`
	}
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportRing})
	ctx := t.Context()
	var kwargs any = &arguments{1, 2}
	raw := json.RawMessage(`{"a":1,"b":2}`)
	out := new(struct{ Sum int })
	var rawOut json.RawMessage
	for name, test := range map[string]struct {
		budget float64
		kwargs any
		out    any
	}{
		"struct to struct":   {0, kwargs, out},
		"raw, result unread": {0, raw, nil},
		"struct to raw":      {1, kwargs, &rawOut}, // the result
	} {
		t.Run(name, func(t *testing.T) {
			call := func() {
				if err := p.Call(ctx, "handlers:add", test.kwargs, test.out); err != nil {
					t.Fatal(err)
				}
			}
			call()
			// The garbage collector empties pools now and then, so this is an average.
			if n := testing.AllocsPerRun(1000, call); n > test.budget {
				t.Errorf("%v allocations for each call, want %v", n, test.budget)
			}
		})
	}
}
