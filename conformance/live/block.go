//go:build linux

package live

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// blocked is a call whose user code stands still: it writes to a pipe that is
// full.
type blocked struct {
	*call
	pipe int
}

// block sends such a call and what behind sends, and returns when the worker runs
// it. The caller closes it.
func (l *lane) block(behind func()) *blocked {
	e := l.effects()
	if err := syscall.Mkfifo(e.path, 0o600); err != nil {
		l.broken(err)
	}
	pipe, err := syscall.Open(e.path, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		l.broken(err)
	}
	for err == nil {
		_, err = syscall.Write(pipe, make([]byte, 4096))
	}
	b := &blocked{pipe: pipe}
	defer func() {
		if b.call == nil {
			b.close()
		}
	}()
	c := e.call("blocked")
	behind()
	if !l.until(l.patience(), func() bool { return l.gone() || l.hasOpen(e.path) }) {
		l.fatalf("CONF-020", "trace did not open its file within %v", l.patience())
	}
	l.mustLive("while user code was running")
	b.call = c
	return b
}

// release lets the user code go on.
func (b *blocked) release() {
	buf := make([]byte, 64<<10)
	for {
		if _, err := syscall.Read(b.pipe, buf); err != nil {
			return
		}
	}
}

func (b *blocked) close() { _ = syscall.Close(b.pipe) }

// hasOpen reports whether the process has a file open.
func (p *process) hasOpen(path string) bool {
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.pid))
	if err != nil {
		return false
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == path {
			return true
		}
	}
	return false
}
