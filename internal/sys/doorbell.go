package sys

import (
	"io"
	"sync"
	"time"
)

// Doorbell wakes a sleeping consumer (spec chapter 04). Ring and Bound may be
// called by anyone at any time, Wait by one goroutine.
type Doorbell struct{ bell }

type bell interface {
	// Ring wakes whoever waits. Ringing twice wakes once; ringing a closed
	// doorbell does nothing.
	Ring()
	// Wait returns when the doorbell was rung, which clears it, or when the bound
	// has passed, or with an error when the doorbell was closed.
	Wait() error
	// Bound makes the present or next Wait return after at most limit.
	Bound(limit time.Duration)
	// Close releases what the doorbell holds and makes Wait return.
	Close() error
}

// NewLocalDoorbell makes a doorbell between goroutines, for lanes whose both sides
// are in this process.
func NewLocalDoorbell() *Doorbell {
	b := &localBell{rung: make(chan struct{}, 1), closed: make(chan struct{})}
	b.timer = time.AfterFunc(never, b.Ring)
	return &Doorbell{b}
}

// never is longer than any program runs.
const never = time.Duration(1<<63 - 1)

type localBell struct {
	rung   chan struct{}
	closed chan struct{}
	close  sync.Once
	timer  *time.Timer
}

func (b *localBell) Ring() {
	select {
	case b.rung <- struct{}{}:
	default: // it rings already
	}
}

func (b *localBell) Wait() error {
	select {
	case <-b.rung:
		return nil
	case <-b.closed:
		return io.ErrClosedPipe
	}
}

// Bound rings when the limit has passed. If something else has ended the wait by
// then the ring is spurious, as any ring may be (BELL-005).
func (b *localBell) Bound(limit time.Duration) { b.timer.Reset(limit) }

func (b *localBell) Close() error {
	b.close.Do(func() {
		b.timer.Stop()
		close(b.closed)
	})
	return nil
}
