//go:build linux

package executor_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// An idempotent call that has killed its worker waits for the next one when its
// caller gives up: it has run, although not in this attempt.
func TestWithdrawnAfterItHadRun(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	trace := filepath.Join(t.TempDir(), "trace")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := p.Submit(ctx, "handlers:append_and_die", args("path", trace, "line", "ran"), executor.Idempotent())
	for p.Stats().Retried == 0 {
		runtime.Gosched()
	}
	cancel()
	err := f.Result(nil)
	if got := outcome(t, err, executor.ErrCanceled); got == executor.OutcomeNotStarted {
		data, _ := os.ReadFile(trace)
		t.Errorf("outcome is %q, but the call left %q: %v", got, data, err)
	}
}

// A call whose arguments take the worker longer to decode than the grace allows is
// reported as not started: then it must not start when they have been decoded.
//
//spec:test LIFE-030
//spec:test LIFE-031
func TestCanceledWhileItsArgumentsAreDecoded(t *testing.T) {
	dir := t.TempDir()
	module := "def leave(path, ballast):\n    open(path, 'a').write('ran')\n" +
		"async def leave_async(path, ballast):\n    leave(path, ballast)\n" +
		"def nothing():\n    pass\n"
	if err := os.WriteFile(filepath.Join(dir, "slow_arguments.py"), []byte(module), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, executor.Config{
		Workers: 1, Path: []string{dir}, Allow: []string{"slow_arguments:*"}, Preload: []string{"slow_arguments"},
		CancelGrace: -1, // as short as it can be
	})
	ballast := strings.TrimSuffix(strings.Repeat("{},", 3<<20), ",")
	for _, function := range []string{"leave", "leave_async"} {
		trace := filepath.Join(dir, "trace of "+function)
		// The function is known, so that nothing but the arguments keeps it from running.
		_ = p.Call(t.Context(), "slow_arguments:"+function, nil, nil)
		ctx, cancel := context.WithCancel(t.Context())
		f := p.Submit(ctx, "slow_arguments:"+function, json.RawMessage(`{"path":"`+trace+`","ballast":[`+ballast+`]}`))
		for p.Stats().InFlight == 0 {
			runtime.Gosched()
		}
		time.Sleep(50 * time.Millisecond) // let the decoding begin; whenever, the verdict must be true
		cancel()
		got := outcome(t, f.Result(nil), executor.ErrCanceled)
		if err := p.Call(t.Context(), "slow_arguments:nothing", nil, nil); err != nil {
			t.Error(err)
		}
		if data, _ := os.ReadFile(trace); got == executor.OutcomeNotStarted && len(data) > 0 {
			t.Errorf("%s: outcome is %q, but it %s", function, got, data)
		}
	}
}

// The answer to a call that was given up too late may be a failure.
func TestDeadlineOfACallThatFailsInTheGrace(t *testing.T) {
	dir := t.TempDir()
	module := "import time\ndef fail_late():\n    time.sleep(0.3)\n    raise ValueError\n"
	if err := os.WriteFile(filepath.Join(dir, "late.py"), []byte(module), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, executor.Config{
		Workers: 1, Path: []string{dir}, Allow: []string{"late:*"}, Preload: []string{"late"}, CancelGrace: 30 * time.Second,
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := p.Call(ctx, "late:fail_late", nil, nil)
	if got := outcome(t, err, executor.ErrExpired); got != executor.OutcomeFailed {
		t.Errorf("outcome is %q: %v", got, err)
	}
}
