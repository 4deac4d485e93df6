//go:build linux

package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// newPool starts a pool with the handlers of testdata, closes it at the end of
// the test, and checks that nothing is left of it then.
func newPool(t testing.TB, cfg executor.Config) *executor.Pool {
	t.Helper()
	before := footprint()
	cfg.Path = append(cfg.Path, "testdata")
	if cfg.Allow == nil {
		cfg.Allow = []string{"handlers:*"}
	}
	p, err := executor.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		before.check(t)
	})
	return p
}

// leftovers is what a pool could leave behind.
type leftovers struct{ goroutines, descriptors, children int }

func footprint() leftovers {
	fds, _ := os.ReadDir("/proc/self/fd")
	return leftovers{runtime.NumGoroutine(), len(fds), children()}
}

// children counts the processes whose parent is this one, zombies included.
func children() int {
	n := 0
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		if fields[1] == fmt.Sprint(os.Getpid()) {
			n++
		}
	}
	return n
}

// check waits a moment for goroutines that are on their last lines.
func (before leftovers) check(t testing.TB) {
	t.Helper()
	var now leftovers
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		now = footprint()
		if now.goroutines <= before.goroutines && now.descriptors <= before.descriptors && now.children <= before.children {
			return
		}
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("left behind: before %+v, now %+v\n%s", before, now, stacks[:runtime.Stack(stacks, true)])
}

func args(kv ...any) map[string]any {
	m := make(map[string]any)
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return m
}

func TestCall(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	var out struct{ Sum int }
	for _, function := range []string{"handlers:add", "handlers:async_add"} {
		if err := p.Call(t.Context(), function, args("a", 1, "b", 2), &out); err != nil || out.Sum != 3 {
			t.Errorf("%s: %v %v", function, out, err)
		}
	}
	sum, err := executor.CallAs[map[string]int](t.Context(), p, "handlers:add", struct {
		A int `json:"a"`
		B int `json:"b"`
	}{20, 22})
	if err != nil || sum["sum"] != 42 {
		t.Errorf("CallAs: %v %v", sum, err)
	}
	if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
		t.Errorf("no arguments, no result: %v", err)
	}
	null, err := executor.CallAs[*int](t.Context(), p, "handlers:nothing", nil)
	if err != nil || null != nil {
		t.Errorf("null: %v %v", null, err)
	}
	raw, err := executor.CallAs[json.RawMessage](t.Context(), p, "handlers:echo", json.RawMessage(`{"k":[1,2.5,"ü\u0000"]}`))
	if err != nil || string(raw) != `{"k":[1,2.5,"ü\u0000"]}` {
		t.Errorf("raw: %s %v", raw, err)
	}
	method, err := executor.CallAs[string](t.Context(), p, "handlers:Namespace.method", nil)
	if err != nil || method != "method" {
		t.Errorf("method: %s %v", method, err)
	}
}

func TestSubmit(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 2})
	futures := make([]*executor.Future, 100)
	for i := range futures {
		futures[i] = p.Submit(t.Context(), "handlers:echo", args("i", i))
	}
	for i, f := range futures {
		for range 2 { // may be asked again
			var out map[string]int
			if err := f.Result(&out); err != nil || out["i"] != i {
				t.Errorf("future %d: %v %v", i, out, err)
			}
		}
	}
	refused := p.Submit(t.Context(), "os:system", nil)
	<-refused.Done()
	if err := refused.Result(nil); !errors.Is(err, executor.ErrForbidden) {
		t.Errorf("refused: %v", err)
	}
}

func TestSizes(t *testing.T) {
	for _, cfg := range []executor.Config{
		{Workers: 1},
		{Workers: 1, SlotCount: 2, SlotSize: 64, MaxMessage: 4 << 20},
	} {
		p := newPool(t, cfg)
		slot := cfg.SlotSize
		if slot == 0 {
			slot = 4096
		}
		// The frame of a call of echo with these arguments is n bytes long.
		overhead := 21 + len("handlers") + len("echo") + len(`{"s":""}`)
		for _, n := range []int{overhead, slot - 1, slot, slot + 1, 2*slot - 1, 2 * slot, 2*slot + 1, 256*slot + 1, 300_000} {
			if n < overhead {
				continue
			}
			s := strings.Repeat("x", n-overhead)
			out, err := executor.CallAs[map[string]string](t.Context(), p, "handlers:echo", args("s", s))
			if err != nil || out["s"] != s {
				t.Fatalf("slot=%d n=%d: got %d bytes, %v", slot, n, len(out["s"]), err)
			}
		}
	}
}

func TestTwentyMebibytesBack(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 2})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			s, err := executor.CallAs[string](t.Context(), p, "handlers:blob", args("n", 20<<20))
			if err != nil || len(s) != 20<<20 {
				t.Errorf("%d bytes, %v", len(s), err)
			}
		})
	}
	for range 200 {
		if _, err := executor.CallAs[any](t.Context(), p, "handlers:add", args("a", 1, "b", 2)); err != nil {
			t.Fatal(err)
		}
	}
	group.Wait()
}

// TestErrors maps each way to fail to its Err value and outcome.
//
//spec:test PAYLOAD-002
//spec:test PAYLOAD-005
//spec:test PAYLOAD-006
//spec:test PAYLOAD-007
//spec:test PAYLOAD-008
//spec:test PAYLOAD-012
//spec:test PAYLOAD-013
func TestErrors(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, MaxMessage: 1 << 20, Allow: []string{"handlers:*", "no_such_module:*", "broken_import:*"}})
	for _, test := range []struct {
		function string
		kwargs   any
		want     error
		outcome  executor.Outcome
	}{
		{"handlers:fail", nil, executor.ErrRaised, executor.OutcomeFailed},
		{"handlers:raise_type_error", nil, executor.ErrRaised, executor.OutcomeFailed},
		{"handlers:raise_system_exit", nil, executor.ErrRaised, executor.OutcomeFailed},
		{"handlers:missing", nil, executor.ErrNotFound, executor.OutcomeFailed},
		{"handlers:Namespace.missing", nil, executor.ErrNotFound, executor.OutcomeFailed},
		{"no_such_module:f", nil, executor.ErrNotFound, executor.OutcomeFailed},
		{"broken_import:f", nil, executor.ErrRaised, executor.OutcomeFailed},
		{"os:system", args("command", "true"), executor.ErrForbidden, executor.OutcomeNotStarted},
		{"handlers:check_output", nil, executor.ErrForbidden, executor.OutcomeFailed},
		{"handlers:os.system", nil, executor.ErrNotFound, executor.OutcomeFailed},
		{"handlers:_private", nil, executor.ErrForbidden, executor.OutcomeFailed},
		{"handlers:add", args("a", 1), executor.ErrBadArguments, executor.OutcomeFailed},
		{"handlers:add", args("a", 1, "b", 2, "c", 3), executor.ErrBadArguments, executor.OutcomeFailed},
		{"handlers:typed", args("b", 1), executor.ErrBadArguments, executor.OutcomeFailed},
		{"handlers:add", json.RawMessage(`[1,2]`), executor.ErrBadArguments, executor.OutcomeFailed},
		{"handlers:add", json.RawMessage(`{"a":1,`), executor.ErrBadArguments, executor.OutcomeFailed},
		{"handlers:add", func() {}, executor.ErrBadArguments, executor.OutcomeNotStarted},
		{"handlers", nil, executor.ErrBadArguments, executor.OutcomeNotStarted},
		{":add", nil, executor.ErrBadArguments, executor.OutcomeNotStarted},
		{"handlers:a\x00b", nil, executor.ErrBadArguments, executor.OutcomeNotStarted},
		{"handlers:\xff", nil, executor.ErrBadArguments, executor.OutcomeNotStarted},
		{"handlers:unencodable", nil, executor.ErrBadResult, executor.OutcomeFailed},
		{"handlers:not_a_number", nil, executor.ErrBadResult, executor.OutcomeFailed},
		{"handlers:blob", args("n", 1<<20), executor.ErrTooLarge, executor.OutcomeFailed},
		{"handlers:length", args("s", strings.Repeat("x", 1<<20)), executor.ErrTooLarge, executor.OutcomeNotStarted},
	} {
		err := p.Call(t.Context(), test.function, test.kwargs, nil)
		var call *executor.CallError
		switch {
		case !errors.Is(err, test.want):
			t.Errorf("%s: got %v, want %v", test.function, err, test.want)
		case !errors.As(err, &call):
			t.Errorf("%s: not a CallError: %v", test.function, err)
		case call.Outcome != test.outcome:
			t.Errorf("%s: outcome is %q, want %q: %v", test.function, call.Outcome, test.outcome, err)
		case call.Function != test.function:
			t.Errorf("%s: function is %q", test.function, call.Function)
		}
	}
	var number int
	if err := p.Call(t.Context(), "handlers:blob", args("n", 1), &number); !errors.Is(err, executor.ErrBadResult) {
		t.Errorf("result of another type: %v", err)
	}
	if s := p.Stats(); s.Restarts != 0 || s.InFlight != 0 || s.Queued != 0 {
		t.Errorf("after failures only: %+v", s)
	}
}

func TestPythonErrorCarriesTheTraceback(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	err := p.Call(t.Context(), "handlers:fail", args("message", "so it goes"), nil)
	var e *executor.PythonError
	if !errors.As(err, &e) {
		t.Fatalf("not a PythonError: %v", err)
	}
	if e.Type != "ValueError" || e.Message != "so it goes" || e.Status != 500 {
		t.Errorf("got %+v", e)
	}
	if !strings.Contains(e.Traceback, "handlers.py") || !strings.Contains(e.Traceback, "in fail") || strings.Contains(e.Traceback, "ringwire/") {
		t.Errorf("traceback:\n%s", e.Traceback)
	}
	if e.Cause == nil || e.Cause.Type != "KeyError" {
		t.Errorf("cause: %+v", e.Cause)
	}
	if !strings.Contains(err.Error(), "handlers:fail") || !strings.Contains(err.Error(), "ValueError: so it goes") {
		t.Errorf("text: %v", err)
	}
}

func TestConfigReportsEveryFault(t *testing.T) {
	_, err := executor.New(t.Context(), executor.Config{
		Workers: -1, Allow: []string{"os"}, Env: []string{"novalue"}, MaxCalls: -1, MaxAge: -1, SlotCount: 3,
	})
	var e *executor.ConfigError
	if !errors.As(err, &e) || len(e.Faults) != 6 {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{"Workers", "Allow", "Env", "MaxCalls", "MaxAge", "SlotCount"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}

func TestZeroConfigAllowsNothing(t *testing.T) {
	p, err := executor.New(t.Context(), executor.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Call(t.Context(), "math:sqrt", nil, nil); !errors.Is(err, executor.ErrForbidden) {
		t.Errorf("got %v", err)
	}
	if n := p.Stats().Ready; n < 1 {
		t.Errorf("%d workers", n)
	}
}

func TestStartupErrors(t *testing.T) {
	before := footprint()
	for _, test := range []struct {
		name string
		cfg  executor.Config
		want string
	}{
		{"no such interpreter", executor.Config{Python: "no-such-python"}, "no-such-python"},
		{"not an interpreter", executor.Config{Python: "true"}, "did not start"},
		{"module missing", executor.Config{Preload: []string{"no_such_module"}}, "no_such_module"},
		{"module broken", executor.Config{Preload: []string{"broken_import"}}, "broken on purpose"},
		{"slow start", executor.Config{Preload: []string{"slow_import"}, StartTimeout: 300 * time.Millisecond}, "StartTimeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.cfg.Path, test.cfg.Workers = []string{"testdata"}, 2
			p, err := executor.New(t.Context(), test.cfg)
			if err == nil {
				p.Close()
				t.Fatal("no error")
			}
			var e *executor.StartupError
			if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := executor.New(ctx, executor.Config{Workers: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("start with a context that is done: %v", err)
	}
	before.check(t)
}

func TestClose(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	slow := p.Submit(t.Context(), "handlers:sleep", args("seconds", 0.2))
	for p.Stats().InFlight == 0 {
		runtime.Gosched()
	}
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() { p.Close() })
	}
	group.Wait()
	if err := slow.Result(nil); err != nil {
		t.Errorf("a call in flight was not finished: %v", err)
	}
	if err := p.Call(t.Context(), "handlers:add", args("a", 1, "b", 2), nil); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("call of a closed pool: %v", err)
	}
}

func TestCloseEndsWhatDoesNotEnd(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 2, DrainTimeout: 50 * time.Millisecond})
	stuck := p.Submit(t.Context(), "handlers:stuck_in_c", nil)
	queued := make([]*executor.Future, 10)
	for p.Stats().InFlight == 0 {
		runtime.Gosched()
	}
	stubborn := p.Submit(t.Context(), "handlers:stuck_in_c", nil)
	for i := range queued {
		queued[i] = p.Submit(t.Context(), "handlers:nothing", nil)
	}
	p.Close()
	for _, f := range append(queued, stuck, stubborn) {
		if err := f.Result(nil); err != nil && !errors.Is(err, executor.ErrClosed) && !errors.Is(err, executor.ErrWorkerLost) {
			t.Errorf("got %v", err)
		}
	}
	if err := stuck.Result(nil); !errors.Is(err, executor.ErrWorkerLost) {
		t.Errorf("stuck call: %v", err)
	}
}

func TestQueueFull(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, MaxQueue: 2})
	var futures []*executor.Future
	full := false
	for range 10 {
		f := p.Submit(t.Context(), "handlers:sleep", args("seconds", 0.05))
		select {
		case <-f.Done():
			if err := f.Result(nil); errors.Is(err, executor.ErrQueueFull) {
				full = true
				continue
			}
		default:
		}
		futures = append(futures, f)
	}
	if !full {
		t.Error("nothing was refused")
	}
	for _, f := range futures {
		if err := f.Result(nil); err != nil {
			t.Error(err)
		}
	}
}

// TestNoCallWaitsBehindASlowOne: with one worker stuck in a slow call, others go
// to the free one.
func TestNoCallWaitsBehindASlowOne(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 2})
	slow := p.Submit(t.Context(), "handlers:sleep", args("seconds", 1000))
	for p.Stats().InFlight == 0 {
		runtime.Gosched()
	}
	for range 200 {
		if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range p.Workers() {
		if w.InFlight > 0 {
			syscall.Kill(w.PID, syscall.SIGKILL) // rather than wait for it
		}
	}
	if err := slow.Result(nil); !errors.Is(err, executor.ErrWorkerLost) {
		t.Errorf("the slow call: %v", err)
	}
}

// TestTenThousandAsyncCallsAtOnce holds them all behind a gate that another call
// opens, so they must be in flight together.
func TestTenThousandAsyncCallsAtOnce(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	const count = 10_000
	futures := make([]*executor.Future, count)
	for i := range futures {
		futures[i] = p.Submit(t.Context(), "handlers:async_gate", args("value", i))
	}
	for p.Stats().InFlight < count {
		time.Sleep(time.Millisecond)
	}
	if err := p.Call(t.Context(), "handlers:async_open", nil, nil); err != nil {
		t.Fatal(err)
	}
	for i, f := range futures {
		var got int
		if err := f.Result(&got); err != nil || got != i {
			t.Fatalf("call %d: %d %v", i, got, err)
		}
	}
}

func TestResultsAreNotMixedUp(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 3})
	var group sync.WaitGroup
	for g := range 32 {
		group.Go(func() {
			for i := range 300 {
				function := []string{"handlers:echo", "handlers:async_add"}[i%2]
				kwargs := args("a", g, "b", i)
				got, err := executor.CallAs[map[string]int](t.Context(), p, function, kwargs)
				want := map[string]int{"a": g, "b": i}
				if i%2 == 1 {
					want = map[string]int{"sum": g + i}
				}
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %v %v, want %v", function, got, err, want)
				}
			}
		})
	}
	group.Wait()
	if s := p.Stats(); s.Calls != 9600 || s.Succeeded != 9600 || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWorkers(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 2})
	infos := p.Workers()
	if len(infos) != 2 || infos[0].Worker != 0 || infos[1].Worker != 1 {
		t.Fatalf("%+v", infos)
	}
	pid, err := executor.CallAs[int](t.Context(), p, "handlers:pid", nil)
	if err != nil || !slices.ContainsFunc(infos, func(w executor.WorkerInfo) bool { return w.PID == pid }) {
		t.Errorf("pid %d is not in %+v: %v", pid, infos, err)
	}
	for _, w := range infos {
		if w.State != executor.WorkerReady || !strings.HasPrefix(w.Implementation, "ringwire-python") || w.Generation == 0 {
			t.Errorf("%+v", w)
		}
	}
}
