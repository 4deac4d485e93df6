package sys

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// eventBell is a bell between processes: an eventfd. It is not read after a ring,
// which would be one more system call: the poller reports each ring once, and the
// count has room for 2^64 of them. A worker that fills it nevertheless is heard again
// when a wait has come to its limit.
type eventBell struct {
	fd int

	// Ring writes to the raw descriptor; the lock keeps it from a closed one.
	mu     sync.RWMutex
	closed bool

	// For Wait, see Listen.
	file     *os.File // the same descriptor, known to the runtime's poller
	raw      syscall.RawConn
	ready    func() bool
	looked   bool
	look     func(fd uintptr) bool
	deadline time.Time
}

// NewDoorbell makes a doorbell between processes, an eventfd, and a second
// descriptor of it to be inherited by a child, which the caller closes after the
// child has started. Only then may the doorbell be used: call Start on one that
// wakes the child, Listen on one that the child rings.
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

// Start makes a doorbell of NewDoorbell usable for Ring after the child has been
// started. Handing a descriptor to a child makes its open file description
// blocking, which both descriptors share.
func (d *Doorbell) Start() error {
	if err := unix.SetNonblock(d.bell.(*eventBell).fd, true); err != nil {
		return os.NewSyscallError("fcntl(F_SETFL)", err)
	}
	return nil
}

// Listen is Start for a doorbell that is waited for, too. One that is only rung must
// not be known to the runtime's poller: each ring would wake this process as well.
func (d *Doorbell) Listen() error {
	if err := d.Start(); err != nil {
		return err
	}
	b := d.bell.(*eventBell)
	b.file = os.NewFile(uintptr(b.fd), "doorbell")
	raw, err := b.file.SyscallConn()
	if err != nil {
		return err
	}
	b.raw = raw
	b.look = func(uintptr) bool {
		if b.looked {
			return true
		}
		b.looked = true
		return b.ready()
	}
	return nil
}

var one = uint64(1)

// Ring does not tell the scheduler about its system call: it cannot block, and
// taking a processor away from it would wake another thread.
//
//spec:req BELL-006
func (d *eventBell) Ring() {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return
	}
	for {
		// EAGAIN means that the counter is full: it rings already.
		_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(d.fd), uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one))
		if errno != unix.EINTR {
			return
		}
	}
}

func (d *eventBell) Wait(ready func() bool, limit time.Duration) error {
	// Moving a deadline costs as much as the rest, so it is moved rarely, and a wait
	// may end at half of its limit.
	if limit > 0 {
		now := time.Now()
		if left := d.deadline.Sub(now); left < limit/2 || left > limit {
			d.deadline = now.Add(limit)
			if err := d.file.SetReadDeadline(d.deadline); err != nil {
				return err
			}
		}
	}
	// The poller forgets the rings so far before look is called the first time.
	d.ready, d.looked = ready, false
	err := d.raw.Read(d.look)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		var count [8]byte
		_, _ = unix.Read(d.fd, count[:]) // nothing is there, or it is cleared
		d.deadline = time.Time{}
		return d.file.SetReadDeadline(time.Time{})
	}
	return err
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
