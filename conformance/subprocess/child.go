package subprocess

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// child is one run of the command. Its pending cases are kept in the order in
// which they were sent, so that the oldest is known when it dies.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser

	mu      sync.Mutex
	pending []*waiter
	// stirred is when the child last answered, or began to.
	stirred time.Time
	// end is why the child is gone; dead is closed then.
	end    error
	dead   chan struct{}
	reason error // why it was killed, if this side did it
	lines  chan []byte
	queue  chan []byte // to be written; a child that does not read blocks only the writer
}

// waiter is a case that was sent and not answered.
type waiter struct {
	seq   uint64
	reply chan *reply
}

// maxLine bounds a line from a child, in bytes: enough for a message of 16 MiB.
const maxLine = 64 << 20

func startChild(argv []string, stderr io.Writer) (*child, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = stderr
	cmd.WaitDelay = time.Second // a grandchild may hold the pipes
	isolate(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: in, dead: make(chan struct{}), lines: make(chan []byte, 1), queue: make(chan []byte, 2*inFlight), stirred: time.Now()}
	go c.read(out)
	go c.write()
	return c, nil
}

// write passes lines to the child. It stops at the first error: the reader will
// learn that the child is gone.
func (c *child) write() {
	for {
		select {
		case line := <-c.queue:
			if _, err := c.in.Write(line); err != nil {
				return
			}
		case <-c.dead:
			return
		}
	}
}

// read takes lines until the child is gone. The first is the answer to start.
func (c *child) read(out io.Reader) {
	scanner := bufio.NewScanner(out)
	scanner.Buffer(make([]byte, 0, 1<<16), maxLine)
	first := true
	var fault error
	for fault == nil && scanner.Scan() {
		line := slices.Clone(scanner.Bytes())
		if first {
			first = false
			c.lines <- line
			continue
		}
		fault = c.deliver(line)
	}
	if fault == nil {
		fault = scanner.Err()
	}
	c.bury(fault)
}

// deliver gives an answer to the case it belongs to. A line that belongs to none
// ends the child: nobody knows what its other lines mean then.
func (c *child) deliver(line []byte) error {
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("a line that is no answer: %w: line=%.80q", err, line)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stirred = time.Now()
	for i, w := range c.pending {
		if r.Seq != nil && *r.Seq == w.seq {
			c.pending = slices.Delete(c.pending, i, i+1)
			w.reply <- &r
			return nil
		}
	}
	return fmt.Errorf("an answer to a case that was not asked or is answered: line=%.80q", line)
}

// bury ends the child and says why it is gone.
func (c *child) bury(fault error) {
	kill(c.cmd)
	err := c.cmd.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.reason != nil:
		c.end = c.reason
	case fault != nil:
		c.end = fault
	case err != nil:
		c.end = fmt.Errorf("the child ended: %w", err)
	default:
		c.end = errors.New("the child ended: exit status 0")
	}
	close(c.dead)
}

// kill ends the child, if it still runs, for a reason.
func (c *child) kill(reason error) {
	c.mu.Lock()
	if c.reason == nil {
		c.reason = reason
	}
	c.mu.Unlock()
	kill(c.cmd)
}

// send writes a case; its answer comes through the waiter.
func (c *child) send(t *task) (*waiter, error) {
	line, err := json.Marshal(command{Cmd: "run", task: t})
	if err != nil {
		return nil, err
	}
	w := &waiter{seq: t.Seq, reply: make(chan *reply, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) == 0 {
		c.stirred = time.Now()
	}
	c.pending = append(c.pending, w)
	select {
	case c.queue <- append(line, '\n'):
	default: // nothing was written for so long that the child is about to be ended
	}
	return w, nil
}

// oldest reports whether w is the case that the child should have answered first.
func (c *child) oldest(w *waiter) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending) > 0 && c.pending[0] == w
}

// idle returns how long the child has not answered anything.
func (c *child) idle() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.stirred)
}
