//go:build unix

package bench

import (
	"errors"
	"io"
	"runtime"
	"syscall"
	"time"
)

// read is Read that spins first.
func (c *frameConn) read(b []byte) (n int, err error) {
	if c.spin == 0 {
		return c.Read(b)
	}
	waited := c.raw.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), b)
		for began := time.Now(); errors.Is(err, syscall.EAGAIN) && time.Since(began) < c.spin; {
			runtime.Gosched()
			n, err = syscall.Read(int(fd), b)
		}
		return !errors.Is(err, syscall.EAGAIN)
	})
	switch {
	case waited != nil:
		return 0, waited
	case err == nil && n == 0:
		return 0, io.EOF
	}
	return n, err
}
