// Package bench measures the executor beside what one would use instead: the same
// functions, the same payloads, one run.
//
// What it does so that its figures can be compared:
//
//   - Rounds of the peers alternate, so that a machine that slows down slows
//     down all of them. The order within a round alternates too.
//   - Every round begins with calls that do not count.
//   - Percentiles come from all latencies of a round, each row shows medians over
//     rounds.
//   - Latency under load is counted from when a call was due, so that a peer that
//     stands still cannot hide it (coordinated omission).
//   - Every result is checked.
//   - CPU time is that of the caller and the workers together.
//   - A peer that is not there is named and left out.
//   - Each peer encodes as its users would, Python's own process pools with pickle,
//     all others with JSON and the fastest way to it that their side has.
//
// Wake-ups cost differently on different machines, so ratios say more than
// microseconds.
package bench
