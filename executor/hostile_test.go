package executor_test

import (
	"errors"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/ringwire/ringwire/executor"
)

// TestHostileWorker gives the pool a worker that breaks the protocol. It is ended,
// and its call fails or, if it was not taken, waits for the next worker.
//
//spec:test LIFE-022
//spec:test LIFE-023
//spec:test LIFE-054
//spec:test RING-020
func TestHostileWorker(t *testing.T) {
	hostile, err := filepath.Abs("testdata/hostile_worker.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		mode string
		want error
	}{
		{"write position", executor.ErrProtocol},
		{"message length", executor.ErrProtocol},
		{"fragment offset", executor.ErrProtocol},
		{"type", executor.ErrProtocol},
		{"success", executor.ErrProtocol},
		{"status before body length", executor.ErrProtocol},
		{"read position", executor.ErrWorkerLost},
		{"unknown id", executor.ErrWorkerLost},
		{"not taken", nil},
	} {
		t.Run(test.mode, func(t *testing.T) {
			p := newPool(t, executor.Config{Workers: 1, Python: hostile, DrainTimeout: -1, Env: []string{
				"HOSTILE=" + test.mode, "HOSTILE_DONE=" + filepath.Join(t.TempDir(), "done"),
			}})
			f := p.Submit(t.Context(), "handlers:nothing", nil)
			for p.Stats().Restarts == 0 {
				runtime.Gosched()
			}
			if test.want == nil {
				if s := p.Stats(); s.Retried != 1 {
					t.Errorf("call that was not taken was not queued again: %+v", s)
				}
				return // Close ends it
			}
			err := f.Result(nil)
			var call *executor.CallError
			if !errors.Is(err, test.want) || !errors.Is(err, executor.ErrWorkerLost) || !errors.As(err, &call) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if call.Outcome != executor.OutcomeStarted {
				t.Errorf("outcome is %q: %v", call.Outcome, err)
			}
			if late := p.Stats().Late; (late == 1) != (test.mode == "unknown id") {
				t.Errorf("%d late responses", late)
			}
		})
	}
}
