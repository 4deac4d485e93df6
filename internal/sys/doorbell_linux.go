package sys

import (
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// eventBell is a bell between processes: an eventfd.
type eventBell struct {
	fd   int
	file *os.File // the same descriptor, known to the runtime's poller

	// Ring writes to the raw descriptor, because the detour through os.File
	// costs as much as the call; the lock keeps it from a closed one.
	mu     sync.RWMutex
	closed bool
}

// NewDoorbell makes a doorbell between processes, an eventfd, and a second
// descriptor of it to be inherited by a child, which the caller closes after the
// child has started. Only then may the doorbell be used: call Start.
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
	return &Doorbell{&eventBell{fd: fd}}, os.NewFile(uintptr(dup), "doorbell"), nil
}

// Start makes a doorbell of NewDoorbell usable after the child has been started.
// Handing a descriptor to a child makes its open file description blocking, which
// both descriptors share.
func (d *Doorbell) Start() error {
	b := d.bell.(*eventBell)
	if err := unix.SetNonblock(b.fd, true); err != nil {
		return os.NewSyscallError("fcntl(F_SETFL)", err)
	}
	b.file = os.NewFile(uintptr(b.fd), "doorbell")
	return nil
}

var one = []byte{1, 0, 0, 0, 0, 0, 0, 0}

//spec:req BELL-006
func (d *eventBell) Ring() {
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

func (d *eventBell) Wait() error {
	var buf [8]byte
	_, err := d.file.Read(buf[:])
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return d.file.SetReadDeadline(time.Time{})
	}
	return err
}

func (d *eventBell) Bound(limit time.Duration) {
	_ = d.file.SetReadDeadline(time.Now().Add(limit)) // fails only if closed
}

func (d *eventBell) Close() error {
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
