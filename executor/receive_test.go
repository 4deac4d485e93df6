package executor

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
)

// bareLane is a lane without a worker.
func bareLane(t *testing.T) *lane {
	t.Helper()
	header := ring.Header{Geometry: ring.Geometry{}.WithDefaults(), Generation: 1, RequestDoorbell: -1, ResponseDoorbell: -1, Lifeline: -1, PayloadEncoding: ring.PayloadEncodingJSON}
	region, err := ring.Format(make([]byte, header.RegionSize()), header)
	if err != nil {
		t.Fatal(err)
	}
	// Local doorbells wait for ever.
	l := newLane(&Pool{cfg: Config{Workers: 1}}, 0, region, sys.NewLocalDoorbell(), sys.NewLocalDoorbell(), func(err error) { t.Error(err) })
	t.Cleanup(func() { l.wakeMaster.Close() })
	return l
}

// A caller that sleeps for everybody leaves when its context ends, and the reader
// takes over.
func TestSleepingReceiverHeedsItsContext(t *testing.T) {
	l := bareLane(t)
	l.load.Store(2)
	ctx, cancel := context.WithCancel(t.Context())
	l.hasWork = func() bool {
		cancel() // the last look before the sleep
		return false
	}
	l.receive(ctx, &call{done: make(chan bool, 2)})
	if !l.held.Load() || !l.handed.Load() || len(l.wake) != 1 {
		t.Errorf("held=%v handed=%v wake=%d", l.held.Load(), l.handed.Load(), len(l.wake))
	}
}

// Whoever sleeps lets go when the process has ended.
func TestSleepingReceiverLetsGoOfADeadWorker(t *testing.T) {
	l := bareLane(t)
	l.load.Store(1)
	looked := make(chan struct{})
	l.hasWork = func() bool {
		close(looked) // the last look before the sleep
		return false
	}
	received := make(chan struct{})
	go func() {
		l.receive(context.Background(), nil)
		close(received)
	}()
	<-looked
	l.drainLast()
	<-received
	if !l.held.Load() {
		t.Error("drainLast does not keep the receiver")
	}
}

// Where there is one CPU the worker gets it before anybody sleeps, and less often
// the more often that was in vain.
func TestReceiverGivesWay(t *testing.T) {
	l := bareLane(t)
	l.oneCPU, l.budget = true, 0
	given := 0
	l.giveCPU = func() { given++ }
	for waits, want := range []int{1, 1, 2, 2, 2, 2, 3} {
		if l.look(true, 1); given != want {
			t.Errorf("after %d waits: given=%d want=%d", waits+1, given, want)
		}
	}
	for range 1000 {
		l.look(true, 1)
	}
	before := given
	for range mostPasses + 1 {
		l.look(true, 1)
	}
	if given != before+1 {
		t.Errorf("given=%d before=%d", given, before)
	}

	// Once it pays, it is done every time.
	answers := l.region.ResponseProducer()
	l.giveCPU = func() {
		given++
		slot, err := answers.Claim(1)
		if err != nil {
			t.Fatal(err)
		}
		slot[0] = 0
		answers.Commit()
	}
	for given = 0; given == 0; {
		l.look(true, 1)
	}
	for range 3 {
		if _, _, err := l.consumer.Next(); err != nil {
			t.Fatal(err)
		}
		if before = given; !l.look(true, 1) || given != before+1 {
			t.Errorf("given=%d before=%d", given, before)
		}
	}

	// Elsewhere it makes no sense; nil would panic.
	for _, l := range []*lane{{receiver: receiver{consumer: l.consumer}}, {receiver: receiver{consumer: l.consumer, oneCPU: true, relayed: true}}} {
		if _, _, err := l.consumer.Next(); err != nil {
			t.Fatal(err)
		}
		l.look(true, 1)
	}
}

// Calls that have been in the lane for long are told to look at their contexts, once,
// but for the receiver's own; and calls that have ended are forgotten.
func TestNudge(t *testing.T) {
	l := bareLane(t)
	l.service.Store(1) // so that it takes calls in advance
	send := func() *call {
		c := &call{target: &target{module: []byte("m"), name: []byte("f")}, done: make(chan bool, 2), brief: true}
		c.mu.Lock()
		defer c.mu.Unlock()
		if !l.trySend(c) {
			t.Fatal("not sent")
		}
		return c
	}
	for range 10 {
		c := send()
		if _, err := l.leave(c.id); err != nil {
			t.Fatal(err)
		}
	}
	own, early := send(), send()
	l.nudge(false, own)
	late := send()
	if n := len(l.young) + len(l.old); n != 3 {
		t.Errorf("%d calls are remembered", n)
	}
	told := func(when string, want ...int) {
		t.Helper()
		if got := []int{len(own.done), len(early.done), len(late.done)}; !slices.Equal(got, want) {
			t.Errorf("%s: own, early, late: %v, want %v", when, got, want)
		}
	}
	told("at once", 0, 0, 0)
	l.nudge(false, own)
	told("the second time", 0, 1, 0)
	l.nudge(true, own)
	told("all", 0, 1, 1)
	l.nudge(true, own)
	told("again", 0, 1, 1)

	// Sent again to another lane, it is not there to be found.
	l.young, l.old = nil, nil
	again := send()
	l.pool.lanes.Store(&[]*lane{})
	l.pool.settle(&worker{lane: l}, []verdict{{again, false}})
	if again.phase != phaseQueued || len(again.done) != 1 {
		t.Errorf("phase=%v told=%d", again.phase, len(again.done))
	}

	early.fail(errors.New("the end"), OutcomeNotStarted)
	if early.ended(); len(early.done) != 0 {
		t.Error("not to the end")
	}
}

// Whoever comes to a lane that sleeps looks at its own context.
func TestSleepIsNotQuick(t *testing.T) {
	for _, test := range []struct {
		own  *call
		load int32
	}{{nil, 1}, {nil, 2}, {&call{}, 1}, {&call{}, 2}} {
		l := bareLane(t)
		l.load.Store(test.load)
		l.learn(1, nil)
		if !l.quick.Load() {
			t.Error("an answer does not make it quick")
		}
		l.hasWork = func() bool {
			l.wakeMaster.Ring()
			return false
		}
		l.sleep(t.Context(), test.own)
		if l.quick.Load() {
			t.Errorf("own=%v load=%d: still quick", test.own != nil, test.load)
		}
	}
	l := bareLane(t)
	l.relayed = true
	if l.learn(1, nil); l.quick.Load() {
		t.Error("a stream is quick")
	}
}
