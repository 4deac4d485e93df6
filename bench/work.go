package bench

import (
	"time"
)

// Work is what a row of the report is about.
type Work struct {
	Workers  int    `json:"workers"`
	Function string `json:"function"`        // Add, Echo or EchoBytes
	Async    bool   `json:"async,omitempty"` // the handler is an `async def`
	Payload  int    `json:"payload"`         // bytes that are sent and returned
	// InFlight callers call in a closed loop, each as soon as its last call has
	// ended. 0: an open loop, in which calls are sent when they are due, whether or
	// not earlier ones have ended; see Load and PerSecond.
	InFlight int `json:"in_flight,omitempty"`
	// Load is how many calls are due, as a fraction of a peer's capacity, its best
	// throughput in the rows before.
	Load float64 `json:"load,omitempty"`
	// PerSecond is how many calls are due, the same for every peer. Those whose
	// capacity is less are left out.
	PerSecond float64 `json:"per_second,omitempty"`
}

// open reports whether the work is an open loop.
func (w Work) open() bool { return w.Load > 0 || w.PerSecond > 0 }

// The functions of handlers.py.
const (
	Add  = "add"  // of two integers
	Echo = "echo" // of a string
	// EchoBytes is of bytes. JSON has none, so they are base64 where a peer carries
	// JSON, as encoding/json does it, and the handler is given and returns that.
	EchoBytes = "echo_bytes"
)

// Handler returns the name of the function in handlers.py.
func (w Work) Handler() string {
	if w.Async {
		return w.Function + "_async"
	}
	return w.Function
}

// Round is one measurement of one peer.
type Round struct {
	Work
	Rate    float64 `json:"rate,omitempty"` // calls per second of an open loop
	Seconds float64 `json:"seconds"`        // how long it lasts
}

func (r Round) span() time.Duration { return time.Duration(r.Seconds * float64(time.Second)) }

// Sample is what a round has found.
type Sample struct {
	Calls   int
	Elapsed time.Duration
	// Latencies of the calls, in any order: of a closed loop, from one call's end
	// to the next one's, without each caller's first; of an open loop, from the time
	// at which a call was due, so that a peer that falls behind cannot hide it.
	Latencies []time.Duration
	// CPU is the user and system time of the caller and of the workers together.
	CPU time.Duration
}
