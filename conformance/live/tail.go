//go:build linux

package live

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"time"
)

// tail reads what a process writes to a pipe and keeps the end of it.
type tail struct {
	mu   sync.Mutex
	kept []byte
	read *os.File
	done chan struct{}
}

// tailSize is how much is kept, in bytes.
const tailSize = 64 << 10

func newTail(read *os.File) *tail {
	t := &tail{read: read, done: make(chan struct{})}
	go t.follow()
	return t
}

func (t *tail) follow() {
	defer close(t.done)
	buf := make([]byte, 16<<10)
	for {
		n, err := t.read.Read(buf)
		t.mu.Lock()
		t.kept = append(t.kept, buf[:n]...)
		if over := len(t.kept) - tailSize; over > 0 {
			t.kept = append(t.kept[:0], t.kept[over:]...)
		}
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// finish waits for the end of the output, but not long: a child that escaped
// from the process group may hold the pipe open for ever.
func (t *tail) finish() {
	_ = t.read.SetReadDeadline(time.Now().Add(time.Second))
	<-t.done
	_ = t.read.Close()
}

func (t *tail) contains(what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Contains(t.kept, []byte(what))
}

// lastLines returns the end of the output, readable in a finding; "" if there
// is none.
func (t *tail) lastLines(count int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(strings.ToValidUTF8(string(t.kept), "?"))
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
