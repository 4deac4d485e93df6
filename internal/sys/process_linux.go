package sys

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func awaitExit(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("waitid", err)
		}
	}
}

// ArmLifeline makes the kernel send SIGKILL to the process group pgid as soon as
// the last write end of the pipe, of which read is a read end, is closed: also
// when the master was killed itself, and also when the worker is stuck in code
// that never looks. Every descriptor of read's open file description counts, so
// the caller may close its own once the child holds one. Other systems cannot
// send SIGKILL so, and there it does nothing.
//
// The alternative, PR_SET_PDEATHSIG, follows the parent's thread and would kill
// healthy workers when the Go runtime retires it.
//
//spec:req LIFE-057
func ArmLifeline(read *os.File, pgid int) error {
	conn, err := read.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = conn.Control(func(fd uintptr) {
		if _, inner = unix.FcntlInt(fd, unix.F_SETOWN, -pgid); inner != nil {
			return
		}
		if _, inner = unix.FcntlInt(fd, unix.F_SETSIG, int(unix.SIGKILL)); inner != nil {
			return
		}
		var flags int
		if flags, inner = unix.FcntlInt(fd, unix.F_GETFL, 0); inner != nil {
			return
		}
		_, inner = unix.FcntlInt(fd, unix.F_SETFL, flags|unix.O_ASYNC)
	})
	if err == nil {
		err = inner
	}
	return os.NewSyscallError("fcntl", err)
}
