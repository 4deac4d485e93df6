//go:build linux

package executor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

//spec:test LIFE-050
//spec:test LIFE-055
func TestDeathsAreTold(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	for _, test := range []struct {
		function string
		kwargs   any
		code     int
		signal   string
		stderr   string
	}{
		{"handlers:exit_now", args("code", 3), 3, "", ""},
		{"handlers:kill_self", nil, -1, "SIGKILL", ""},
		{"handlers:segfault", nil, -1, "SIGSEGV", "Segmentation fault"},
	} {
		err := p.Call(t.Context(), test.function, test.kwargs, nil)
		var exit *executor.WorkerExitError
		var call *executor.CallError
		if !errors.Is(err, executor.ErrWorkerLost) || !errors.As(err, &exit) || !errors.As(err, &call) {
			t.Fatalf("%s: got %v", test.function, err)
		}
		if exit.Code != test.code || exit.Signal != test.signal || !strings.Contains(exit.Stderr, test.stderr) {
			t.Errorf("%s: %+v", test.function, exit)
		}
		if call.Outcome != executor.OutcomeStarted || call.Generation != exit.Generation {
			t.Errorf("%s: %+v", test.function, call)
		}
		if err := p.Call(t.Context(), "handlers:add", args("a", 1, "b", 2), nil); err != nil {
			t.Errorf("after %s: %v", test.function, err)
		}
	}
	if s := p.Stats(); s.Restarts != 3 || s.Lost != 3 {
		t.Errorf("%+v", s)
	}
}

// TestOnlyStartedCallsFail sends many calls to one worker, of which the third
// kills it: the two before have ended, the third fails, those behind it run once
// on the next worker.
//
//spec:test LIFE-052
//spec:test LIFE-053
//spec:test LIFE-010
//spec:test LIFE-011
func TestOnlyStartedCallsFail(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportRing})
	for range 500 { // teach the lane that calls are short, so that it gets some in advance
		if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	trace := filepath.Join(t.TempDir(), "trace")
	line := func(i int) map[string]any { return args("path", trace, "line", strconv.Itoa(i)) }
	var futures []*executor.Future
	for i := range 40 {
		function := "handlers:append"
		if i == 2 {
			function = "handlers:append_and_die"
		}
		futures = append(futures, p.Submit(t.Context(), function, line(i)))
	}
	for i, f := range futures {
		err := f.Result(nil)
		if i == 2 {
			if !errors.Is(err, executor.ErrWorkerLost) {
				t.Errorf("call 2: %v", err)
			}
		} else if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	ran := make(map[string]int)
	data, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(data)) {
		ran[strings.TrimSpace(l)]++
	}
	for i := range futures {
		if n := ran[strconv.Itoa(i)]; n != 1 {
			t.Errorf("call %d ran %d times", i, n)
		}
	}
}

func TestIdempotentCallsRunAgain(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	path := filepath.Join(t.TempDir(), "died")
	var out string
	err := p.Call(t.Context(), "handlers:die_once", args("path", path), &out, executor.Idempotent())
	if err != nil || out != "survived" {
		t.Errorf("got %q %v", out, err)
	}
}

func TestPoison(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	err := p.Call(t.Context(), "handlers:kill_self", nil, nil, executor.Idempotent())
	var call *executor.CallError
	if !errors.Is(err, executor.ErrPoison) || !errors.Is(err, executor.ErrWorkerLost) || !errors.As(err, &call) || call.Attempt != 3 {
		t.Errorf("got %v", err)
	}
	if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
		t.Errorf("after a poisonous call: %v", err)
	}
}

// TestCrashLoop: the pool refuses calls, with the reason, when its workers cannot
// start any more, and recovers when they can.
func TestCrashLoop(t *testing.T) {
	dir := t.TempDir()
	module := filepath.Join(dir, "flaky.py")
	write := func(source string) {
		if err := os.WriteFile(module, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("def f(): import os; os._exit(9)")
	p := newPool(t, executor.Config{Workers: 1, Path: []string{dir}, Allow: []string{"flaky:*"}, Preload: []string{"flaky"}, Env: []string{"PYTHONDONTWRITEBYTECODE=1"}})
	write("raise RuntimeError('the flaky module')")
	if err := p.Call(t.Context(), "flaky:f", nil, nil); !errors.Is(err, executor.ErrWorkerLost) {
		t.Fatalf("got %v", err)
	}
	err := p.Call(t.Context(), "flaky:f", nil, nil)
	if !errors.Is(err, executor.ErrCrashLoop) || !strings.Contains(err.Error(), "the flaky module") {
		t.Fatalf("got %v", err)
	}
	write("def f(): return 'healed'")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var out string
		if err = p.Call(t.Context(), "flaky:f", nil, &out); err == nil && out == "healed" {
			return
		}
		if !errors.Is(err, executor.ErrCrashLoop) || time.Now().After(deadline) {
			t.Fatalf("got %q %v", out, err)
		}
	}
}

// TestChaos kills workers at random under mixed load. Every call ends once, with
// its own result or with an error that says whether it started.
func TestChaos(t *testing.T) {
	length := 4 * time.Second
	if s := os.Getenv("RINGWIRE_CHAOS"); s != "" { // for longer runs: RINGWIRE_CHAOS=30s
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	p := newPool(t, executor.Config{Workers: 3, CancelGrace: 20 * time.Millisecond})
	stop := make(chan struct{})
	var group sync.WaitGroup
	var done, lost, canceled, kills atomic.Int64
	for g := range 16 {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				value := strconv.Itoa(g*1_000_000 + i)
				function, kwargs := "handlers:echo", args("value", value)
				ctx, cancel := context.WithCancel(t.Context())
				switch rng.IntN(10) {
				case 0:
					kwargs["pad"] = strings.Repeat("x", rng.IntN(100_000))
				case 1:
					function, kwargs = "handlers:async_sleep", args("seconds", rng.Float64()*0.01, "value", value)
				case 2:
					ctx, cancel = context.WithTimeout(t.Context(), time.Duration(rng.IntN(5000))*time.Microsecond)
				}
				var out any
				err := p.Call(ctx, function, kwargs, &out)
				cancel()
				var call *executor.CallError
				switch {
				case err == nil:
					if m, ok := out.(map[string]any); ok {
						out = m["value"]
					}
					if out != value {
						t.Errorf("call %s got the result of another: %v", value, out)
					}
					done.Add(1)
				case !errors.As(err, &call):
					t.Errorf("call %s: not a CallError: %v", value, err)
				case errors.Is(err, executor.ErrWorkerLost) && call.Outcome == executor.OutcomeStarted:
					lost.Add(1)
				case errors.Is(err, executor.ErrExpired):
					canceled.Add(1)
				default:
					t.Errorf("call %s: %v", value, err)
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for end := time.Now().Add(length); time.Now().Before(end); {
		if workers := p.Workers(); len(workers) > 0 {
			w := workers[rng.IntN(len(workers))]
			if syscall.Kill(w.PID, syscall.SIGKILL) == nil {
				kills.Add(1)
			}
		}
		time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
	}
	close(stop)
	group.Wait()
	s := p.Stats()
	t.Logf("%d kills: %d calls done, %d lost, %d expired, %d retried, %d late", kills.Load(), done.Load(), lost.Load(), canceled.Load(), s.Retried, s.Late)
	if done.Load() == 0 || lost.Load() == 0 {
		t.Error("the load and the kills did not meet")
	}
	if s.InFlight != 0 || s.Queued != 0 {
		t.Errorf("calls left behind: %+v", s)
	}
}

func TestBadNeighbours(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 2})
	for _, test := range []struct {
		function string
		kwargs   any
	}{
		{"handlers:say", args("text", "to stdout")},
		{"handlers:flood", args("lines", 20_000)},
		{"handlers:threads", args("n", 50)},
		{"handlers:fork_and_return", nil},
		{"handlers:fork_child", args("seconds", 1000)},
	} {
		for range 3 {
			if err := p.Call(t.Context(), test.function, test.kwargs, nil); err != nil {
				t.Errorf("%s: %v", test.function, err)
			}
			if got, err := executor.CallAs[map[string]int](t.Context(), p, "handlers:add", args("a", 1, "b", 2)); err != nil || got["sum"] != 3 {
				t.Errorf("after %s: %v %v", test.function, got, err)
			}
		}
	}
	if s := p.Stats(); s.Restarts != 0 || s.Late != 0 {
		t.Errorf("%+v", s)
	}
}

// TestForkedChildrenEndWithTheirWorker: what a handler leaves running goes with
// the worker, also when the worker is killed.
func TestForkedChildrenEndWithTheirWorker(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	child, err := executor.CallAs[int](t.Context(), p, "handlers:fork_child", args("seconds", 1000))
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Call(t.Context(), "handlers:kill_self", nil, nil)
	awaitEnd(t, child)
}

// awaitEnd waits until a process is gone or a zombie.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(data), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// TestOutputIsLogged: what a worker prints arrives in the log, with the worker and
// the call, and never on the master's own streams.
func TestOutputIsLogged(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(b)
	}), nil))
	p := newPool(t, executor.Config{Workers: 1, Logger: logger})
	if err := p.Call(t.Context(), "handlers:say", args("text", "h\u00e9llo"), nil); err != nil {
		t.Fatal(err)
	}
	p.Close()
	streams := make(map[string]bool)
	mu.Lock()
	defer mu.Unlock()
	for line := range bytes.Lines(log.Bytes()) {
		var record struct {
			Msg, Stream, Line string
			Worker, Call      *int
		}
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		if record.Msg == "worker output" && record.Line == "h\u00e9llo" {
			streams[record.Stream] = record.Worker != nil && record.Call != nil
		}
	}
	if !streams["stdout"] || !streams["stderr"] {
		t.Errorf("log: %s", log.String())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
