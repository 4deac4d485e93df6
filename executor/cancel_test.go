//go:build linux

package executor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// outcome returns the outcome of a call that failed with want.
func outcome(t *testing.T, err, want error) executor.Outcome {
	t.Helper()
	var call *executor.CallError
	if !errors.Is(err, want) || !errors.As(err, &call) {
		t.Fatalf("got %v, want %v", err, want)
	}
	return call.Outcome
}

//spec:test LIFE-032
//spec:test LIFE-033
func TestCancelAsync(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, CancelGrace: 10 * time.Second})
	trace := filepath.Join(t.TempDir(), "trace")
	ctx, cancel := context.WithCancel(t.Context())
	f := p.Submit(ctx, "handlers:async_cleanup", args("path", trace))
	// A call that is answered shows that the one before it has been taken.
	if err := p.Call(t.Context(), "handlers:async_add", args("a", 1, "b", 2), nil); err != nil {
		t.Fatal(err)
	}
	cancel()
	err := f.Result(nil)
	if got := outcome(t, err, executor.ErrCanceled); got != executor.OutcomeStopped {
		t.Errorf("outcome is %q: %v", got, err)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("not context.Canceled: %v", err)
	}
	if _, err := os.Stat(trace); err != nil {
		t.Errorf("the handler saw no CancelledError: %v", err)
	}
	if s := p.Stats(); s.Restarts != 0 || s.Canceled != 1 {
		t.Errorf("%+v", s)
	}
}

func TestDeadlineAsync(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, CancelGrace: 10 * time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := p.Call(ctx, "handlers:async_sleep", args("seconds", 1000), nil)
	if got := outcome(t, err, executor.ErrExpired); got != executor.OutcomeStopped {
		t.Errorf("outcome is %q: %v", got, err)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("not context.DeadlineExceeded: %v", err)
	}
}

//spec:test LIFE-036
func TestDeadlineOfWhatDoesNotStop(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, CancelGrace: 50 * time.Millisecond})
	for _, function := range []string{"handlers:stuck_in_c", "handlers:async_stubborn"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := p.Call(ctx, function, nil, nil)
		cancel()
		if got := outcome(t, err, executor.ErrExpired); got != executor.OutcomeKilled {
			t.Errorf("%s: outcome is %q: %v", function, got, err)
		}
		if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
			t.Errorf("after %s: %v", function, err)
		}
	}
	if s := p.Stats(); s.Restarts != 2 {
		t.Errorf("%+v", s)
	}
}

func TestDeadlineOfASyncCallThatEndsInTheGrace(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, CancelGrace: 30 * time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := p.Call(ctx, "handlers:sleep", args("seconds", 0.3), nil)
	if got := outcome(t, err, executor.ErrExpired); got != executor.OutcomeCompleted {
		t.Errorf("outcome is %q: %v", got, err)
	}
}

func TestContextThatIsDone(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the client has gone")
	cancel(cause)
	err := p.Call(ctx, "handlers:nothing", nil, nil)
	if got := outcome(t, err, executor.ErrCanceled); got != executor.OutcomeNotStarted || !errors.Is(err, cause) {
		t.Errorf("outcome is %q: %v", got, err)
	}
}

// TestCallsThatWaitNeverStart cancels calls behind a busy worker: in the queue,
// and in the ring, where they were put in advance.
//
//spec:test LIFE-030
//spec:test LIFE-031
//spec:test LIFE-035
func TestCallsThatWaitNeverStart(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportRing, CancelGrace: 100 * time.Millisecond})
	trace := filepath.Join(t.TempDir(), "trace")
	busy := p.Submit(t.Context(), "handlers:append_and_sleep", args("path", trace, "line", "busy", "seconds", 0.5))
	for {
		if data, _ := os.ReadFile(trace); len(data) > 0 {
			break
		}
		runtime.Gosched()
	}
	ctx, cancel := context.WithCancel(t.Context())
	var futures []*executor.Future
	for range 300 { // more than there are slots
		futures = append(futures, p.Submit(ctx, "handlers:append", args("path", trace, "line", "waited")))
	}
	inRing, inQueue := p.Stats().InFlight-1, p.Stats().Queued
	if inRing == 0 || inQueue == 0 {
		t.Fatalf("%d calls in the ring, %d in the queue", inRing, inQueue)
	}
	cancel()
	for _, f := range futures {
		err := f.Result(nil)
		if got := outcome(t, err, executor.ErrCanceled); got != executor.OutcomeNotStarted {
			t.Errorf("outcome is %q: %v", got, err)
		}
	}
	if err := busy.Result(nil); err != nil {
		t.Errorf("the call that kept the worker busy: %v", err)
	}
	if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
		t.Error(err)
	}
	data, err := os.ReadFile(trace)
	if err != nil || strings.Contains(string(data), "waited") {
		t.Errorf("a cancelled call ran: %q %v", data, err)
	}
	if s := p.Stats(); s.Restarts != 0 || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
}

// TestLargeCallWithdrawnOnItsWay gives up a request that is being sent in pieces
// to a worker that does not take them.
func TestLargeCallWithdrawnOnItsWay(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportRing, CancelGrace: 50 * time.Millisecond})
	trace := filepath.Join(t.TempDir(), "trace")
	pid := p.Workers()[0].PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	large := strings.Repeat("x", 8<<20)
	f := p.Submit(ctx, "handlers:append", args("path", trace, "line", large))
	for p.Stats().InFlight == 0 {
		runtime.Gosched()
	}
	cancel()
	err := f.Result(nil)
	if got := outcome(t, err, executor.ErrCanceled); got != executor.OutcomeNotStarted {
		t.Errorf("outcome is %q: %v", got, err)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if n, err := executor.CallAs[int](t.Context(), p, "handlers:length", args("s", large)); err != nil || n != len(large) {
		t.Errorf("a large call afterwards: %d %v", n, err)
	}
	if _, err := os.Stat(trace); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the withdrawn call ran: %v", err)
	}
	if s := p.Stats(); s.Restarts != 0 || s.Late != 1 {
		t.Errorf("%+v", s)
	}
}

// A call beside others heeds its context, whether its lane is busy, falls asleep
// with it, or sleeps already.
func TestCancelBesideOthers(t *testing.T) {
	for _, kind := range []executor.Config{
		{Transport: executor.TransportRing, Spin: time.Millisecond},
		{Transport: executor.TransportRing, Spin: -1},
		{Transport: executor.TransportStream},
	} {
		for _, beside := range []string{"handlers:async_add", "handlers:async_sleep"} {
			for _, count := range []int{1, 3} {
				t.Run(fmt.Sprint(kind.Transport, kind.Spin, beside, count), func(t *testing.T) {
					cfg := kind
					cfg.Workers, cfg.CancelGrace = 1, time.Minute
					cancelBeside(t, newPool(t, cfg), beside, count)
				})
			}
		}
	}
}

func cancelBeside(t *testing.T, p *executor.Pool, beside string, count int) {
	kwargs := args("seconds", 1000)
	if beside == "handlers:async_add" {
		kwargs = args("a", 1, "b", 2)
	}
	others, end := context.WithCancel(t.Context())
	defer end()
	var group sync.WaitGroup
	for range count {
		group.Go(func() {
			for others.Err() == nil {
				if err := p.Call(others, beside, kwargs, nil); err != nil && others.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range 20 {
		if n%2 == 1 {
			time.Sleep(5 * time.Millisecond) // longer than anybody is awake who has nothing to do
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*200*time.Microsecond)
		defer cancel()
		f := p.Submit(ctx, "handlers:async_sleep", args("seconds", 1000))
		inTime(t, f)
		outcome(t, f.Result(nil), executor.ErrExpired)
	}
	end()
	group.Wait()
}

func inTime(t *testing.T, f *executor.Future) {
	t.Helper()
	select {
	case <-f.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("a call does not heed its context")
	}
}

// A call that is sent again, because its worker died before it took it, heeds its
// context while it waits for another worker, and there too.
func TestCancelInASecondWorker(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, CancelGrace: time.Minute})
	for _, second := range []bool{false, true} {
		for again := false; !again; {
			for range 100 { // so short that others are sent in advance
				if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
					t.Fatal(err)
				}
			}
			before := p.Stats().Retried
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			killer := p.Submit(t.Context(), "handlers:kill_self", nil)
			f := p.Submit(ctx, "handlers:async_sleep", args("seconds", 1000))
			if err := killer.Result(nil); !errors.Is(err, executor.ErrWorkerLost) {
				t.Fatal(err)
			}
			want := executor.OutcomeNotStarted
			if second {
				// A call that is answered shows that the one before it has been taken.
				if err := p.Call(t.Context(), "handlers:async_add", args("a", 1, "b", 2), nil); err != nil {
					t.Fatal(err)
				}
				want = executor.OutcomeStopped
			}
			cancel()
			inTime(t, f)
			if again = p.Stats().Retried > before; again {
				if got := outcome(t, f.Result(nil), executor.ErrCanceled); got != want {
					t.Errorf("second=%v outcome=%v want %v", second, got, want)
				}
			}
		}
	}
}
