package sys

import (
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Doorbell wakes a sleeping consumer in another process: an eventfd. Ring may
// be called by anyone at any time; Wait by one goroutine.
type Doorbell struct {
	fd   int
	file *os.File // the same descriptor, known to the runtime's poller

	// Ring writes to the raw descriptor, because the detour through os.File
	// costs as much as the call; the lock keeps it from a closed one.
	mu     sync.RWMutex
	closed bool
}

// NewDoorbell makes a doorbell and a second descriptor of it to be inherited by
// a child, which the caller closes after the child has started. Only then may
// the doorbell be used: call Start.
func NewDoorbell() (bell *Doorbell, child *os.File, err error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, nil, os.NewSyscallError("eventfd", err)
	}
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		unix.Close(fd)
		return nil, nil, os.NewSyscallError("fcntl(F_DUPFD_CLOEXEC)", err)
	}
	return &Doorbell{fd: fd}, os.NewFile(uintptr(dup), "doorbell"), nil
}

// Start makes the doorbell usable after the child has been started. Handing a
// descriptor to a child makes its open file description blocking, which both
// descriptors share.
func (d *Doorbell) Start() error {
	if err := unix.SetNonblock(d.fd, true); err != nil {
		return os.NewSyscallError("fcntl(F_SETFL)", err)
	}
	d.file = os.NewFile(uintptr(d.fd), "doorbell")
	return nil
}

var one = []byte{1, 0, 0, 0, 0, 0, 0, 0}

// Ring wakes whoever waits. Ringing twice wakes once; ringing a closed doorbell
// does nothing.
//
//spec:req BELL-006
func (d *Doorbell) Ring() {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return
	}
	for {
		// EAGAIN means that the counter is full: it rings already.
		if _, err := unix.Write(d.fd, one); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// Wait returns when the doorbell was rung, which clears it, or when the bound has
// passed, which removes it, or with an error when the doorbell was closed.
func (d *Doorbell) Wait() error {
	var buf [8]byte
	_, err := d.file.Read(buf[:])
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return d.file.SetReadDeadline(time.Time{})
	}
	return err
}

// Bound makes the present or next Wait return after at most limit.
func (d *Doorbell) Bound(limit time.Duration) {
	_ = d.file.SetReadDeadline(time.Now().Add(limit)) // fails only if closed
}

// Close releases the descriptor and makes Wait return.
func (d *Doorbell) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	if d.file != nil {
		return d.file.Close()
	}
	return os.NewSyscallError("close", unix.Close(d.fd))
}
