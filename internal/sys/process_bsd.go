//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func awaitExit(pid int) error {
	queue, err := unix.Kqueue()
	if err != nil {
		return os.NewSyscallError("kqueue", err)
	}
	defer unix.Close(queue)
	var exit unix.Kevent_t
	unix.SetKevent(&exit, pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	exit.Fflags = unix.NOTE_EXIT
	events := make([]unix.Kevent_t, 1)
	for {
		_, err := unix.Kevent(queue, []unix.Kevent_t{exit}, events, nil)
		switch {
		case err == nil, errors.Is(err, unix.ESRCH): // it has ended already
			return nil
		case !errors.Is(err, unix.EINTR):
			return os.NewSyscallError("kevent", err)
		}
	}
}

// ArmLifeline does nothing: these systems cannot send SIGKILL when a pipe ends,
// so a worker watches its lifeline itself.
func ArmLifeline(*os.File, int) error { return nil }
