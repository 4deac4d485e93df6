package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"github.com/ringwire/ringwire/bench"
)

// profileTime is how long calls are made while somebody looks where time goes: for
// some hundred samples, so that a block of one percent is not an accident.
const profileTime = 8 * time.Second

// profilePeer draws, and writes to w, where the time of a call goes, in this process and in the
// worker, for one caller and for 64: flame graphs in the folder dir. The peer is
// one of those that are this module's pool in this process; spy is py-spy.
func profilePeer(ctx context.Context, w io.Writer, name, python, spy, dir string) error {
	catalog, err := bench.NewCatalog(ctx, python, "")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(catalog.Peers, func(p bench.Peer) bool { return p.Name() == name })
	if i < 0 || !bench.IsOurs(name) {
		return fmt.Errorf("no pool of this module has that name, or its packages are missing: name=%q", name)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	session, err := catalog.Peers[i].Start(ctx, 1)
	if err != nil {
		return err
	}
	for _, inFlight := range []int{1, 64} {
		if err = profileSession(ctx, w, session, name, inFlight, spy, dir); err != nil {
			break
		}
	}
	return errors.Join(err, session.Close())
}

// profileSession looks at one side after the other, so that whoever looks at the one
// does not slow down the other.
func profileSession(ctx context.Context, w io.Writer, s bench.Session, name string, inFlight int, spy, dir string) error {
	round := bench.Round{Work: bench.Work{Workers: 1, Function: bench.Add, InFlight: inFlight}}
	var calls, elapsed time.Duration
	call := func(span time.Duration) error {
		round.Seconds = span.Seconds()
		sample, err := s.Measure(ctx, round)
		calls, elapsed = calls+time.Duration(sample.Calls), elapsed+sample.Elapsed
		return err
	}
	if err := call(profileTime / 10); err != nil {
		return err
	}
	calls, elapsed = 0, 0
	caller, err := profileCaller(func() error { return call(profileTime) })
	if err != nil {
		return err
	}
	each := elapsed / calls
	// The spy needs a moment to begin and to end: it must not see an idle worker.
	scratch, err := os.MkdirTemp("", "ringwire-profile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	file := filepath.Join(scratch, "stacks")
	spying := exec.CommandContext(ctx, spy, "record", "--native", "--full-filenames", "--rate", "200", "--format", "raw",
		"--duration", strconv.Itoa(int(profileTime.Seconds())), "--pid", strconv.Itoa(s.Processes()[1]), "--output", file)
	var said bytes.Buffer
	spying.Stdout, spying.Stderr = &said, &said
	if err := spying.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- spying.Wait() }()
	for running := true; running; {
		if err := call(profileTime / 40); err != nil {
			return errors.Join(err, spying.Process.Kill())
		}
		select {
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("py-spy: %w: %s", err, said.String())
			}
			running = false
		default:
		}
	}
	stacks, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	worker, err := parseFolded(string(stacks))
	if err != nil {
		return err
	}
	for _, side := range []struct {
		name, file string
		root       *flame
	}{{"caller", "go", caller}, {"worker", "python", worker}} {
		title := fmt.Sprintf("%s, %s, %d in flight, %v a call", name, side.name, inFlight, each.Round(10*time.Nanosecond))
		fmt.Fprintf(w, "%s\n", title)
		side.root.write(w, each, side.root.weight, 0)
		if err := drawFlames(title, side.root, filepath.Join(dir, fmt.Sprintf("flame_%s_%d.svg", side.file, inFlight))); err != nil {
			return err
		}
	}
	return nil
}

// profileCaller returns where this process spends its CPU time while f runs.
func profileCaller(f func() error) (*flame, error) {
	var buf bytes.Buffer
	if err := pprof.StartCPUProfile(&buf); err != nil {
		return nil, err
	}
	err := f()
	pprof.StopCPUProfile()
	if err != nil {
		return nil, err
	}
	p, err := profile.Parse(&buf)
	if err != nil {
		return nil, err
	}
	root := new(flame)
	for _, s := range p.Sample {
		var stack []string // the outermost function first
		for _, location := range slices.Backward(s.Location) {
			for _, line := range slices.Backward(location.Line) { // others are inlined into the last
				stack = append(stack, goName(line.Function.Name))
			}
		}
		root.add(stack, s.Value[0])
	}
	return root, nil
}

func goName(name string) string {
	return strings.TrimPrefix(name, "github.com/ringwire/ringwire/")
}

// parseFolded reads lines of function names, separated by semicolons, and a number.
func parseFolded(text string) (*flame, error) {
	root := new(flame)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		i := strings.LastIndexByte(line, ' ')
		if i < 0 {
			continue
		}
		n, err := strconv.ParseInt(line[i+1:], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("not a folded stack: line=%q", line)
		}
		stack := strings.Split(line[:i], ";")
		for i := range stack {
			stack[i] = pythonName(stack[i])
		}
		root.add(stack, n)
	}
	return root, nil
}

// pythonName takes the folders of a file from its name, but not that of a package;
// lines of C, among which one function would be scattered; and the address of a
// function that was stripped of its name.
func pythonName(name string) string {
	function, file, ok := strings.Cut(name, " (")
	if !ok {
		return name
	}
	if parts := strings.Split(file, "/"); len(parts) > 2 {
		file = path.Join(parts[len(parts)-2:]...)
	}
	if !strings.Contains(file, ".py:") {
		file, _, _ = strings.Cut(strings.TrimSuffix(file, ")"), ":")
		file += ")"
	}
	if strings.HasPrefix(function, "0x") {
		function = "C code"
	}
	return function + " (" + file
}
