//go:build linux

package executor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/ringwire/ringwire/executor"
)

// asStarved makes the test binary be a program that may open only a few
// descriptors; the value says how many more than it has.
const asStarved = "RINGWIRE_TEST_STARVED"

// TestFewDescriptors starts pools under every limit of descriptors from none to
// enough: New fails with an error that says what could not be made and leaves
// nothing behind, or the pool works. The limit is a process's own, so each is
// tried in a child.
func TestFewDescriptors(t *testing.T) {
	if s := os.Getenv(asStarved); s != "" {
		starve(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFewDescriptors$", "-test.v")
	cmd.Env = append(os.Environ(), asStarved+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "the pool works") {
		t.Errorf("no limit was enough:\n%s", out)
	}
}

func starve(t *testing.T) {
	cfg := executor.Config{Workers: 1, Path: []string{"testdata"}, Allow: []string{"handlers:*"}}
	// What is opened once and stays, such as the runtime's poller, is no leak.
	if p, err := executor.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	} else if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	before := footprint()
	failures := make(map[string]bool)
	for spare := range uint64(40) {
		// The listing of descriptors counts itself, hence one less.
		limit := syscall.Rlimit{Cur: uint64(before.descriptors-1) + spare, Max: old.Max}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		p, err := executor.New(t.Context(), cfg)
		if err == nil {
			err = p.Call(t.Context(), "handlers:add", args("a", 1, "b", 2), nil)
			if closed := p.Close(); err == nil {
				err = closed
			}
			if err != nil {
				t.Errorf("%d spare descriptors: %v", spare, err)
			}
		}
		if restored := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); restored != nil {
			t.Fatal(restored)
		}
		before.check(t)
		if p != nil {
			fmt.Println("the pool works with", spare, "spare descriptors, after these failures:", failures)
			return
		}
		var startup *executor.StartupError
		if !errors.As(err, &startup) {
			t.Fatalf("%d spare descriptors: not a StartupError: %v", spare, err)
		}
		// In this process, or in the worker, which says so on its standard error.
		if !errors.Is(err, syscall.EMFILE) && !strings.Contains(startup.Stderr, "oo many open files") {
			t.Errorf("%d spare descriptors: unclear error: %v", spare, err)
		}
		failures[firstLine(startup.Err.Error())] = true
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// asCramped makes the test binary be a program under this limit of memory.
const asCramped = "RINGWIRE_TEST_CRAMPED"

// TestTooLittleMemory starts pools whose lanes are larger than the process may map,
// or than its files may be.
func TestTooLittleMemory(t *testing.T) {
	limits := map[string]struct {
		resource int
		room     uint64 // beyond what is in use
		want     error
	}{
		"address space": {syscall.RLIMIT_AS, 1 << 30, syscall.ENOMEM},
		"file size":     {syscall.RLIMIT_FSIZE, 1 << 30, syscall.EFBIG},
	}
	name := os.Getenv(asCramped)
	if name == "" {
		for name := range limits {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTooLittleMemory$")
			cmd.Env = append(os.Environ(), asCramped+"="+name)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		}
		return
	}
	l := limits[name]
	cfg := executor.Config{Workers: 1, Transport: executor.TransportRing, Path: []string{"testdata"}, Allow: []string{"handlers:*"}}
	call := func() {
		p, err := executor.New(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	call() // what is made once per process is made
	if l.resource == syscall.RLIMIT_AS {
		statm, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Fatal(err)
		}
		var pages uint64
		if _, err := fmt.Sscan(string(statm), &pages); err != nil {
			t.Fatal(err)
		}
		l.room += pages * uint64(os.Getpagesize())
	}
	if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: l.room, Max: l.room}); err != nil {
		t.Fatal(err)
	}
	before := footprint()
	cfg.SlotCount, cfg.SlotSize = 2048, 1<<20
	_, err := executor.New(t.Context(), cfg)
	var startup *executor.StartupError
	if !errors.As(err, &startup) || !errors.Is(err, l.want) || !strings.Contains(err.Error(), "shared memory: size=429") {
		t.Errorf("unclear error: %v", err)
	}
	before.check(t)
	cfg.SlotCount, cfg.SlotSize = 0, 0
	call()
}

// asForbidden makes the test binary be a program that may not make the system call
// of this name, as under the seccomp profile of a container.
const asForbidden = "RINGWIRE_TEST_FORBIDDEN"

func TestForbiddenSystemCalls(t *testing.T) {
	if name := os.Getenv(asForbidden); name != "" {
		forbidden(t, name)
		return
	}
	for name := range systemCalls() {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestForbiddenSystemCalls$")
		cmd.Env = append(os.Environ(), asForbidden+"="+name)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// systemCalls returns the numbers of the system calls that make shared memory and
// doorbells.
func systemCalls() map[string]uint32 {
	if runtime.GOARCH == "arm64" {
		return map[string]uint32{"memfd_create": 279, "eventfd": 19}
	}
	return map[string]uint32{"memfd_create": 319, "eventfd": 290}
}

func forbidden(t *testing.T, name string) {
	// What is made once per process is made before.
	t.Setenv(executor.TransportVariable, "")
	cfg := executor.Config{Workers: 1, Path: []string{"testdata"}, Allow: []string{"handlers:*"}}
	if p, err := executor.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	} else if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	before := footprint()
	forbid(t, systemCalls()[name])
	cfg.Transport = executor.TransportRing
	_, err := executor.New(t.Context(), cfg)
	var startup *executor.StartupError
	if !errors.As(err, &startup) || !errors.Is(err, syscall.EPERM) || !errors.Is(err, executor.ErrRingUnavailable) || !strings.Contains(err.Error(), name) {
		t.Errorf("unclear error: %v", err)
	}
	before.check(t)

	var log bytes.Buffer
	cfg.Transport, cfg.Logger = executor.TransportAutomatic, slog.New(slog.NewTextHandler(&log, nil))
	p, err := executor.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := executor.CallAs[map[string]int](t.Context(), p, "handlers:add", args("a", 1, "b", 2)); err != nil || got["sum"] != 3 {
		t.Errorf("over a stream instead: %v %v", got, err)
	}
	p.Close()
	if runtime.GOARCH == "amd64" && !strings.Contains(log.String(), name) {
		t.Errorf("the log does not say why: %s", log.String())
	}
	before.check(t)
}

// forbid makes a system call fail with EPERM in this process from now on.
func forbid(t *testing.T, number uint32) {
	const (
		loadWord      = 0x20 // BPF_LD | BPF_W | BPF_ABS
		jumpEqual     = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
		ret           = 0x06 // BPF_RET | BPF_K
		allow         = 0x7fff0000
		fail          = 0x00050000
		setNoNewPrivs = 38
		filterMode    = 1
		allThreads    = 1
	)
	seccomp := uintptr(317)
	if runtime.GOARCH == "arm64" {
		seccomp = 277
	}
	filter := []syscall.SockFilter{
		{Code: loadWord, K: 0}, // the number
		{Code: jumpEqual, Jf: 1, K: number},
		{Code: ret, K: fail | uint32(syscall.EPERM)},
		{Code: ret, K: allow},
	}
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// Privileges are a thread's own until the filter is on all threads.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, setNoNewPrivs, 1, 0); e != 0 {
		t.Fatal(e)
	}
	if _, _, e := syscall.RawSyscall(seccomp, filterMode, allThreads, uintptr(unsafe.Pointer(&program))); e != 0 {
		t.Fatal(e)
	}
}

// TestRegionIsSealed: a worker can neither shrink its region, which would turn the
// master's next access into SIGBUS, nor grow it, nor take the seals off.
//
//spec:test REGION-004
func TestRegionIsSealed(t *testing.T) {
	dir := t.TempDir()
	module := dir + "/sealed.py"
	source := `
import fcntl, glob, os

def attempts():
    for name in glob.glob("/proc/self/fd/*"):
        if "ringwire-lane" in os.readlink(name):
            fd = os.open(name, os.O_RDWR)
    size = os.fstat(fd).st_size
    outcomes = {}
    for what, attempt in {
        "shrink": lambda: os.ftruncate(fd, 0),
        "shrink a little": lambda: os.ftruncate(fd, size - 1),
        "grow": lambda: os.ftruncate(fd, size + 1),
        "seal": lambda: fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE),
    }.items():
        try:
            attempt()
            outcomes[what] = "done"
        except OSError as e:
            outcomes[what] = os.strerror(e.errno)
    os.close(fd)
    return outcomes
`
	if err := os.WriteFile(module, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	// The reference worker closes the descriptor once it has mapped the region; this
	// one keeps another.
	python := dir + "/python"
	if err := os.WriteFile(python, []byte("#!/bin/sh\nexec python3 \"$@\" 9<&3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportRing, Python: python, Path: []string{dir}, Allow: []string{"sealed:*"}, DrainTimeout: -1})
	got, err := executor.CallAs[map[string]string](t.Context(), p, "sealed:attempts", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"shrink", "shrink a little", "grow", "seal"} {
		if got[what] != "Operation not permitted" {
			t.Errorf("%s: %s", what, got[what])
		}
	}
}

// TestNothingInDevShm: a pool needs no room there and leaves no name there.
func TestNothingInDevShm(t *testing.T) {
	names := func() (list []string) {
		entries, _ := os.ReadDir("/dev/shm")
		for _, e := range entries {
			if strings.Contains(e.Name(), "ringwire") {
				list = append(list, e.Name())
			}
		}
		return list
	}
	p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportRing})
	if err := p.Call(context.Background(), "handlers:nothing", nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != nil {
		t.Errorf("in /dev/shm: %q", got)
	}
	for _, w := range p.Workers() {
		maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", w.PID))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(maps), "/memfd:ringwire-lane") || strings.Contains(string(maps), "/dev/shm/") {
			t.Errorf("mappings of the worker:\n%s", maps)
		}
	}
}

// TestClosedDescriptors: a worker whose handler has closed descriptors that are
// not its own goes on or is replaced; it does not stay and answer late for ever.
func TestClosedDescriptors(t *testing.T) {
	dir := t.TempDir()
	source := "import os\ndef close(fds):\n    for fd in fds:\n        os.close(fd)\n"
	if err := os.WriteFile(dir+"/closing.py", []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	const requestDoorbell, responseDoorbell, lifeline = 4, 5, 6
	for _, test := range []struct {
		name     string
		fds      []int
		replaced bool
	}{
		{"request doorbell", []int{requestDoorbell}, true},
		{"response doorbell", []int{responseDoorbell}, true},
		{"response doorbell and streams", []int{responseDoorbell, 1, 2}, true},
		{"lifeline", []int{lifeline}, false},
		{"streams", []int{1, 2}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPool(t, executor.Config{Workers: 1, Transport: executor.TransportRing, Path: []string{dir}, Allow: []string{"closing:*", "handlers:*"}})
			// Its answer may be lost with the worker.
			_ = p.Call(t.Context(), "closing:close", args("fds", test.fds), nil)
			for test.replaced && p.Stats().Restarts == 0 {
				// Neither side notices before it has slept.
				time.Sleep(time.Millisecond)
				if err := p.Call(t.Context(), "handlers:sleep", args("seconds", 0.002), nil); err != nil && !errors.Is(err, executor.ErrWorkerLost) {
					t.Fatal(err)
				}
			}
			if err := p.Call(t.Context(), "handlers:nothing", nil, nil); err != nil {
				t.Error(err)
			}
			if restarts := p.Stats().Restarts; (restarts > 0) != test.replaced {
				t.Errorf("%d restarts", restarts)
			}
		})
	}
}
