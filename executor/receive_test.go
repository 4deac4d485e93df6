package executor

import (
	"context"
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
	l.receive(ctx, &call{done: make(chan struct{}, 1)})
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
