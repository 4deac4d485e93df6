// Package schedules tries every schedule of a small ring.
//
// A side of the ring is a [Subject]: a deterministic program that asks for each
// access to shared memory and goes on when it gets the result. The explorer
// holds the shared memory, one store buffer per side (x86-TSO, or weaker) and
// the doorbell, and decides at every access who moves next, what lands in memory
// when, and who dies. It visits every state that can be reached, each once, and
// judges it by the properties of spec/models under the same names.
//
//	Subject ── automaton ──┐
//	(WebAssembly, Go)      ├── state ── moves ── explorer ── Report
//	Subject ── automaton ──┘      └──── judge
//
// As a subject is deterministic, its behaviour is a graph: what it asks for next
// depends only on what it was given so far. The automaton runs the subject once
// for each node of that graph, however many states of the whole contain it, so
// exploring does not wait for the subject.
//
// Subjects are the algorithm of the specification, compiled from testdata/ring.c
// to WebAssembly with every shared access as an import, and the package ring
// itself (folder goring).
package schedules
