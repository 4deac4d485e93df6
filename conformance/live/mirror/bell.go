//go:build linux

package mirror

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/ring"
)

// bell is one end of a doorbell.
type bell struct {
	fd     int // -1: none
	file   *os.File
	refuse func() // called if the doorbell cannot be rung any further, nil: nothing

	mu          sync.Mutex // a wait begins, or is interrupted
	interrupted bool
}

func newBell(fd int32) (*bell, error) {
	b := &bell{fd: int(fd)}
	if fd < 0 {
		return b, nil
	}
	if err := syscall.SetNonblock(b.fd, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	b.file = os.NewFile(uintptr(fd), "doorbell")
	return b, nil
}

func (b *bell) ring() {
	if b.fd < 0 {
		return
	}
	_, err := syscall.Write(b.fd, binary.LittleEndian.AppendUint64(nil, 1))
	if errors.Is(err, syscall.EAGAIN) && b.refuse != nil {
		b.refuse()
	}
}

// wait returns when the doorbell was rung, at a time (zero: never), or after
// interrupt. It clears the doorbell and returns how often it was rung, about.
func (b *bell) wait(until time.Time) int {
	if b.fd < 0 {
		time.Sleep(ring.BellLessSleepMax)
		return 1
	}
	b.mu.Lock()
	if b.interrupted {
		b.interrupted = false
		until = time.Now()
	}
	_ = b.file.SetReadDeadline(until)
	b.mu.Unlock()
	buf := make([]byte, 4096)
	n, err := b.file.Read(buf)
	if err != nil {
		return 0
	}
	if n == 8 {
		return int(min(binary.LittleEndian.Uint64(buf), 1<<20))
	}
	return n / 8
}

// interrupt makes the wait under way return, or the next one.
func (b *bell) interrupt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.interrupted = true
	if b.file != nil {
		_ = b.file.SetReadDeadline(time.Now())
	}
}
