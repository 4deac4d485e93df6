// Package conformance judges implementations of the Ringwire specification with
// the golden vectors, and says per requirement what holds and what does not.
//
//	vectors ──▶ Run ──▶ Subject.Judge ──▶ Verdict ──▶ Report ──▶ text, JSON, JUnit, TAP
//	                       │
//	                       ├ native      the codec and the ring of this module
//	                       ├ wasm        a WebAssembly module, in this process or in a bounded child
//	                       └ subprocess  a child that speaks JSON lines, or a one-shot decoder
//
// A subject is untrusted: whatever it returns is checked before it is used, what
// it does wrong is a finding, and what it does worse (trap, hang, die) is a
// finding too and costs it no more than the case at hand.
package conformance
