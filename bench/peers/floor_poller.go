package main

import (
	_ "embed"
	"os"

	"golang.org/x/sys/unix"
)

//go:embed floor_poller.py
var pollerScript string

// polled are two doorbells as those of eventfds. This side sleeps in the scheduler's
// poller, the other side in a Python process. What a call takes beyond this is what
// it does between its wake-ups.
type polled struct{ there, back *os.File }

func newPolled() (way, error) {
	var files [2]*os.File
	for i := range files {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			return nil, os.NewSyscallError("eventfd", err)
		}
		files[i] = os.NewFile(uintptr(fd), "eventfd")
	}
	return polled{files[0], files[1]}, nil
}

func (p polled) files() []*os.File { return []*os.File{p.there, p.back} }

func (polled) messages() int { return 1 }

func (polled) begin() {}

func (polled) end() {}

func (p polled) ping(messages int) {
	one := [8]byte{1}
	var count [8]byte
	for range messages {
		_, _ = p.there.Write(one[:])
		_, _ = p.back.Read(count[:])
	}
}
