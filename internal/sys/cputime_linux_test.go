package sys_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

func TestCPUTime(t *testing.T) {
	before, err := sys.CPUTime(os.Getpid())
	if err != nil || before <= 0 {
		t.Fatalf("own: %v %v", before, err)
	}
	deadline, own := time.Now().Add(time.Minute), before
	for own < before+5*time.Millisecond && time.Now().Before(deadline) {
		if own, err = sys.CPUTime(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if own < before+5*time.Millisecond {
		t.Errorf("computing for a minute took %v", own-before)
	}

	child := exec.CommandContext(t.Context(), "cat")
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	// It may not have run yet.
	var used time.Duration
	for used == 0 && err == nil && time.Now().Before(deadline) {
		used, err = sys.CPUTime(child.Process.Pid)
	}
	if err != nil || used <= 0 {
		t.Errorf("child: %v %v", used, err)
	}
	_ = stdin.Close()
	_ = child.Wait()
	if _, err := sys.CPUTime(child.Process.Pid); err == nil {
		t.Error("a process that is gone has a CPU time")
	}
}
