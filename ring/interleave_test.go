package ring

import (
	"slices"
	"testing"
	"time"
)

// compare runs two ways of doing the same thing in turns, so that whatever else the
// machine does disturbs both, and returns the median time of each: a slow turn, in
// which another program had the processor, does not count.
func compare(b *testing.B, one, other func()) (ones, others time.Duration) {
	b.Helper()
	times := [2][]time.Duration{}
	ways := [2]func(){one, other}
	for _, way := range ways {
		way() // warm
	}
	for turn := 0; b.Loop(); turn++ {
		for i := range ways {
			which := (turn + i) % 2 // who goes first changes
			began := time.Now()
			ways[which]()
			times[which] = append(times[which], time.Since(began))
		}
	}
	return median(times[0]), median(times[1])
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
