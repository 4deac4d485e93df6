//go:build linux

package live

import (
	"fmt"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/ring"
)

var endings = []scenario{
	{
		group: "ending", name: "shutdown-with-calls", run: shutdownWithCalls,
		comment:      "SHUTDOWN lets the calls before it finish, and nothing behind it is taken",
		requirements: "LIFE-040 LIFE-041 LIFE-012",
	},
	{
		group: "ending", name: "shutdown-is-announced", run: shutdownAnnounced,
		comment:      "the response doorbell is rung after STOPPED",
		requirements: "LIFE-041",
	},
	{
		group: "ending", name: "sigterm-with-calls", run: sigtermWithCalls,
		comment:      "SIGTERM lets calls in flight finish; the state says DRAINING meanwhile",
		requirements: "LIFE-041 LIFE-042",
	},
	{
		group: "ending", name: "sigterm-in-user-code", run: sigtermInUserCode,
		comment:      "SIGTERM while user code runs: it finishes and is answered",
		requirements: "LIFE-041 LIFE-042",
	},
	{
		group: "ending", name: "sigterm-with-queue", run: sigtermWithQueue,
		comment:      "after SIGTERM what was taken is answered, and what was not is left",
		requirements: "LIFE-012 LIFE-041 LIFE-042",
	},
	{
		group: "ending", name: "sigterm-twice", run: sigtermTwice,
		comment:      "more than one SIGTERM, and SHUTDOWN on top, end the worker once",
		requirements: "LIFE-041 LIFE-042",
	},
	{
		group: "ending", name: "sigint", run: sigintIgnored,
		comment:      "Ctrl-C on a terminal hits neither an idle worker nor one with calls in flight",
		requirements: "LIFE-043",
	},
	{
		group: "ending", name: "stopped-and-continued", run: stoppedAndContinued,
		comment:      "a worker that is stopped for a while goes on where it was",
		requirements: "LIFE-010 LIFE-012 BELL-005",
	},
	{
		group: "ending", name: "lifeline-idle", run: lifelineIdle,
		comment:      "the master dies while the worker is idle",
		requirements: "LIFE-056",
	},
	{
		group: "ending", name: "lifeline-with-call", run: lifelineWithCall,
		comment:      "the master dies while asynchronous calls are in flight",
		requirements: "LIFE-056",
	},
	{
		group: "ending", name: "lifeline-with-full-ring", run: lifelineFullRing,
		comment:      "the master dies while the worker waits for room in the response ring",
		requirements: "LIFE-056",
	},
}

func shutdownWithCalls(t *trial) {
	l := t.start(setup{})
	e := l.effects()
	sleeper := l.call("sleep", `{"ms":200}`)
	before := e.call("before")
	l.send(shutdownMessage, 0)
	behind := e.call("behind")
	l.result(before, "null")
	l.result(sleeper, "null")
	l.exit("LIFE-041", ring.ExitOK)
	l.stopped()
	if l.taken(behind) || behind.response != nil || e.has("behind") {
		l.failf("LIFE-040", "a request behind SHUTDOWN was taken")
	}
}

func shutdownAnnounced(t *trial) {
	l := t.start(setup{})
	l.alive()
	l.until(t.patience(), func() bool { return l.wakeMaster.rung() > 0 }) // that of READY
	l.send(shutdownMessage, 0)
	rung := false
	l.until(t.patience(), func() bool {
		if !rung && l.wakeMaster.rung() > 0 {
			rung = true
			if s := l.look(); s != ring.StateStopped {
				l.failf("LIFE-041", "the response doorbell was rung in state %s, before STOPPED", s)
			}
		}
		return l.gone()
	})
	l.exit("LIFE-041", ring.ExitOK)
	l.stopped()
	if !rung && l.wakeMaster.rung() == 0 {
		l.failf("LIFE-041", "the response doorbell was not rung after STOPPED")
	}
}

func sigtermWithCalls(t *trial) {
	l := t.start(setup{})
	// Long enough for the kit to see what the worker does meanwhile.
	calls := []*call{l.call("sleep", `{"ms":900}`), l.call("sleep", `{"ms":1000}`)}
	l.result(l.call("sleep", `{"ms":1}`), "null")
	l.signal(syscall.SIGTERM)
	asked := time.Now()
	left := func() bool { return l.look() != ring.StateReady || l.gone() }
	// If this took long, the machine stood still, and the sleepers may have ended.
	if !l.until(600*time.Millisecond, left) && time.Since(asked) < 800*time.Millisecond {
		l.failf("LIFE-004", "600ms after SIGTERM, with calls in flight, the state is still READY")
	}
	if !l.until(t.patience(), left) {
		l.fatalf("LIFE-042", "%v after SIGTERM the state is %s", t.patience(), l.look())
	}
	if s := l.look(); s != ring.StateDraining && time.Since(asked) < 800*time.Millisecond {
		l.failf("LIFE-004", "the state went from READY to %s while calls were in flight, not to DRAINING", s)
	}
	for _, c := range calls {
		l.result(c, "null")
	}
	l.exit("LIFE-041", ring.ExitOK)
	l.stopped()
}

func sigtermInUserCode(t *trial) {
	l := t.start(setup{})
	l.alive()
	b := l.block(func() {})
	defer b.close()
	for range 3 {
		l.signal(syscall.SIGTERM)
	}
	t.linger(20 * time.Millisecond)
	l.mustLive("at SIGTERM, with user code running")
	b.release()
	l.result(b.call, "null")
	l.exit("LIFE-042", ring.ExitOK)
	l.stopped()
}

func sigtermWithQueue(t *trial) {
	for round := range 3 {
		l := t.start(setup{geometry: ring.Geometry{SlotCount: 64, SlotSize: 128, MaxMessage: 4096}})
		l.asleep()
		l.freeze()
		var calls []*call
		for i := range 40 {
			calls = append(calls, l.call("echo", fmt.Sprintf(`{"i":%d}`, i)))
		}
		if round > 0 {
			l.thaw()
			l.expect(calls[round*10])
		}
		l.signal(syscall.SIGTERM)
		l.thaw()
		l.exit("LIFE-042", ring.ExitOK)
		l.stopped()
		for _, c := range calls {
			if l.taken(c) != (c.response != nil) {
				l.failf("LIFE-012", "request_id %d: taken %t, answered %t", c.id, l.taken(c), c.response != nil)
			}
		}
	}
}

func sigtermTwice(t *trial) {
	l := t.start(setup{})
	c := l.call("sleep", `{"ms":200}`)
	l.result(l.call("nothing", ""), "null")
	for range 3 {
		l.signal(syscall.SIGTERM)
	}
	l.send(shutdownMessage, 0)
	l.signal(syscall.SIGTERM)
	l.result(c, "null")
	l.exit("LIFE-042", ring.ExitOK)
	l.stopped()
}

func sigintIgnored(t *trial) {
	l := t.start(setup{})
	for range 3 {
		l.signal(syscall.SIGINT)
	}
	l.alive()
	c := l.call("sleep", `{"ms":100}`)
	for range 3 {
		l.signal(syscall.SIGINT)
		l.alive()
	}
	l.result(c, "null")
	l.shutdown()
}

func stoppedAndContinued(t *trial) {
	l := t.start(setup{})
	for round := range 5 {
		var calls []*call
		sleeper := l.call("sleep", `{"ms":20}`)
		l.freeze()
		for i := range small.SlotCount / 2 {
			calls = append(calls, l.call("echo", fmt.Sprintf(`{"r":%d,"i":%d}`, round, i)))
		}
		for range 100 {
			l.wakeWorker.ring()
		}
		t.linger(30 * time.Millisecond)
		l.thaw()
		for i, c := range calls {
			l.result(c, fmt.Sprintf(`{"r":%d,"i":%d}`, round, i))
		}
		l.result(sleeper, "null")
	}
	l.shutdown()
}

// orphan closes the lifeline, as the death of the master does, and demands that
// the worker ends.
func (l *lane) orphan() {
	_ = l.lifeline.Close()
	l.lifeline = nil
	if !l.until(l.patience(), l.gone) {
		l.fatalf("LIFE-056", "%v after the end of its lifeline the worker still ran", l.patience())
	}
	if !l.exitedWith(ring.ExitLifeline) {
		l.fatalf("LIFE-056", "want exit code 73 (EXIT_LIFELINE), got %s", l.end())
	}
}

func lifelineIdle(t *trial) {
	l := t.start(setup{unarmed: true})
	l.alive()
	l.asleep()
	l.orphan()
}

func lifelineWithCall(t *trial) {
	l := t.start(setup{unarmed: true})
	l.call("sleep", `{"ms":600000}`)
	l.alive()
	l.orphan()
}

func lifelineFullRing(t *trial) {
	l := t.start(setup{unarmed: true})
	l.call("fill", `{"size":60000}`)
	if !l.until(t.patience(), func() bool {
		return l.word64(layout.ResponseControl+layout.WritePosition).Load()-l.read == uint64(small.SlotCount) || l.gone()
	}) {
		l.fatalf("RING-009", "a result larger than the ring did not fill it within %v", t.patience())
	}
	l.orphan()
}
