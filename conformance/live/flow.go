//go:build linux

package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/ring"
)

var flow = []scenario{
	{
		group: "flow", name: "responses-not-drained", run: notDrained,
		comment:      "while nobody drains a full response ring the worker waits; it goes on without being rung",
		requirements: "RING-006 RING-010 LIFE-012",
	},
	{
		group: "flow", name: "result-awaited-asleep", run: awaitedAsleep,
		comment:      "a master that sleeps is rung while a result larger than the ring is on its way",
		requirements: "BELL-011 BELL-002",
	},
	{
		group: "flow", name: "request-in-pieces", run: requestInPieces,
		comment:      "the fragments of a request arrive one by one, with pauses",
		requirements: "RING-012 RING-013 RING-014 BELL-005",
	},
	{
		group: "flow", name: "rest-while-busy", run: restWhileBusy,
		comment:      "the worker is busy between the fragments of the next request, and then reads no further than write_position",
		requirements: "RING-012 RING-015 LIFE-010 LIFE-012",
	},
	{
		group: "flow", name: "last-fragment-held-back", run: lastHeldBack,
		comment:      "a request whose last fragment is missing is not taken, and nothing of it is run",
		requirements: "RING-012 RING-013 LIFE-011",
	},
}

// linger lets time pass: what happens meanwhile is up to the worker.
func (t *trial) linger(d time.Duration) {
	select {
	case <-time.After(d):
	case <-t.ctx.Done():
	}
}

func notDrained(t *trial) {
	g := ring.Geometry{SlotCount: 4, SlotSize: 128, MaxMessage: 4096}
	l := t.start(setup{geometry: g})
	published := func() uint64 { return l.word64(layout.ResponseControl+layout.WritePosition).Load() - l.read }
	for round := range 5 {
		var calls []*call
		for i := range g.SlotCount {
			calls = append(calls, l.call("echo", fmt.Sprintf(`{"round":%d,"i":%d}`, round, i)))
			if !l.until(t.patience(), func() bool { return published() > uint64(i) || l.gone() }) {
				l.fatalf("LIFE-012", "no response to call %d of %d within %v, though there is room for it", i+1, g.SlotCount, t.patience())
			}
		}
		// The response ring is full now, and the request ring is empty.
		for i := range g.SlotCount - 1 {
			calls = append(calls, l.call("echo", fmt.Sprintf(`{"more":%d}`, i)))
		}
		t.linger(30 * time.Millisecond)
		l.mustLive("because nobody drained its responses")
		if n := published(); n > uint64(g.SlotCount) {
			l.fatalf("RING-006", "the worker published %d slots in a ring of %d", n, g.SlotCount)
		}
		for i, c := range calls {
			want := fmt.Sprintf(`{"round":%d,"i":%d}`, round, i)
			if i >= g.SlotCount {
				want = fmt.Sprintf(`{"more":%d}`, i-g.SlotCount)
			}
			l.result(c, want)
		}
	}
	l.shutdown()
}

// sleepFor waits for a response as a master does that sleeps: it looks at the
// ring only after it was rung.
func (l *lane) sleepFor(c *call, requirement string) {
	for c.response == nil {
		l.collect()
		if c.response != nil {
			break
		}
		l.word32(layout.ResponseControl + layout.NeedWakeup).Store(1)
		if !l.responses.Ready() && !l.until(l.patience(), func() bool { return l.wakeMaster.rung() > 0 || l.gone() }) {
			l.word32(layout.ResponseControl + layout.NeedWakeup).Store(0)
			if l.responses.Ready() {
				l.fatalf(requirement, "the worker published a response and did not ring, though need_wakeup was 1")
			}
			l.fatalf(requirement, "no response to request_id %d and no ring within %v", c.id, l.patience())
		}
		l.word32(layout.ResponseControl + layout.NeedWakeup).Store(0)
		l.collect()
		if c.response == nil {
			l.mustLive("without answering")
		}
	}
}

func awaitedAsleep(t *trial) {
	l := t.start(setup{})
	for _, n := range []int{0, small.SlotSize, small.SlotCount * small.SlotSize, 20_000, 60_000} {
		c := l.call("fill", fmt.Sprintf(`{"size":%d}`, n))
		l.sleepFor(c, "BELL-011")
		l.result(c, `"`+strings.Repeat("x", n)+`"`)
	}
	l.shutdown()
}

// pieces begins a message and returns a function that publishes so many more of
// its slots and rings.
func (l *lane) pieces(message []byte, id uint32) (c *call, more func(slots int)) {
	c = &call{id: id, last: l.requests.Position() + l.requests.Slots(len(message)) - 1}
	l.calls[id] = c
	l.requests.Begin(len(message))
	return c, func(slots int) {
		part := message[:min(len(message), slots*l.region.SlotSize)]
		n, err := l.requests.Write(part)
		if err != nil {
			l.corrupt(err)
		}
		if n != len(part) {
			l.fatalf("RING-023", "no slot is free for the next fragment: the worker holds all of them")
		}
		message = message[n:]
		l.wake()
	}
}

func requestInPieces(t *trial) {
	l := t.start(setup{})
	l.nextID = 100
	for _, slots := range []int{2, 3, small.SlotCount, 3*small.SlotCount + 1} {
		l.nextID++
		kwargs := `{"t":"` + letters(slots*small.SlotSize-echoOverhead) + `"}`
		c, more := l.pieces(l.request(l.nextID, module, "echo", kwargs), l.nextID)
		for i := range slots {
			if i > 0 && !l.until(t.patience(), func() bool {
				l.mustLive("while it received a request in pieces")
				return l.requests.Position()-l.released() < uint64(small.SlotCount)
			}) {
				l.fatalf("RING-023", "the worker released no fragment of a request that fills the ring within %v", t.patience())
			}
			if l.taken(c) {
				l.fatalf("RING-012", "read_position went past write_position")
			}
			more(1)
			t.linger(2 * time.Millisecond)
		}
		l.result(c, kwargs)
	}
	l.shutdown()
}

func restWhileBusy(t *trial) {
	l := t.start(setup{})
	for range 2 * small.SlotCount { // so that old slots hold old calls
		l.alive()
	}
	for slots := 2; slots <= 4; slots++ {
		kwargs := `{"t":"` + letters(slots*small.SlotSize-echoOverhead-1) + `"}`
		var c *call
		var more func(int)
		b := l.block(func() {
			l.nextID++
			c, more = l.pieces(l.request(l.nextID, module, "echo", kwargs), l.nextID)
			more(slots - 1)
		})
		defer b.close()
		more(1)
		b.release()
		l.result(b.call, "null")
		l.result(c, kwargs)
		l.asleep()
		if n := l.released(); n != l.requests.Position() {
			l.failf("RING-012", "read_position is %d, write_position %d", n, l.requests.Position())
		}
		l.alive()
	}
	l.shutdown()
}

func lastHeldBack(t *trial) {
	l := t.start(setup{})
	e := l.effects()
	kwargs := e.kwargs("whole") // shorter than a slot, so blanks make it long
	l.nextID = 7
	message := l.request(7, module, "trace", kwargs[:1]+strings.Repeat(" ", 3*small.SlotSize)+kwargs[1:])
	slots := int(l.requests.Slots(len(message)))
	c, more := l.pieces(message, 7)
	more(slots - 1)
	t.linger(50 * time.Millisecond)
	l.mustLive("while it waited for the last fragment")
	if l.taken(c) || c.response != nil || e.has("whole") {
		l.failf("RING-013", "the worker took or answered a request whose last fragment was missing")
	}
	more(1)
	l.result(c, "null")
	if !e.has("whole") {
		l.failf("CONF-020", "trace returned, and its line is not in the file")
	}
	l.shutdown()
}
