//go:build linux

package live

import (
	"encoding/binary"
	"errors"
	"os"
	"syscall"

	"github.com/ringwire/ringwire/internal/sys"
)

// bellKind says what the doorbells of a lane are.
type bellKind int

const (
	eventBells bellKind = iota
	pipeBells
	noBells
)

// bell is one doorbell. The kit never sleeps on one: it rings, and it looks
// whether it was rung.
type bell struct {
	kind   bellKind
	own    int      // the kit's end
	theirs int      // the worker's end
	worker *os.File // the same, to be inherited; nil: none
	close  func()
}

// newBell makes a doorbell that the worker rings, or one that wakes it.
func newBell(kind bellKind, rungByWorker bool) (*bell, error) {
	switch kind {
	case noBells:
		return &bell{kind: kind, close: func() {}}, nil
	case pipeBells:
		read, write, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		own, worker := write, read
		if rungByWorker {
			own, worker = read, write
		}
		return &bell{
			kind: kind, own: int(own.Fd()), theirs: int(worker.Fd()), worker: worker,
			close: func() { _ = own.Close(); _ = worker.Close() },
		}, nil
	}
	event, worker, err := sys.NewDoorbell()
	if err != nil {
		return nil, err
	}
	// Both ends of an eventfd are the same.
	fd := int(worker.Fd())
	return &bell{
		kind: kind, own: fd, theirs: fd, worker: worker,
		close: func() { _ = event.Close(); _ = worker.Close() },
	}, nil
}

// started makes both ends non-blocking, which handing one to a child undoes.
func (b *bell) started() error {
	if b.kind == noBells {
		return nil
	}
	return errors.Join(syscall.SetNonblock(b.own, true), syscall.SetNonblock(b.theirs, true))
}

// ring rings.
func (b *bell) ring() { b.write(1) }

func (b *bell) write(count uint64) {
	if b.kind == noBells {
		return
	}
	for {
		if _, err := syscall.Write(b.own, binary.LittleEndian.AppendUint64(nil, count)); !errors.Is(err, syscall.EINTR) {
			return // also if it rings already
		}
	}
}

// fill makes the next ring of the worker meet "would block".
func (b *bell) fill() {
	switch b.kind {
	case eventBells:
		b.rung() // or there is no room for so many
		b.write(1<<64 - 2)
	case pipeBells:
		// The worker's end takes whatever a pipe holds.
		zeros := make([]byte, 4096)
		for {
			if _, err := syscall.Write(b.theirs, zeros); err != nil && !errors.Is(err, syscall.EINTR) {
				return
			}
		}
	case noBells:
	}
}

// rung returns how often the doorbell was rung since it was asked last.
func (b *bell) rung() uint64 {
	if b.kind == noBells {
		return 0
	}
	buf := make([]byte, 4096)
	n, err := syscall.Read(b.own, buf)
	if err != nil || n < 8 {
		return 0
	}
	if b.kind == pipeBells {
		return uint64(n / 8)
	}
	return binary.LittleEndian.Uint64(buf)
}
