package executor_test

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// TestAnySystem is what every system must be able to do, with the transport that it
// chooses by itself. The other tests look at Linux from below.
func TestAnySystem(t *testing.T) {
	python := "python3"
	if runtime.GOOS == "windows" {
		python = "python"
	}
	if _, err := exec.LookPath(python); err != nil {
		t.Skipf("there is no Python here: %v", err)
	}
	p, err := executor.New(t.Context(), executor.Config{
		Workers: 2, Python: python, Path: []string{"testdata"}, Allow: []string{"portable:*"}, CancelGrace: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()

	for _, function := range []string{"portable:add", "portable:async_add"} {
		got, err := executor.CallAs[int](t.Context(), p, function, map[string]int{"a": 40, "b": 2})
		if err != nil || got != 42 {
			t.Errorf("%s: %d %v", function, got, err)
		}
	}
	if err := p.Call(t.Context(), "portable:fail", nil, nil); !errors.Is(err, executor.ErrRaised) {
		t.Errorf("an exception: %v", err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = p.Call(ctx, "portable:wait", nil, nil)
	var call *executor.CallError
	if !errors.Is(err, executor.ErrExpired) || !errors.As(err, &call) || call.Outcome == executor.OutcomeKilled {
		t.Errorf("a deadline: %v", err)
	}

	err = p.Call(t.Context(), "portable:die", nil, nil)
	var exit *executor.WorkerExitError
	if !errors.As(err, &exit) || exit.Code != 5 || exit.PID == 0 {
		t.Errorf("a death: %v", err)
	}
	if err := p.Call(t.Context(), "portable:add", map[string]int{"a": 1, "b": 2}, nil); err != nil {
		t.Errorf("after a death: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
