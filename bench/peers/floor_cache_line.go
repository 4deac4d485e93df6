package main

import (
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// cacheLines are two counters in shared memory, each on a cache line of its own:
// one side raises the first and looks at the second until it has followed.
type cacheLines struct {
	file        *os.File
	there, back *atomic.Uint64
	wake        eventfds // so that the other side does not look for ever
}

const (
	memory  = 4096
	apart   = 128 // bytes; two lines, because some processors fetch pairs
	pausing = ^uint64(0)
)

func newCacheLines() (way, error) {
	fd, err := unix.MemfdCreate("ringwire-floor", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), "floor")
	if err := file.Truncate(memory); err != nil {
		return nil, err
	}
	c := &cacheLines{file: file}
	if c.there, c.back, err = mapCounters(fd); err != nil {
		return nil, err
	}
	wake, err := newEventfds()
	if err != nil {
		return nil, err
	}
	c.wake = wake.(eventfds)
	return c, nil
}

func mapCounters(fd int) (there, back *atomic.Uint64, err error) {
	mem, err := unix.Mmap(fd, 0, memory, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, os.NewSyscallError("mmap", err)
	}
	at := func(offset int) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&mem[offset])) }
	return at(0), at(apart), nil
}

func (c *cacheLines) files() []*os.File { return append(c.wake.files(), c.file) }

func (*cacheLines) messages() int { return 64 }

func (c *cacheLines) begin() {
	c.there.Store(0)
	c.back.Store(0)
	c.wake.ping(1)
}

func (c *cacheLines) end() {
	c.there.Store(pausing)
	for c.back.Load() != pausing {
	}
}

func (c *cacheLines) ping(messages int) {
	for range messages {
		n := c.there.Add(1)
		for c.back.Load() != n {
		}
	}
}

func answerCacheLines() error {
	there, back, err := mapCounters(5)
	if err != nil {
		return err
	}
	for {
		sleepOn(3)
		ring(4)
		for seen := uint64(0); seen != pausing; {
			if n := there.Load(); n != seen {
				seen = n
				back.Store(n)
			}
		}
	}
}
