// Package bench measures the executor beside other ways of calling Python from
// another process: the same functions, the same payloads, one run.
//
// What it does so that its figures can be compared:
//
//   - Rounds of the peers alternate, so that a machine that slows down slows
//     down all of them. The order within a round alternates too.
//   - Every round begins with calls that do not count.
//   - Percentiles come from sorted samples, each row shows medians over rounds.
//   - Every result is checked.
//   - Each peer encodes as its users would: the executor JSON, Python's own
//     process pools pickle.
//
// Wake-ups cost differently on different machines, so ratios say more than
// microseconds.
package bench
