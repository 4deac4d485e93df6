//go:build linux

package executor_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// strangeWorker is a configuration whose workers are testdata/hostile_stream.py.
func strangeWorker(t *testing.T, mode string) executor.Config {
	t.Helper()
	python, err := filepath.Abs("testdata/hostile_stream.py")
	if err != nil {
		t.Fatal(err)
	}
	return executor.Config{
		Workers: 1, Transport: executor.TransportStream, Python: python, DrainTimeout: -1,
		StartTimeout: 20 * time.Second, Env: []string{"HOSTILE=" + mode},
	}
}

// TestHostileStream gives the pool a worker that breaks the protocol on its stream,
// in its only call: it is ended, and the call has started, as far as one can know.
//
//spec:test STREAM-009
//spec:test STREAM-011
//spec:test STREAM-013
//spec:test STREAM-015
//spec:test LIFE-023
func TestHostileStream(t *testing.T) {
	for _, test := range []struct {
		mode string
		want error
	}{
		{"garbage", executor.ErrProtocol},
		{"long frame", executor.ErrProtocol},
		{"lengths that do not add up", executor.ErrProtocol},
		{"success", executor.ErrProtocol},
		{"half a frame", executor.ErrProtocol},
		{"closes early", executor.ErrProtocol},
		{"taken too many", executor.ErrProtocol},
		{"taken backwards", executor.ErrProtocol},
		{"state backwards", executor.ErrProtocol},
		{"state without way", executor.ErrProtocol},
		{"half a notice", executor.ErrWorkerLost},
		{"dies", executor.ErrWorkerLost},
	} {
		t.Run(test.mode, func(t *testing.T) {
			p := newPool(t, strangeWorker(t, test.mode))
			err := p.Call(t.Context(), "handlers:nothing", nil, nil)
			if got := outcome(t, err, test.want); got != executor.OutcomeStarted {
				t.Errorf("outcome is %q: %v", got, err)
			}
		})
	}
}

// TestSilentStream: a worker that takes no more, or says half a word and then
// nothing, costs its caller the deadline and itself its life.
func TestSilentStream(t *testing.T) {
	for _, mode := range []string{"silence", "flood", "stops reading"} {
		t.Run(mode, func(t *testing.T) {
			cfg := strangeWorker(t, mode)
			cfg.CancelGrace = 50 * time.Millisecond
			p := newPool(t, cfg)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			err := p.Call(ctx, "handlers:nothing", nil, nil)
			if !errors.Is(err, executor.ErrExpired) && !errors.Is(err, executor.ErrWorkerLost) {
				t.Errorf("got %v", err)
			}
		})
	}
}

//spec:test STREAM-006
func TestStreamThatBeginsWrong(t *testing.T) {
	before := footprint()
	for mode, want := range map[string]error{
		"closes before it is ready": executor.ErrProtocol,
		"half a worker block":       os.ErrDeadlineExceeded,
		"not ready":                 executor.ErrProtocol,
	} {
		t.Run(mode, func(t *testing.T) {
			cfg := strangeWorker(t, mode)
			if want == os.ErrDeadlineExceeded {
				cfg.StartTimeout = time.Second
			}
			p, err := executor.New(t.Context(), cfg)
			if err == nil {
				p.Close()
			}
			var startup *executor.StartupError
			if !errors.As(err, &startup) || !errors.Is(err, want) {
				t.Errorf("got %v", err)
			}
		})
	}
	before.check(t)
}

// TestStreamHeader compares what the master sends first with the table.
//
//spec:test STREAM-004
func TestStreamHeader(t *testing.T) {
	cfg := strangeWorker(t, "tells its header")
	cfg.MaxMessage, cfg.Spin, cfg.SlotCount = 123_456, 7*time.Microsecond, 64
	p := newPool(t, cfg)
	text, err := executor.CallAs[string](t.Context(), p, "handlers:nothing", nil)
	if err != nil {
		t.Fatal(err)
	}
	header, err := hex.DecodeString(text)
	if err != nil || len(header) != 256 {
		t.Fatalf("%d bytes, %v", len(header), err)
	}
	want := make([]byte, 256)
	copy(want, "RINGWIRE\x01\x00\x00\x00\x00\x01\x00\x00")
	put := func(offset int, v uint32) { binary.LittleEndian.PutUint32(want[offset:], v) }
	put(24, 1) // generation
	put(48, 123_456)
	put(52, 2)
	put(96, 1<<32-1)
	put(100, 1<<32-1)
	put(104, binary.LittleEndian.Uint32(header[104:])) // the lifeline is somewhere
	put(108, 7000)
	if string(header) != string(want) {
		t.Errorf("header is\n%swant\n%s", hex.Dump(header), hex.Dump(want))
	}
}

// TestAnswerOfADeadWorker: what it had sent when it died still counts.
//
//spec:test STREAM-015
//spec:test LIFE-051
func TestAnswerOfADeadWorker(t *testing.T) {
	p := newPool(t, strangeWorker(t, "answers and dies"))
	if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
		t.Error(err)
	}
}

// TestStreamBothWaysAtOnce: the worker reads nothing before megabytes of its own
// have been read, and the master has megabytes to send meanwhile.
//
//spec:test STREAM-010
func TestStreamBothWaysAtOnce(t *testing.T) {
	p := newPool(t, strangeWorker(t, "sends before it reads"))
	large := strings.Repeat("x", 8<<20)
	if err := p.Call(t.Context(), "handlers:echo", args("s", large), nil); err != nil {
		t.Error(err)
	}
	if late := p.Stats().Late; late != 2 {
		t.Errorf("%d answers to nothing", late)
	}
}

// TestStreamKeepsCallsBack: what has not been sent when the worker dies runs
// elsewhere, unlike what has.
//
//spec:test STREAM-013
func TestStreamKeepsCallsBack(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportStream})
	// The lane learns that calls take long, so that nothing is sent ahead.
	for range 40 {
		if err := p.Call(t.Context(), "handlers:sleep", args("seconds", 0.003), nil); err != nil {
			t.Fatal(err)
		}
	}
	deadly := p.Submit(t.Context(), "handlers:sleep_and_die", args("seconds", 0.3))
	for p.Stats().InFlight == 0 {
		runtime.Gosched()
	}
	var others []*executor.Future
	for range 20 {
		others = append(others, p.Submit(t.Context(), "handlers:nothing", nil))
	}
	if got := outcome(t, deadly.Result(nil), executor.ErrWorkerLost); got != executor.OutcomeStarted {
		t.Errorf("outcome is %q", got)
	}
	for i, f := range others {
		if err := f.Result(nil); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

// TestStreamCallsThatWait: a call that is given up while it waits in the worker
// behind another is no reason to kill that one. Whether it will run is not known.
//
//spec:test STREAM-013
func TestStreamCallsThatWait(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportStream, CancelGrace: 50 * time.Millisecond})
	for range 500 { // teach the lane that calls are short
		if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	busy := p.Submit(t.Context(), "handlers:sleep", args("seconds", 0.5))
	for p.Stats().InFlight == 0 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithCancel(t.Context())
	trace := filepath.Join(t.TempDir(), "trace")
	var futures []*executor.Future
	for range 200 {
		futures = append(futures, p.Submit(ctx, "handlers:append", args("path", trace, "line", "waited")))
	}
	if p.Stats().Queued == 0 {
		t.Fatal("all calls were sent")
	}
	cancel()
	unknown := 0
	for _, f := range futures {
		if got := outcome(t, f.Result(nil), executor.ErrCanceled); got == executor.OutcomeStarted {
			unknown++
		} else if got != executor.OutcomeNotStarted {
			t.Errorf("outcome is %q", got)
		}
	}
	if err := busy.Result(nil); err != nil {
		t.Errorf("the call in front: %v", err)
	}
	if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
		t.Error(err)
	}
	// The worker has seen each CANCEL before its turn, so none has run. How many
	// were sent ahead depends on how short the calls before were.
	if _, err := os.Stat(trace); !errors.Is(err, os.ErrNotExist) || unknown == len(futures) {
		t.Errorf("%d of %d may have run; trace: %v", unknown, len(futures), err)
	}
}

// TestStreamOverLoopback is how workers are reached where they cannot inherit a
// socket.
//
//spec:test STREAM-003
func TestStreamOverLoopback(t *testing.T) {
	t.Run("worker", func(t *testing.T) {
		p := newPool(t, executor.OverLoopback(executor.Config{Workers: 2, Transport: executor.TransportStream}))
		var out struct{ Sum int }
		for range 20 {
			if err := p.Call(t.Context(), "handlers:add", args("a", 1, "b", 2), &out); err != nil || out.Sum != 3 {
				t.Errorf("%v %v", out, err)
			}
		}
		_ = p.Call(t.Context(), "handlers:kill_self", nil, nil)
		if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("strangers", func(t *testing.T) {
		p := newPool(t, executor.OverLoopback(strangeWorker(t, "strangers first")))
		if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("other token", func(t *testing.T) {
		before := footprint()
		p, err := executor.New(t.Context(), executor.OverLoopback(strangeWorker(t, "other token")))
		if err == nil {
			p.Close()
			t.Error("a worker without the token was let in")
		}
		before.check(t)
	})
}

func TestTransportFromTheEnvironment(t *testing.T) {
	t.Setenv(executor.TransportVariable, "carrier pigeon")
	var startup *executor.StartupError
	if p, err := executor.New(t.Context(), executor.Config{Workers: 1}); !errors.As(err, &startup) || !strings.Contains(err.Error(), "carrier pigeon") {
		if err == nil {
			p.Close()
		}
		t.Errorf("got %v", err)
	}
	var config *executor.ConfigError
	if _, err := executor.New(t.Context(), executor.Config{Transport: "tin can"}); !errors.As(err, &config) || !strings.Contains(err.Error(), "tin can") {
		t.Errorf("got %v", err)
	}
	// What the program says wins over the environment.
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportStream})
	if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
		t.Error(err)
	}
}
