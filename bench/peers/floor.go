package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/bench"
)

// floor is what the hardware and the system take for a message there and back
// between two processes: nothing that calls another process can be faster.
type floor struct {
	name   string
	kind   string // which of the ways below
	absent string // why it cannot be measured here
	own    int    // CPU of this process
	other  int    // CPU of the process that answers
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
	cpus := allowedCPUs()
	list := []floor{
		{name: "floor: cache line", kind: "cacheline"},
		{name: "floor: eventfd, one CPU", kind: "eventfd"},
		{name: "floor: eventfd, two CPUs", kind: "eventfd"},
	}
	for i := range list {
		f := &list[i]
		f.own, f.other = cpus[0], cpus[len(cpus)-1]
		if i == 1 {
			f.other = f.own
		} else if len(cpus) < 2 {
			f.absent = "this process may use one CPU only"
		}
	}
	return list
}

func (f floor) Name() string { return f.name }

func (floor) Does(bench.Work) bool { return true }

func (f floor) Start(ctx context.Context, _ int) (bench.Session, error) {
	w, err := newWay(f.kind)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &floorSession{floor: f, way: w, cmd: exec.CommandContext(ctx, self, "answer", fmt.Sprint(f.kind, ",", f.other))}
	s.cmd.ExtraFiles, s.cmd.Stderr = w.files(), os.Stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return s, s.cmd.Start()
}

func newWay(kind string) (way, error) {
	if kind == "cacheline" {
		return newCacheLines()
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
		// The thread ends with the goroutine, so it need not be let off its CPU.
		var res result
		if res.err = stayOn(s.own); res.err == nil {
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
		if kind == "cacheline" {
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

// allowedCPUs lists those that this process may use, at least one.
func allowedCPUs() []int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return []int{0}
	}
	var cpus []int
	for i := 0; len(cpus) < set.Count(); i++ {
		if set.IsSet(i) {
			cpus = append(cpus, i)
		}
	}
	return cpus
}

// stayOn ties the goroutine to a thread and the thread to a CPU, for good.
func stayOn(cpu int) error {
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return errors.Join(errors.New("tie a thread to a CPU"), err)
	}
	return nil
}
