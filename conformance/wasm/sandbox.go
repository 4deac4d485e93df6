package wasm

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

// childVariable tells a process that it is the child of a Sandbox.
const childVariable = "RINGWIRE_WASM_CHILD"

// Sandbox judges a module in a child process, so that nothing the module makes
// the runtime do can harm this one. The child is this program itself, which
// must call ServeIfChild first of all. A child that dies or hangs costs the case
// at hand; the next case gets a new child. A Sandbox is for one goroutine.
type Sandbox struct {
	module []byte
	limits Limits
	child  *child
	hello  greeting
	// deaths counts children that ended with a case in hand.
	deaths int
}

// maxDeaths is how many children a module may cost before the rest of the cases
// is not tried any more.
const maxDeaths = 5

// child is a running child process.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan answer
}

type answer struct {
	line []byte
	err  error
}

// question is a line to the child; one member is set.
type question struct {
	Module  []byte          `json:"module,omitempty"`
	Limits  *Limits         `json:"limits,omitempty"`
	Vector  json.RawMessage `json:"vector,omitempty"`
	Inspect bool            `json:"inspect,omitempty"`
}

// greeting is the answer of a child to its module.
type greeting struct {
	Info   conformance.Info `json:"info"`
	Digest string           `json:"digest"`
	Error  string           `json:"error,omitempty"`
}

// OpenSandbox starts a child with a module. The error tells why the module
// cannot be judged at all.
func OpenSandbox(ctx context.Context, module []byte, limits Limits) (*Sandbox, error) {
	s := &Sandbox{module: module, limits: limits}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sandbox) start(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("wasm: sandbox: %w", err)
	}
	cmd := exec.Command(program)
	cmd.Env = []string{childVariable + "=1"}
	cmd.Stderr = nil
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("wasm: sandbox: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("wasm: sandbox: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("wasm: sandbox: %w", err)
	}
	s.child = &child{cmd: cmd, in: in, answers: make(chan answer, 1)}
	go s.child.read(out)
	// Compiling is not the module's time: it has as long as it takes.
	if err := s.child.ask(ctx, time.Minute, question{Module: s.module, Limits: &s.limits}, &s.hello); err != nil {
		s.stop()
		return fmt.Errorf("wasm: sandbox: %w", err)
	}
	if s.hello.Error != "" {
		s.stop()
		return errors.New(s.hello.Error)
	}
	return nil
}

// read passes the child's lines on until it ends.
func (c *child) read(out io.Reader) {
	lines := bufio.NewReaderSize(out, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		c.answers <- answer{line, err}
		if err != nil {
			return
		}
	}
}

var errTime = errors.New("no answer in time")

// ask puts a question to the child and reads one line into reply.
func (c *child) ask(ctx context.Context, patience time.Duration, q question, reply any) error {
	line, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("the child is gone: %w", err)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-c.answers:
		if a.err != nil {
			return fmt.Errorf("the child ended: %w", a.err)
		}
		return json.Unmarshal(a.line, reply)
	case <-timer.C:
		return errTime
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Sandbox) stop() {
	if s.child == nil {
		return
	}
	_ = s.child.in.Close()
	_ = s.child.cmd.Process.Kill()
	go func(c *child) { // the reader may have a last line in hand
		for a := range c.answers {
			if a.err != nil {
				return
			}
		}
	}(s.child)
	_ = s.child.cmd.Wait()
	s.child = nil
}

// Info implements conformance.Subject.
func (s *Sandbox) Info() conformance.Info { return s.hello.Info }

// Digest is the SHA-256 of the module, in hex.
func (s *Sandbox) Digest() string { return s.hello.Digest }

// Kind implements conformance.Subject.
func (*Sandbox) Kind() string { return "wasm" }

// Parallel implements conformance.Subject.
func (*Sandbox) Parallel() int { return 1 }

// Close implements conformance.Subject.
func (s *Sandbox) Close() error {
	s.stop()
	return nil
}

// Inspect implements conformance.Inspector.
func (s *Sandbox) Inspect(ctx context.Context) []conformance.Result {
	var results []conformance.Result
	if err := s.child.ask(ctx, time.Minute, question{Inspect: true}, &results); err != nil {
		return []conformance.Result{{
			ID: "abi-exports", Comment: "the functions of the profiles", Requirements: []string{"ABI-001"}, Verdict: failed(err),
		}}
	}
	return results
}

// Judge implements conformance.Subject.
func (s *Sandbox) Judge(ctx context.Context, v *vectors.Vector) conformance.Verdict {
	if s.deaths >= maxDeaths {
		return conformance.Judged([]conformance.Finding{{Text: fmt.Sprintf("not tried: the module made %d child processes die", s.deaths)}})
	}
	if s.child == nil {
		if err := s.start(ctx); err != nil {
			return failed(err)
		}
	}
	data, err := vectors.Encode(v)
	if err != nil {
		return failed(err)
	}
	// The child stops a guest by itself; it has to be stopped only if that fails.
	patience := time.Duration(maxRuns)*s.limits.CallTime + 10*time.Second
	var verdict conformance.Verdict
	if err := s.child.ask(ctx, patience, question{Vector: data}, &verdict); err != nil {
		exit := s.ended()
		s.deaths++
		return conformance.Judged([]conformance.Finding{{Requirement: "ABI-009", Text: fmt.Sprintf("the process that ran the module did not survive: %v%s", err, exit)}})
	}
	return verdict
}

// ended ends the child and tells how it ended.
func (s *Sandbox) ended() string {
	c := s.child
	s.stop()
	if c.cmd.ProcessState == nil {
		return ""
	}
	return " (" + c.cmd.ProcessState.String() + ")"
}

// ServeIfChild makes this process judge for a Sandbox, if it was started for
// that, and does not return then. Call it first in main, and in TestMain of
// tests that use a Sandbox.
func ServeIfChild() {
	if os.Getenv(childVariable) == "" {
		return
	}
	limitProcess()
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(in io.Reader, out io.Writer) error {
	ctx := context.Background()
	lines := bufio.NewReaderSize(in, 1<<16)
	reply := json.NewEncoder(out)
	var subject *Subject
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			return err
		}
		switch {
		case q.Limits != nil:
			var hello greeting
			if subject, err = Open(ctx, q.Module, *q.Limits); err != nil {
				hello.Error = err.Error()
			} else {
				hello.Info, hello.Digest = subject.Info(), subject.Digest()
			}
			err = reply.Encode(hello)
		case q.Inspect:
			err = reply.Encode(subject.Inspect(ctx))
		default:
			v, wrong := vectors.Decode(q.Vector)
			if wrong != nil {
				return wrong
			}
			err = reply.Encode(subject.Judge(ctx, v))
		}
		if err != nil {
			return err
		}
	}
}
