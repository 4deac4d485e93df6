// Package live judges a worker as its master: it makes a region, starts the
// worker, sends it good, bad and untimely messages, stops it and kills it, and
// looks at the answers, at the region and at the end of the process.
//
//	Subject.Inspect ── scenarios, the negative vectors put to a live worker
//	Subject.Judge ──── session vectors
//	     │
//	   trial ── one case: findings, patience, the lanes that it has started
//	     │
//	   lane ─── region, rings, doorbells, lifeline and process of one worker
//
// The worker is untrusted: every wait is bounded, a worker that hangs is blamed
// and killed with its process group, and nothing that it does to the region or
// answers can make the kit fail, hang or leave a process behind.
//
// Verdicts are observed, not reproducible: another run may meet another
// interleaving.
package live
