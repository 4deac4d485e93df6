//go:build unix

package sys

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// OwnGroup starts a child in a process group of its own, so that the signals of
// a terminal reach only the master, and so that a [Group] can be made of it.
func OwnGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// Group is a child that OwnGroup started, with the processes that it starts
// itself. Its methods may be called until the child is reaped.
type Group struct{ pid int }

// NewGroup takes charge of a child, which must not be reaped yet.
func NewGroup(child *os.Process) (*Group, error) { return &Group{child.Pid}, nil }

// Kill ends every process of the group at once.
func (g *Group) Kill() error {
	if err := unix.Kill(-g.pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return os.NewSyscallError("kill", err)
	}
	return nil
}

// AwaitExit returns when the child has ended, without reaping it: until it is
// reaped its process group id cannot belong to anyone else.
func (g *Group) AwaitExit() error { return awaitExit(g.pid) }

// Close gives back what the Group holds. It ends no process.
func (g *Group) Close() error { return nil }

// SignalName returns the usual name of a signal, such as SIGKILL.
func SignalName(s syscall.Signal) string { return unix.SignalName(s) }
