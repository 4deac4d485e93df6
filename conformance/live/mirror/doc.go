// Package mirror is a worker for testing masters: it offers the functions of the
// live profile (spec chapter 08), obeys the specification, and breaks exactly one
// rule of it on request. It is to masters what the kit in package live is to
// workers, and each is tested with the other.
//
//	REGION ──▶ intake ──▶ worker.handle ──▶ outbox ──▶ doorbell
//	              ▲            │    ▲
//	          look-ahead       ▼    │ due, or cancelled
//	                         sleepers
//
// One goroutine does all of it, so what the worker does follows from what it
// receives.
package mirror
