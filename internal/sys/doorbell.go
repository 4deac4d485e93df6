package sys

import (
	"io"
	"sync"
	"time"
)

// Doorbell wakes a sleeping consumer (spec chapter 04). Ring may be called by
// anyone at any time, Wait by one goroutine at a time.
type Doorbell struct{ bell }

type bell interface {
	// Ring wakes whoever waits, now or next. Ringing a closed doorbell does nothing.
	Ring()
	// Wait returns at once if ready does, and else when the doorbell is rung, or
	// when about limit has passed, 0 meaning for ever, or with an error when the
	// doorbell is closed. It may return for no reason. A ring that comes after
	// ready was called is never missed; one from before may be, so what it
	// announces must be what ready looks at.
	Wait(ready func() bool, limit time.Duration) error
	// Close releases what the doorbell holds and makes Wait return.
	Close() error
}

// NewLocalDoorbell makes a doorbell between goroutines, for lanes whose both sides
// are in this process.
func NewLocalDoorbell() *Doorbell {
	return &Doorbell{&localBell{rung: make(chan struct{}, 1), closed: make(chan struct{})}}
}

// localBell does not mind the limit of a wait: between goroutines no ring is lost.
type localBell struct {
	rung   chan struct{}
	closed chan struct{}
	close  sync.Once
}

func (b *localBell) Ring() {
	select {
	case b.rung <- struct{}{}:
	default: // it rings already
	}
}

func (b *localBell) Wait(ready func() bool, _ time.Duration) error {
	if ready() {
		return nil
	}
	select {
	case <-b.rung:
		return nil
	case <-b.closed:
		return io.ErrClosedPipe
	}
}

func (b *localBell) Close() error {
	b.close.Do(func() { close(b.closed) })
	return nil
}
