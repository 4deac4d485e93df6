// Package executor calls Python functions in a pool of worker processes.
//
//	pool, err := executor.New(ctx, executor.Config{Path: []string{"."}, Allow: []string{"model:*"}})
//	defer pool.Close()
//	err = pool.Call(ctx, "model:predict", map[string]any{"x": 1}, &out)
//
// The way of a call:
//
//	Call ── encode ──▶ least loaded lane ──────────▶ request ring ──▶ worker
//	  ▲        │ none free: queue (bounded) ─ pump ─┘                   │
//	  │                                                             handler
//	  └── decode ◀── call's own buffer ◀── lane's reader ◀── response ring
//
// Every worker is a process with a lane of its own: two rings in shared memory
// (package ring) that carry frames (package wire). A worker's supervisor starts
// it, waits for its end, judges the calls that were in its lane, and starts its
// successor with a new lane and a higher generation. Where there is no shared
// memory, a lane's rings are private and a stand-in carries their messages over a
// socket: see [Transport].
//
// A call ends exactly once: with its own result, or with an error that wraps one
// of the Err values and, as a [*CallError], says by its [Outcome] whether the
// function can have run. Calls that a dead worker had not taken are run elsewhere
// without the caller noticing.
//
// The package starts no goroutine, process or timer before [New] and leaves none
// after [Pool.Close]. It never writes to standard output or error, installs no
// signal handler and keeps no global state. All methods of [Pool] may be called
// from any goroutine.
package executor
