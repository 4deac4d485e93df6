//go:build linux

package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// injector makes things go wrong, one fault after the other, at random intervals.
type injector struct {
	*run
	rng     *rand.Rand
	pending atomic.Int32 // calls that cause faults and have not ended
}

// maxPending is how many such calls there may be for each worker. Where a worker
// takes long to start, more would only be waiting for one to end.
const maxPending = 2

// fault is one way in which something can go wrong.
type fault struct {
	name   string
	inject func(*injector, context.Context)
}

// faults are all there are. Each is as likely as the others.
var faults = []fault{
	{"SIGKILL", func(i *injector, _ context.Context) { i.signal(syscall.SIGKILL) }},
	{"SIGSTOP, SIGCONT", (*injector).stop},
	{"SIGTERM", func(i *injector, _ context.Context) { i.signal(syscall.SIGTERM) }},
	{"os._exit", func(i *injector, _ context.Context) { i.call("leave", "") }},
	{"segmentation fault", func(i *injector, _ context.Context) { i.call("segfault", "") }},
	{"memory bomb", func(i *injector, _ context.Context) {
		i.call("bomb", fmt.Sprintf(`"mib":%d,"stay":false`, 8+i.rng.IntN(64)))
	}},
	{"memory limit that stays", func(i *injector, _ context.Context) {
		i.call("bomb", fmt.Sprintf(`"mib":%d,"stay":true`, 1+i.rng.IntN(16)))
	}},
	{"fork, both return", func(i *injector, _ context.Context) { i.call("fork", "") }},
	{"descriptors closed", func(i *injector, _ context.Context) {
		i.call("close", fmt.Sprintf(`"descriptors":%s`, i.descriptors()))
	}},
	{"output flood", func(i *injector, _ context.Context) {
		i.call("flood", fmt.Sprintf(`"mib":%d`, 1+i.rng.IntN(4)))
	}},
	{"stuck in C", func(i *injector, _ context.Context) {
		i.call("stuck", fmt.Sprintf(`"milliseconds":%d`, i.rng.IntN(300)))
	}},
	{"stuck in C for good", func(i *injector, _ context.Context) {
		i.callUntil("stuck", `"milliseconds":1000000`)
	}},
	{"refusal to be cancelled", func(i *injector, _ context.Context) { i.callUntil("stubborn", "") }},
	{"clock jump", func(i *injector, _ context.Context) {
		i.call("clock", fmt.Sprintf(`"jump":%d`, i.rng.IntN(2_000_000)-1_000_000))
	}},
}

// work injects faults until ctx is done.
func (i *injector) work(ctx context.Context) {
	mean := time.Second / time.Duration(i.options.Faults)
	for {
		pause(ctx, time.Duration(i.rng.ExpFloat64()*float64(mean)))
		if ctx.Err() != nil {
			return
		}
		f := faults[i.rng.IntN(len(faults))]
		if int(i.pending.Load()) >= maxPending*i.options.Workers {
			continue
		}
		i.injected(f.name)
		f.inject(i, ctx)
	}
}

// call makes a call that causes a fault.
func (i *injector) call(function, more string) { i.start(task{function: function, more: more}) }

// callUntil makes one that has to be given up.
func (i *injector) callUntil(function, more string) {
	i.start(task{function: function, more: more, limit: upTo(i.rng, 100*time.Millisecond)})
}

func (i *injector) start(t task) {
	t.data, t.size = i.rng.IntN(4096), i.rng.IntN(4096)
	b := i.submit(t)
	i.pending.Add(1)
	i.calls.Go(func() {
		defer i.pending.Add(-1)
		i.await(b)
	})
}

// descriptors chooses some of those that a worker inherits, as a JSON array: the
// standard streams, and from 3 on region, doorbells, lifeline and source.
func (i *injector) descriptors() string {
	var chosen []string
	for fd := 1; fd <= 7; fd++ {
		if i.rng.IntN(3) == 0 {
			chosen = append(chosen, fmt.Sprint(fd))
		}
	}
	return "[" + strings.Join(chosen, ",") + "]"
}

// victim returns a worker, or nil if there is none. The handle cannot come to mean
// another process, and it does mean a child of this one.
func (i *injector) victim() *os.Process {
	workers := i.pool.Workers()
	if len(workers) == 0 {
		return nil
	}
	pid := workers[i.rng.IntN(len(workers))].PID
	process, err := os.FindProcess(pid)
	if err != nil || parentOf(pid) != os.Getpid() {
		return nil
	}
	return process
}

func (i *injector) signal(s os.Signal) {
	if process := i.victim(); process != nil {
		_ = process.Signal(s) // it may have ended
		_ = process.Release()
	}
}

// stop stops a worker for a while, sometimes for longer than the grace of a
// cancellation.
func (i *injector) stop(ctx context.Context) {
	process := i.victim()
	if process == nil {
		return
	}
	_ = process.Signal(syscall.SIGSTOP)
	length := upTo(i.rng, 4*cancelGrace)
	i.calls.Go(func() {
		pause(ctx, length)
		_ = process.Signal(syscall.SIGCONT)
		_ = process.Release()
	})
}
