package executor

import (
	"bufio"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// output takes what a worker prints, line by line into the log, and remembers
// the end of its standard error for the error that may have to explain its death.
type output struct {
	logger *slog.Logger
	files  []*os.File
	group  sync.WaitGroup

	mu   sync.Mutex
	tail []byte
}

const (
	maxTail = 64 << 10
	maxLine = 16 << 10 // longer lines are logged in pieces
)

func newOutput(logger *slog.Logger) *output { return &output{logger: logger} }

// follow reads a stream of the worker until its end. call tells the id of the call
// that occupies the worker when a line is read, 0 if none: a hint for people.
func (o *output) follow(stream string, f *os.File, remember bool, call func() uint32) {
	o.files = append(o.files, f)
	logs := o.logger.Enabled(context.Background(), slog.LevelInfo)
	o.group.Go(func() {
		defer f.Close()
		r := bufio.NewReaderSize(f, maxLine)
		for {
			line, err := r.ReadSlice('\n')
			if remember {
				o.remember(line)
			}
			if logs && len(line) > 0 {
				o.logger.Info("worker output", "stream", stream, "call", call(), "line", strings.ToValidUTF8(strings.TrimRight(string(line), "\r\n"), "\uFFFD"))
			}
			if err != nil && err != bufio.ErrBufferFull {
				return
			}
		}
	})
}

func (o *output) remember(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = append(o.tail, b...)
	if len(o.tail) > 2*maxTail {
		o.tail = append(o.tail[:0], o.tail[len(o.tail)-maxTail:]...)
	}
}

// finish waits for the rest of the output of a dead worker and returns the end of
// its standard error. A process that the worker left behind may hold the streams
// open, so it does not wait long.
func (o *output) finish() string {
	for _, f := range o.files {
		_ = f.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	}
	o.group.Wait()
	return o.stderr()
}

func (o *output) stderr() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	tail := o.tail
	if len(tail) > maxTail {
		tail = tail[len(tail)-maxTail:]
	}
	return strings.ToValidUTF8(string(tail), "\uFFFD")
}

// lastLines returns the end of s: at most n lines.
func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
