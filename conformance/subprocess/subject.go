// Package subprocess judges implementations that run as child processes: a
// long-lived child that speaks JSON lines (Start), or a decoder that is run once
// for every message (Decoder). Both are described in spec chapter 08.
package subprocess

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

// Options of a child; the zero value is ready for use.
type Options struct {
	// Patience is how long a case may take; 0: two seconds.
	Patience time.Duration
	// StartPatience is how long the child may take to introduce itself; 0: ten
	// seconds.
	StartPatience time.Duration
	// Stderr receives what the children write there; nil: nobody.
	Stderr io.Writer
}

const (
	protocolVersion = 1
	inFlight        = 64
	// maxDeaths is how many children may die before the rest of the cases is not
	// tried any more.
	maxDeaths = 20
)

// Subject is a child that speaks JSON lines. When it dies or hangs, the oldest
// case without an answer is asked again, alone: if the child dies again the case
// is to blame, otherwise the run goes on.
type Subject struct {
	argv    []string
	options Options
	info    conformance.Info

	// turn is held shared by cases in flight, and alone by a case that is asked
	// again.
	turn sync.RWMutex

	mu     sync.Mutex // guards child
	child  *child
	seq    atomic.Uint64
	deaths atomic.Int32
}

// Start runs the command and asks what it is.
func Start(argv []string, o Options) (*Subject, error) {
	if len(argv) == 0 {
		return nil, errors.New("subprocess: no command")
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Second
	}
	if o.StartPatience == 0 {
		o.StartPatience = 10 * time.Second
	}
	s := &Subject{argv: argv, options: o}
	if _, err := s.current(); err != nil {
		return nil, err
	}
	return s, nil
}

// current returns the running child, and starts one if there is none.
func (s *Subject) current() (*child, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child != nil {
		select {
		case <-s.child.dead:
		default:
			return s.child, nil
		}
	}
	c, err := startChild(s.argv, s.options.Stderr)
	if err != nil {
		return nil, fmt.Errorf("subprocess: command=%q: %w", strings.Join(s.argv, " "), err)
	}
	if err := s.introduce(c); err != nil {
		c.kill(errors.New("stopped"))
		<-c.dead
		return nil, fmt.Errorf("subprocess: command=%q: %w", strings.Join(s.argv, " "), err)
	}
	s.child = c
	return c, nil
}

func (s *Subject) introduce(c *child) error {
	line, err := json.Marshal(command{Cmd: "start", Protocol: protocolVersion})
	if err != nil {
		return err
	}
	c.queue <- append(line, '\n')
	timer := time.NewTimer(s.options.StartPatience)
	defer timer.Stop()
	select {
	case line := <-c.lines:
		if err := json.Unmarshal(line, &s.info); err != nil {
			return fmt.Errorf("the answer to start: %w: line=%.80q", err, line)
		}
		return nil
	case <-c.dead:
		return c.end
	case <-timer.C:
		return fmt.Errorf("no answer to start within %v", s.options.StartPatience)
	}
}

// Info implements conformance.Subject.
func (s *Subject) Info() conformance.Info { return s.info }

// Kind implements conformance.Subject.
func (*Subject) Kind() string { return "exec" }

// Parallel implements conformance.Subject.
func (*Subject) Parallel() int { return inFlight }

// Close asks the child to stop and ends it if it does not.
func (s *Subject) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.child
	if c == nil {
		return nil
	}
	s.child = nil
	c.queue <- []byte(`{"cmd":"stop"}` + "\n")
	timer := time.NewTimer(s.options.Patience)
	defer timer.Stop()
	select {
	case <-c.dead:
	case <-timer.C:
		c.kill(errors.New("did not stop when asked to"))
		<-c.dead
	}
	return nil
}

// errDied says that a case got no answer because the child is gone.
type errDied struct {
	reason error
	oldest bool
}

func (e *errDied) Error() string { return e.reason.Error() }

// Judge implements conformance.Subject.
func (s *Subject) Judge(ctx context.Context, v *vectors.Vector) conformance.Verdict {
	t, ok := taskOf(v)
	if !ok {
		return conformance.Skipped("no such operation for a child process")
	}
	for {
		if s.deaths.Load() >= maxDeaths {
			return failed(fmt.Errorf("not tried: the child died or hung %d times", maxDeaths))
		}
		s.turn.RLock()
		r, err := s.ask(ctx, t)
		s.turn.RUnlock()
		var died *errDied
		if errors.As(err, &died) && !died.oldest {
			continue // another case was to blame, or is being asked again
		}
		if died != nil {
			return s.again(ctx, t, v)
		}
		return verdict(r, err, v)
	}
}

// again asks a case alone that was the oldest when the child died.
func (s *Subject) again(ctx context.Context, t *task, v *vectors.Vector) conformance.Verdict {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.deaths.Add(1)
	r, err := s.ask(ctx, t)
	return verdict(r, err, v)
}

// ask sends a case to the current child and waits for the answer.
func (s *Subject) ask(ctx context.Context, t *task) (*reply, error) {
	c, err := s.current()
	if err != nil {
		return nil, err
	}
	own := *t
	own.Seq = s.seq.Add(1)
	w, err := c.send(&own)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(s.options.Patience)
	defer timer.Stop()
	for {
		select {
		case r := <-w.reply:
			return r, nil
		case <-c.dead:
			select {
			case r := <-w.reply: // answered before it died
				return r, nil
			default:
				return nil, &errDied{c.end, c.oldest(w)}
			}
		case <-timer.C:
			// Cases before this one may take their time too.
			left := s.options.Patience - c.idle()
			if left <= 0 && c.oldest(w) {
				c.kill(fmt.Errorf("no answer within %v", s.options.Patience))
			}
			timer.Reset(max(left, 50*time.Millisecond))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func verdict(r *reply, err error, v *vectors.Vector) conformance.Verdict {
	if err != nil {
		return failed(err)
	}
	a, err := r.answer(v)
	if err != nil {
		return failed(err)
	}
	return conformance.Judge(v, &a)
}

func failed(err error) conformance.Verdict {
	return conformance.Judged([]conformance.Finding{{Text: err.Error()}})
}
