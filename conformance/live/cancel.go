//go:build linux

package live

import (
	"fmt"
	"strings"

	"github.com/ringwire/ringwire/wire"
)

var cancellation = []scenario{
	{
		group: "cancel", name: "queued", run: cancelQueued,
		comment:      "a call whose CANCEL lies behind it in the ring is not run",
		requirements: "LIFE-030 LIFE-031",
	},
	{
		group: "cancel", name: "behind-others", run: cancelBehindOthers,
		comment:      "the worker looks ahead over messages of several slots, and cancels only what is meant",
		requirements: "LIFE-030 LIFE-031 RING-022",
	},
	{
		group: "cancel", name: "while-busy", run: cancelWhileBusy,
		comment:      "a call is cancelled while the worker is in the user code of the call before it",
		requirements: "LIFE-030 LIFE-031 LIFE-034",
	},
	{
		group: "cancel", name: "before-ready", run: cancelBeforeReady,
		comment:      "a call and its CANCEL lie in the ring before the worker is READY",
		requirements: "LIFE-005 LIFE-030 LIFE-031",
	},
	{
		group: "cancel", name: "in-flight", run: cancelInFlight,
		comment:      "an asynchronous call in flight is cancelled, and the calls beside it are not",
		requirements: "LIFE-032 LIFE-033",
	},
	{
		group: "cancel", name: "finished", run: cancelFinished,
		comment:      "a CANCEL that comes too late changes nothing",
		requirements: "LIFE-034 LIFE-035",
	},
	{
		group: "cancel", name: "id-used-again", run: cancelThenSameID,
		comment:      "a CANCEL for an answered call does not cancel a later call with the same id",
		requirements: "LIFE-035",
	},
}

// canceled demands 499 and what it says about user code.
func (l *lane) canceled(c *call, requirement string, started bool) {
	r := l.status(c, requirement, wire.StatusCanceled)
	if r.Status != wire.StatusCanceled {
		return
	}
	switch f := l.failure(r); {
	case f.Started == nil:
		l.failf(requirement, "the body of the 499 does not say whether user code ran: %s", clip(string(r.Body)))
	case *f.Started != started:
		l.failf(requirement, "want started to be %t, got %t", started, *f.Started)
	}
}

func cancelQueued(t *trial) {
	l := t.start(setup{})
	e := l.effects()
	for i := range 10 {
		l.asleep()
		l.freeze()
		line := fmt.Sprint(i)
		c := e.call(line)
		l.cancel(c)
		l.thaw()
		l.canceled(c, "LIFE-031", false)
		if e.has(line) {
			l.failf("LIFE-031", "the user code of a call ran whose CANCEL was in the ring")
		}
		l.alive()
	}
	l.shutdown()
}

func cancelBehindOthers(t *trial) {
	l := t.start(setup{})
	e := l.effects()
	for i := range 5 {
		l.asleep()
		l.freeze()
		first := e.call(fmt.Sprintf("first %d", i))
		meant := e.call(fmt.Sprintf("meant %d", i))
		long := `{"t":"` + strings.Repeat("l", 2*small.SlotSize) + `"}`
		other := l.call("echo", long)
		l.cancel(meant)
		l.thaw()
		l.result(first, "null")
		l.canceled(meant, "LIFE-031", false)
		l.result(other, long)
	}
	for line, n := range e.lines() {
		if strings.HasPrefix(line, "meant") {
			l.failf("LIFE-031", "the user code of a call ran whose CANCEL was in the ring")
		} else if n != 1 {
			l.failf("LIFE-012", "a call ran %d times", n)
		}
	}
	l.shutdown()
}

func cancelWhileBusy(t *trial) {
	l := t.start(setup{})
	e := l.effects()
	l.alive()
	b := l.block(func() {})
	defer b.close()
	meant, other := e.call("meant"), e.call("other")
	if l.taken(meant) { // a worker with several threads may run it already
		return
	}
	l.cancel(meant)
	l.cancel(b.call)
	b.release()
	// Whether code that stands still can be cancelled is the worker's own business.
	l.status(b.call, "LIFE-034", wire.StatusOK, wire.StatusCanceled)
	l.result(other, "null")
	l.canceled(meant, "LIFE-031", false)
	if e.has("meant") {
		l.failf("LIFE-031", "the user code of a call ran whose CANCEL was in the ring")
	}
	l.shutdown()
}

func cancelBeforeReady(t *trial) {
	var e *effects
	var meant, other *call
	l := t.launch(setup{before: func(l *lane) {
		e = l.effects()
		meant = e.call("meant")
		other = e.call("other")
		l.cancel(meant)
	}})
	l.ready()
	l.result(other, "null")
	l.canceled(meant, "LIFE-031", false)
	if e.has("meant") {
		l.failf("LIFE-031", "the user code of a call ran whose CANCEL was in the ring")
	}
	l.shutdown()
}

func cancelInFlight(t *trial) {
	l := t.start(setup{})
	const long = `{"ms":600000}`
	var calls []*call
	for range 5 {
		calls = append(calls, l.call("sleep", long))
	}
	beside := l.call("sleep", `{"ms":300}`)
	// When this one has slept, those before it have begun to.
	l.result(l.call("sleep", `{"ms":50}`), "null")
	for _, c := range calls {
		l.cancel(c)
	}
	for _, c := range calls {
		l.canceled(c, "LIFE-033", true)
	}
	l.result(beside, "null")
	l.shutdown()
}

func cancelFinished(t *trial) {
	l := t.start(setup{})
	c := l.call("nothing", "")
	l.result(c, "null")
	for range 3 {
		l.cancel(c)
	}
	l.cancel(&call{id: 0xFFFFFFFF})
	l.alive()
	// However the race ends, there is one answer.
	for range 50 {
		c := l.call("nothing", "")
		l.cancel(c)
		l.status(c, "LIFE-034", wire.StatusOK, wire.StatusCanceled)
	}
	l.alive()
	l.shutdown()
}

func cancelThenSameID(t *trial) {
	l := t.start(setup{})
	for id := uint32(1000); id < 1010; id++ {
		l.result(l.send(l.request(id, module, "nothing", ""), id), "null")
		l.asleep()
		l.freeze()
		l.publishCancel(id)
		c := l.send(l.request(id, module, "echo", `{"again":true}`), id)
		l.thaw()
		if r := l.expect(c); r.Status == wire.StatusCanceled {
			l.fatalf("LIFE-035", "a CANCEL that lies before a request cancelled it: it was for the answered call with the same id")
		}
		l.result(c, `{"again":true}`)
	}
	l.shutdown()
}
