//go:build linux

package live

import (
	"fmt"
	"math/rand/v2"
	"syscall"

	"github.com/ringwire/ringwire/ring"
)

var deaths = []scenario{
	{
		group: "death", name: "in-user-code", run: killedInUserCode,
		comment:      "while user code runs, its call is taken, and few of those behind it are",
		requirements: "LIFE-011 RING-013",
	},
	{
		group: "death", name: "killed", run: killedAnywhere,
		comment:      "SIGKILL at random points: a call had effects only if it was taken, and was answered only if it had them",
		requirements: "LIFE-011 LIFE-012 RING-011 RING-013",
	},
	{
		group: "death", name: "frozen", run: frozenAnywhere,
		comment:      "SIGSTOP at random points: no effect before the call is taken, and few calls taken without effect",
		requirements: "LIFE-011 RING-013",
	},
	{
		group: "death", name: "killed-in-request", run: killedInRequest,
		comment:      "SIGKILL while a request is arriving: it was not taken",
		requirements: "LIFE-011 RING-013",
	},
}

// queue is how many calls lie in the ring, and ahead how many of them a worker
// may have taken without their effect being there: those that it runs at once. A
// worker that takes what is there and then runs one after the other has more.
const (
	queue = 200
	ahead = 32
)

var wide = ring.Geometry{SlotCount: 256, SlotSize: 256, MaxMessage: 4096}

// traced is a worker with many calls of trace in its ring.
type traced struct {
	*lane
	*effects
	calls map[string]*call
}

func (t *trial) trace() *traced {
	l := t.start(setup{geometry: wide})
	w := &traced{l, l.effects(), map[string]*call{}}
	for i := range queue {
		line := fmt.Sprint(i)
		w.calls[line] = w.effects.call(line)
	}
	return w
}

// judge compares what was taken, what ran and what was answered. The worker must
// be dead or stopped.
func (w *traced) judge() {
	l := w.lane
	l.collect()
	lines := w.lines()
	taken := 0
	for line, c := range w.calls {
		ran := lines[line]
		if l.taken(c) {
			taken++
		}
		switch {
		case ran > 1:
			l.failf("LIFE-012", "call %s ran %d times", line, ran)
		case ran > 0 && !l.taken(c):
			l.failf("LIFE-011", "call %s ran before it was taken: after a crash it would be run again", line)
		case c.response != nil && ran == 0:
			l.failf("LIFE-012", "call %s was answered and its effect is not there", line)
		}
	}
	if idle := taken - len(lines); idle > ahead {
		l.failf("LIFE-011", "%d calls were taken and %d of them had not run: after a crash all of these would count as started", taken, idle)
	}
	if len(l.findings) > 0 {
		panic(abort{})
	}
}

func killedInUserCode(t *trial) {
	l := t.start(setup{geometry: wide})
	l.alive() // so that what a worker does at its first call is done
	l.asleep()
	l.freeze()
	b := l.block(func() {
		for range queue / 2 {
			l.call("nothing", "")
		}
		l.thaw() // and it finds all of them at once
	})
	defer b.close()
	if !l.taken(b.call) {
		l.failf("LIFE-011", "user code runs and its call is not taken: after a crash it would be run again")
	}
	l.collect()
	early := 0
	for _, c := range l.calls {
		if l.taken(c) && c.response == nil {
			early++
		}
	}
	if early > ahead {
		l.failf("LIFE-011", "%d calls that lie behind one that runs are taken and not answered: after a crash they would count as started", early)
	}
}

func killedAnywhere(t *trial) {
	random := rand.New(rand.NewPCG(t.kit.config.Seed, 3))
	for range 5 {
		w := t.trace()
		w.lane.expect(w.calls[fmt.Sprint(random.IntN(queue-20))])
		w.lane.signal(syscall.SIGKILL)
		if !w.lane.until(t.patience(), w.lane.gone) {
			w.lane.fatalf("", "the system did not report the end of the worker")
		}
		w.judge()
	}
}

func frozenAnywhere(t *trial) {
	random := rand.New(rand.NewPCG(t.kit.config.Seed, 4))
	w := t.trace()
	l := w.lane
	for at := 0; at < queue; at += 1 + random.IntN(15) {
		l.expect(w.calls[fmt.Sprint(at)])
		l.freeze()
		w.judge()
		l.thaw()
	}
	for _, c := range w.calls {
		l.result(c, "null")
	}
	w.judge()
	l.shutdown()
}

func killedInRequest(t *trial) {
	for _, held := range []int{1, 2, small.SlotCount - 1} {
		l := t.start(setup{})
		message := l.request(1, module, "echo", `{"t":"`+letters((small.SlotCount-1)*small.SlotSize)+`"}`)
		c, more := l.pieces(message, 1)
		more(int(l.requests.Slots(len(message))) - held)
		l.signal(syscall.SIGKILL)
		if !l.until(t.patience(), l.gone) {
			l.fatalf("", "the system did not report the end of the worker")
		}
		if l.taken(c) {
			l.failf("RING-013", "a request counts as taken of which %d fragments had not been published", held)
		}
	}
}
