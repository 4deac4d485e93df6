//go:build linux

package executor_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
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
			p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportRing, Python: hostile, DrainTimeout: -1, Env: []string{
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

// TestAnswerToHalfARequest gives the pool a worker that answers a request before it
// can have it all. Were the answer believed, the caller would get its arguments back,
// and perhaps change them, while they are being sent.
//
//spec:test RING-013
func TestAnswerToHalfARequest(t *testing.T) {
	hostile, err := filepath.Abs("testdata/hostile_worker.py")
	if err != nil {
		t.Fatal(err)
	}
	var log eventLog
	p := newPool(t, executor.Config{
		Transport: executor.TransportRing,
		Workers:   1, Python: hostile, DrainTimeout: -1, SlotCount: 4,
		Env:    []string{"HOSTILE=early", "HOSTILE_DONE=" + filepath.Join(t.TempDir(), "done")},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	f := p.Submit(ctx, "handlers:length", args("s", strings.Repeat("x", 100_000)))
	for p.Stats().Restarts == 0 {
		select {
		case <-f.Done():
			t.Fatalf("the call has ended: %v", f.Result(nil))
		default:
			runtime.Gosched()
		}
	}
	// It never ran, so it waits for the next worker, which takes nothing.
	if s := p.Stats(); s.Retried != 1 {
		t.Errorf("%+v", s)
	}
	if !strings.Contains(log.of(1), "response to a request that is still being sent") {
		t.Errorf("reason: %s", log.of(1))
	}
	cancel()
	if err := f.Result(nil); !errors.Is(err, executor.ErrCanceled) {
		t.Errorf("got %v", err)
	}
}
