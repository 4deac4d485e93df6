package ring

import (
	"fmt"
	"testing"
)

// BenchmarkLargeMessages compares a message's way through a ring with the copies
// that it cannot do without, one into shared memory and one out of it, made by two
// plain calls of copy into memory that is there already. x-memcpy is the ratio of
// the times; at most 2 is what is promised for 1 MiB.
func BenchmarkLargeMessages(b *testing.B) {
	for _, n := range []int{64 << 10, 1 << 20, 16 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := newRegion(b, Geometry{}.WithDefaults())
			p, c := r.RequestProducer(), r.RequestConsumer()
			m := message(n, 1)
			var got []byte
			take := func() {
				message, _, err := c.Next()
				if err != nil {
					b.Fatal(err)
				}
				got = message
			}
			window, out := make([]byte, min(n, r.SlotCount*r.SlotSize)), make([]byte, n)
			ring, memcpy := compare(b, func() {
				sendAll(b, p, m, take)
				take()
			}, func() {
				for at := 0; at < n; at += len(window) {
					copy(window, m[at:])
					copy(out[at:], window)
				}
			})
			if len(got) != n || got[n-1] != m[n-1] || out[n-1] != m[n-1] {
				b.Fatal("not what was sent")
			}
			b.ReportMetric(float64(ring)/float64(memcpy), "x-memcpy")
			b.ReportMetric(float64(n)/ring.Seconds()/1e9, "GB/s")
			b.ReportMetric(0, "ns/op") // of both together: means nothing
		})
	}
}
