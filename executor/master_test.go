//go:build linux

package executor_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// asMaster makes the test binary be a master that can be killed.
const asMaster = "RINGWIRE_TEST_MASTER"

func TestMain(m *testing.M) {
	if os.Getenv(asMaster) != "" {
		if err := master(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// The first pipe makes the runtime open descriptors that stay; the checks for
	// leftovers must not take them for a pool's.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	os.Exit(m.Run())
}

// master starts a pool whose workers are idle, asleep, stuck in C, and parents,
// prints the process ids, and waits to be killed.
func master() error {
	ctx := context.Background()
	p, err := executor.New(ctx, executor.Config{Workers: 4, Path: []string{"testdata"}, Allow: []string{"handlers:*"}})
	if err != nil {
		return err
	}
	child, err := executor.CallAs[int](ctx, p, "handlers:fork_child", map[string]any{"seconds": 1000})
	if err != nil {
		return err
	}
	for i, function := range []string{"handlers:stuck_in_c", "handlers:sleep", "handlers:async_sleep"} {
		kwargs := map[string]any{"seconds": 1000}
		if i == 0 {
			kwargs = nil
		}
		p.Submit(ctx, function, kwargs)
	}
	for p.Stats().InFlight < 3 {
		runtime.Gosched()
	}
	fmt.Println(child)
	for _, w := range p.Workers() {
		fmt.Println(w.PID)
	}
	fmt.Println("ready")
	select {}
}

//spec:test LIFE-056
//spec:test LIFE-057
func TestNothingOutlivesAKilledMaster(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asMaster+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if len(pids) != 5 {
		t.Fatalf("master printed %d process ids", len(pids))
	}
	for _, pid := range pids {
		awaitEnd(t, pid)
	}
}

// TestIdlePoolSleeps counts how often idle workers are woken within a second.
//
//spec:test BELL-009
func TestIdlePoolSleeps(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 8})
	for range 100 {
		if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	before, own := switches(t, p), ownCPU(t)
	time.Sleep(time.Second) // the measured interval
	for pid, n := range switches(t, p) {
		if woken := n - before[pid]; woken > 20 {
			t.Errorf("idle worker %d was woken %d times in a second", pid, woken)
		}
	}
	if used := ownCPU(t) - own; used > 100*time.Millisecond {
		t.Errorf("idle master used %s of CPU in a second", used)
	}
}

// switches returns how often each worker has gone to sleep so far.
func switches(t *testing.T, p *executor.Pool) map[int]int {
	counts := make(map[int]int)
	for _, w := range p.Workers() {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.PID))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(data), "\nvoluntary_ctxt_switches:")
		n, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]))
		if err != nil {
			t.Fatal(err)
		}
		counts[w.PID] = n
	}
	return counts
}

func ownCPU(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestRecycling(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  executor.Config
		call string
		args map[string]any
	}{
		{"MaxCalls", executor.Config{MaxCalls: 10}, "handlers:nothing", nil},
		{"MaxAge", executor.Config{MaxAge: 300 * time.Millisecond}, "handlers:nothing", nil},
		{"MaxRSS", executor.Config{MaxRSS: 100 << 20}, "handlers:memory", args("mib", 150)},
		{"IdleTTL", executor.Config{IdleTTL: 100 * time.Millisecond}, "handlers:nothing", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.cfg.Workers = 1
			p := newPool(t, test.cfg)
			first := p.Workers()[0]
			for deadline := time.Now().Add(30 * time.Second); ; {
				if err := p.Call(t.Context(), test.call, test.args, nil); err != nil {
					t.Fatal(err)
				}
				if w := p.Workers(); len(w) == 1 && w[0].Generation != first.Generation {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("worker was not replaced")
				}
				if test.name == "IdleTTL" || test.name == "MaxRSS" {
					time.Sleep(200 * time.Millisecond) // what is tested needs time without calls
				}
			}
			if s := p.Stats(); s.Failed+s.Lost+s.Retried != 0 {
				t.Errorf("replacement was noticed: %+v", s)
			}
			awaitEnd(t, first.PID)
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("RINGWIRE_TEST_INHERITED", "from the master")
	p := newPool(t, executor.Config{Workers: 1, Env: []string{"RINGWIRE_TEST_SET=1", "RINGWIRE_TEST_SET=2"}})
	for name, want := range map[string]any{
		"RINGWIRE_TEST_INHERITED": "from the master", "RINGWIRE_TEST_SET": "2", "RINGWIRE_WORKER_CONFIG": nil,
	} {
		got, err := executor.CallAs[any](t.Context(), p, "handlers:environment", args("name", name))
		if err != nil || got != want {
			t.Errorf("%s: got %v %v, want %v", name, got, err, want)
		}
	}
}
