// Package ring is the shared memory of one lane: a request ring, a response
// ring and a worker block in one region (spec chapters 02 to 05). It carries
// opaque messages and knows nothing of what they mean.
//
//	master                         region                          worker
//	Producer ── claim, commit ──▶ request ring  ── next ─────────▶ Consumer
//	Consumer ◀─ next ──────────── response ring ◀─ claim, commit ─ Producer
//	Region.Worker ◀────────────── worker block  ◀───────────────── WorkerBlock
//
// A ring has one producer and one consumer, in two processes that do not trust
// each other: whatever the other side may write is loaded once, copied, checked,
// and only the copy is used. What cannot be right is a [*CorruptError], after
// which the handle must not be used again. Nothing here allocates per message
// except for messages longer than a slot, blocks, or makes a system call.
//
// The package works on any byte slice, so that it can be tested without shared
// memory; package executor brings the memory, the doorbells and the processes.
//
// Memory ordering: Go's atomics are sequentially consistent, so every atomic
// store is also the full fence that spec chapter 04 asks for.
package ring
