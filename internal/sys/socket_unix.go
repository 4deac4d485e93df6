//go:build unix

package sys

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// NewSocketPair makes a pair of connected stream sockets: one for the caller, and
// one to be inherited by a child, which the caller closes after the child has
// started.
func NewSocketPair() (own net.Conn, child *os.File, err error) {
	// The lock keeps a child that is being started from inheriting both: not every
	// system can make them close-on-exec from the beginning.
	syscall.ForkLock.RLock()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(pair[0])
		unix.CloseOnExec(pair[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	child = os.NewFile(uintptr(pair[1]), "stream")
	file := os.NewFile(uintptr(pair[0]), "stream")
	defer file.Close()
	own, err = net.FileConn(file)
	if err != nil {
		child.Close()
		return nil, nil, err
	}
	return own, child, nil
}

// InheritsFiles tells whether a child can inherit descriptors besides the
// standard ones.
const InheritsFiles = true
