package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ringwire/ringwire/bench"
)

// floor is what the hardware and the system take for a message there and back
// between two processes: nothing that calls another process can be faster.
type floor struct {
	name   string
	kind   string // which of the ways below
	python string // the interpreter of those that need one
	placement
}

// way is how a message goes there and back. Both processes call its methods in
// threads that stay on one CPU.
type way interface {
	// files are what the other process inherits, from descriptor 3 on.
	files() []*os.File
	// ping sends so many messages, waiting for the answer to each.
	ping(messages int)
	// begin and end surround pings.
	begin()
	end()
	// messages is how many pings are measured together: so many that the clock
	// does not count.
	messages() int
}

func floors() []floor {
	one, two := placements()[0], placements()[1]
	return []floor{
		{name: "floor: cache line", kind: cacheLine, placement: two},
		{name: "floor: eventfd" + one.suffix, kind: eventfd, placement: one},
		{name: "floor: eventfd" + two.suffix, kind: eventfd, placement: two},
		{name: "floor: eventfd, Go poller and Python" + one.suffix, kind: poller, placement: one},
		{name: "floor: eventfd, Go poller and Python" + two.suffix, kind: poller, placement: two},
	}
}

// The kinds of floors.
const (
	cacheLine = "cacheline"
	eventfd   = "eventfd"
	poller    = "poller"
)

func (f floor) Name() string { return f.name }

func (floor) Does(bench.Work) bool { return true }

func (f floor) Start(ctx context.Context, _ int) (bench.Session, error) {
	w, err := newWay(f.kind)
	if err != nil {
		return nil, err
	}
	s := &floorSession{floor: f, way: w}
	if s.cmd, err = f.answerer(ctx); err != nil {
		return nil, err
	}
	s.cmd.ExtraFiles, s.cmd.Stderr = w.files(), os.Stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return s, s.cmd.Start()
}

// answerer is the command of the other process.
func (f floor) answerer(ctx context.Context) (*exec.Cmd, error) {
	if f.kind == poller {
		return exec.CommandContext(ctx, f.python, "-c", pollerScript, strconv.Itoa(f.other)), nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, self, "answer", fmt.Sprint(f.kind, ",", f.other)), nil
}

func newWay(kind string) (way, error) {
	switch kind {
	case cacheLine:
		return newCacheLines()
	case poller:
		return newPolled()
	}
	return newEventfds()
}

type floorSession struct {
	floor
	way   way
	cmd   *exec.Cmd
	stdin io.Closer
}

func (s *floorSession) Processes() []int { return []int{os.Getpid(), s.cmd.Process.Pid} }

func (s *floorSession) Close() error {
	_ = s.stdin.Close() // tells the other process to end
	return s.cmd.Wait()
}

func (s *floorSession) Measure(_ context.Context, r bench.Round) (bench.Sample, error) {
	type result struct {
		sample bench.Sample
		err    error
	}
	done := make(chan result)
	go func() {
		// A thread ends with the goroutine that is tied to it, so it need not be let
		// off its CPU. The poller's goroutine runs in any thread of the process.
		var res result
		if s.kind == poller {
			res.err = settleOn(s.own)
		} else {
			res.err = stayOn(s.own)
		}
		if res.err == nil {
			res.sample = pings(s.way, r)
		}
		done <- res
	}()
	res := <-done
	return res.sample, res.err
}

func pings(w way, r bench.Round) bench.Sample {
	var s bench.Sample
	n := w.messages()
	w.begin()
	defer w.end()
	began := time.Now()
	for at := began; s.Elapsed.Seconds() < r.Seconds; {
		w.ping(n)
		now := time.Now()
		s.Latencies = append(s.Latencies, now.Sub(at)/time.Duration(n))
		at, s.Elapsed = now, now.Sub(began)
		s.Calls += n
	}
	return s
}

// answer is the other process: it answers pings until its standard input ends.
func answer(argument string) error {
	kind, number, _ := strings.Cut(argument, ",")
	cpu, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	// One is busy or blocked in a system call that the scheduler does not know of.
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 2))
	failed := make(chan error)
	go func() {
		if err := stayOn(cpu); err != nil {
			failed <- err
		}
		if kind == cacheLine {
			failed <- answerCacheLines()
		}
		failed <- answerEventfds()
	}()
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case err := <-failed:
		return err
	case <-ended:
		return nil
	}
}
