//go:build linux

package executor_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/ringwire/ringwire/executor"
)

// BenchmarkCall measures the whole way of a call: encode, ring, Python, ring,
// decode. Compare ratios within one run; see docs/performance.md.
func BenchmarkCall(b *testing.B) {
	type sum struct {
		Sum int `json:"sum"`
	}
	type operands struct {
		A int `json:"a"`
		B int `json:"b"`
	}
	for _, function := range []string{"handlers:add", "handlers:async_add"} {
		for _, inFlight := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/in_flight=%d", function, inFlight), func(b *testing.B) {
				p := newPool(b, executor.Config{Workers: 1})
				each := func(n int) {
					for i := range n {
						var out sum
						if err := p.Call(b.Context(), function, operands{i, 2}, &out); err != nil || out.Sum != i+2 {
							b.Fatal(out, err)
						}
					}
				}
				each(1000)
				b.ReportAllocs()
				b.ResetTimer()
				var group sync.WaitGroup
				for g := range inFlight {
					n := b.N / inFlight
					if g < b.N%inFlight {
						n++
					}
					group.Go(func() { each(n) })
				}
				group.Wait()
			})
		}
	}
}
