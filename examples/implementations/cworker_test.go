//go:build linux

package implementations

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/live"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/executor"
)

// The C worker serves a pool in place of Python: the executor starts it, calls
// it, cancels it, kills it and ends it.
func TestCWorker(t *testing.T) {
	for _, build := range []struct {
		name  string
		flags []string
	}{
		{"plain", nil},
		{"sanitized", []string{"-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"}},
	} {
		t.Run(build.name, func(t *testing.T) {
			if len(build.flags) > 0 {
				needFlags(t, build.flags)
			}
			program := buildCWorker(t, build.flags)
			for _, test := range []struct {
				name string
				run  func(*testing.T, string)
			}{
				{"echo", testEcho},
				{"smallest rings", testSmallestRings},
				{"many in flight", testManyInFlight},
				{"failures", testFailures},
				{"cancel", testCancel},
				{"kill", testKill},
				{"close waits for calls", testCloseWaits},
				{"failed start", testFailedStart},
				{"conforms", testConforms},
				{"region files", testRegionFiles},
			} {
				t.Run(test.name, func(t *testing.T) { test.run(t, program) })
			}
		})
	}
}

func buildCWorker(t *testing.T, flags []string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "worker")
	build(t, "c-worker", append([]string{program}, flags...)...)
	return program
}

// needFlags skips the test if the compiler cannot link with the flags, for want of
// a library.
func needFlags(t *testing.T, flags []string) {
	t.Helper()
	compiler := cmp.Or(os.Getenv("CC"), "cc")
	cmd := exec.Command(compiler, append(slices.Clone(flags), "-x", "c", "-o", filepath.Join(t.TempDir(), "probe"), "-")...)
	cmd.Stdin = strings.NewReader("int main(void) { return 0; }")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("needs %s with %v: %s", compiler, flags, out)
	}
}

// newPool starts one C worker, and checks at the end of the test that nothing
// in it went wrong unseen.
func newPool(t *testing.T, program string, cfg executor.Config) *executor.Pool {
	t.Helper()
	log := &buffer{}
	cfg.Python, cfg.Workers, cfg.JSONOnly = program, 1, true
	cfg.Allow = append(cfg.Allow, "ringwire_conformance:*")
	cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	pool, err := executor.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if text := log.String(); strings.Contains(text, "Sanitizer") || strings.Contains(text, "runtime error") {
			t.Errorf("the worker says:\n%s", text)
		}
	})
	return pool
}

func echo(t *testing.T, pool *executor.Pool, text string) {
	t.Helper()
	got, err := executor.CallAs[map[string]string](t.Context(), pool, "ringwire_conformance:echo", map[string]string{"text": text})
	if err != nil {
		t.Errorf("echo of %d bytes: %v", len(text), err)
	} else if got["text"] != text {
		t.Errorf("echo of %d bytes came back as %d others", len(text), len(got["text"]))
	}
}

func testEcho(t *testing.T, program string) {
	pool := newPool(t, program, executor.Config{})
	if name := pool.Workers()[0].Implementation; name != "ringwire-c-worker 1.0" {
		t.Errorf("implementation=%q", name)
	}
	const slot, overhead = 4096, len(`{"text":""}`) + 21 + len("ringwire_conformance") + len("echo")
	for _, size := range []int{
		0, 1, slot - overhead - 1, slot - overhead, slot - overhead + 1, slot, 3*slot - overhead, 256 * slot, 300 * slot, 20 << 20,
	} {
		echo(t, pool, strings.Repeat("é", size/2)+strings.Repeat("x", size%2))
	}
}

// Every message is longer than the rings, in both directions at once.
func testSmallestRings(t *testing.T, program string) {
	pool := newPool(t, program, executor.Config{SlotCount: 2, SlotSize: 64, MaxMessage: 1 << 17})
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() { echo(t, pool, strings.Repeat("y", 10000+k)) })
	}
	wg.Wait()
}

func testManyInFlight(t *testing.T, program string) {
	pool := newPool(t, program, executor.Config{})
	var wg sync.WaitGroup
	for k := range 64 {
		wg.Go(func() {
			if err := pool.Call(t.Context(), "ringwire_conformance:sleep", map[string]int{"ms": k}, nil); err != nil {
				t.Errorf("sleep: %v", err)
			}
			for n := range 20 {
				echo(t, pool, strings.Repeat("z", k*n*10))
			}
		})
	}
	wg.Wait()
}

func testFailures(t *testing.T, program string) {
	pool := newPool(t, program, executor.Config{MaxMessage: 4096, Allow: []string{"other:*"}})
	for _, test := range []struct {
		function string
		kwargs   any
		want     error
		says     string
	}{
		{"ringwire_conformance:fail", map[string]string{"message": "\"a\"\n\u20ac \U0001F600"}, executor.ErrRaised, "\"a\"\n\u20ac \U0001F600"},
		{"ringwire_conformance:fail", map[string]string{"message": strings.Repeat("\u20ac", 1000)}, executor.ErrRaised, ""},
		{"ringwire_conformance:missing", nil, executor.ErrNotFound, ""},
		{"other:echo", nil, executor.ErrNotFound, ""},
		{"ringwire_conformance:_echo", nil, executor.ErrForbidden, ""},
		{"os:getpid", nil, executor.ErrForbidden, ""},
		{"ringwire_conformance:fill", nil, executor.ErrBadArguments, ""},
		{"ringwire_conformance:fill", map[string]any{"size": 1, "colour": "red"}, executor.ErrBadArguments, ""},
		{"ringwire_conformance:fill", map[string]any{"size": "many"}, executor.ErrBadArguments, ""},
		{"ringwire_conformance:nothing", map[string]any{"size": 1}, executor.ErrBadArguments, ""},
		{"ringwire_conformance:fill", map[string]int{"size": 4096 - 20 - 1}, executor.ErrTooLarge, ""},
		{"ringwire_conformance:fill", map[string]int64{"size": 1 << 60}, executor.ErrTooLarge, ""},
	} {
		err := pool.Call(t.Context(), test.function, test.kwargs, nil)
		var failure *executor.PythonError
		switch {
		case !errors.Is(err, test.want):
			t.Errorf("%s(%v): want %v, got %v", test.function, test.kwargs, test.want, err)
		case test.says != "" && (!errors.As(err, &failure) || failure.Message != test.says):
			t.Errorf("%s(%v): want message=%q, got %+v", test.function, test.kwargs, test.says, failure)
		}
	}
	text, err := executor.CallAs[string](t.Context(), pool, "ringwire_conformance:fill", map[string]int{"size": 4096 - 20 - 2})
	if err != nil || text != strings.Repeat("x", 4096-20-2) {
		t.Errorf("the greatest result: %d bytes, %v", len(text), err)
	}
}

// sleepForLong submits a call that does not end by itself, and returns when the
// worker has taken it: it takes calls in their order.
func sleepForLong(ctx context.Context, t *testing.T, pool *executor.Pool) *executor.Future {
	t.Helper()
	future := pool.Submit(ctx, "ringwire_conformance:sleep", map[string]int{"ms": 600_000})
	echo(t, pool, "taken")
	return future
}

func testCancel(t *testing.T, program string) {
	pool := newPool(t, program, executor.Config{CancelGrace: time.Hour})
	pid := pool.Workers()[0].PID
	ctx, cancel := context.WithCancel(t.Context())
	future := sleepForLong(ctx, t, pool)
	cancel()
	err := future.Result(nil)
	var call *executor.CallError
	if !errors.Is(err, executor.ErrCanceled) || !errors.As(err, &call) || call.Outcome != executor.OutcomeStopped {
		t.Errorf("want a call that stopped on request, got %v", err)
	}
	echo(t, pool, "alive")
	if now := pool.Workers()[0].PID; now != pid {
		t.Errorf("the worker was replaced: pid=%d now=%d", pid, now)
	}
}

func testKill(t *testing.T, program string) {
	pool := newPool(t, program, executor.Config{})
	future := sleepForLong(t.Context(), t, pool)
	if err := syscall.Kill(pool.Workers()[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	err := future.Result(nil)
	var call *executor.CallError
	if !errors.Is(err, executor.ErrWorkerLost) || !errors.As(err, &call) || call.Outcome != executor.OutcomeStarted {
		t.Errorf("want a call that was started and lost, got %v", err)
	}
	echo(t, pool, "alive again")
}

func testCloseWaits(t *testing.T, program string) {
	pool := newPool(t, program, executor.Config{})
	future := pool.Submit(t.Context(), "ringwire_conformance:sleep", map[string]int{"ms": 100})
	echo(t, pool, "taken")
	if err := pool.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := future.Result(nil); err != nil {
		t.Errorf("the call in flight: %v", err)
	}
}

func testFailedStart(t *testing.T, program string) {
	_, err := executor.New(t.Context(), executor.Config{Python: program, Workers: 1, JSONOnly: true, Preload: []string{"unknown"}})
	var exit *executor.WorkerExitError
	if !errors.As(err, &exit) || exit.Code != 71 || !strings.Contains(err.Error(), "no such module") {
		t.Errorf("want exit code 71 and a reason, got %v", err)
	}
}

// testConforms has the conformance kit judge the worker.
func testConforms(t *testing.T, program string) {
	all := vectors.All()
	subject, err := live.Open(t.Context(), live.Config{Command: []string{program}, Vectors: all, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = subject.Close() }()
	mustConform(t, conformance.Run(t.Context(), subject, all, conformance.Options{}))
}

// testRegionFiles gives the worker regions by their path, where the kit gives a
// descriptor: good ones with a SHUTDOWN in the ring, and bad ones, which it must
// leave as they are.
func testRegionFiles(t *testing.T, program string) {
	const stopped, regionRefused = 3, 70
	for _, v := range vectors.All() {
		if !strings.HasPrefix(v.ID, "region-") || v.ID == "region-descriptors" { // they are not ours to open
			continue
		}
		t.Run(v.ID, func(t *testing.T) {
			image := regionOf(v.Steps)
			if v.Result == vectors.Valid {
				publishShutdown(image)
			}
			file := filepath.Join(t.TempDir(), "region")
			if err := os.WriteFile(file, image, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), program, file, "0")
			said, _ := cmd.CombinedOutput()
			after, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			code := cmd.ProcessState.ExitCode()
			if v.Result == vectors.Valid {
				if code != 0 || len(said) > 0 || after[1540] != stopped {
					t.Errorf("want exit code 0 and state STOPPED: code=%d state=%d says=%q", code, after[1540], said)
				}
				return
			}
			if code != regionRefused || len(said) == 0 || !bytes.Equal(image, after) {
				t.Errorf("want exit code 70, a reason, and the region unchanged: code=%d unchanged=%t says=%q", code, bytes.Equal(image, after), said)
			}
		})
	}
}

// regionOf plays the steps that make the image of a region.
func regionOf(steps []vectors.RingStep) []byte {
	var image []byte
	patch := func(patches []vectors.Patch) {
		for _, p := range patches {
			copy(image[p.Offset:], p.Bytes)
		}
	}
	for _, step := range steps {
		switch step.Do {
		case "init":
			size, err := strconv.Atoi(step.Returns)
			if err != nil {
				panic(err) // the vectors are linted
			}
			image = make([]byte, size)
			patch(step.Changes)
		case "write":
			patch(step.Writes)
		case "size":
			resized := make([]byte, *step.Size)
			copy(resized, image)
			image = resized
		}
	}
	return image
}

// publishShutdown puts a SHUTDOWN into the first slot of the request ring.
func publishShutdown(image []byte) {
	image[4096] = 21
	copy(image[4104:], []byte{3, 0, 0, 0, 0, 21})
	image[512] = 1
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
