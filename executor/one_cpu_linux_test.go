package executor_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/sys"
)

// On one CPU, where a pool gives way instead of spinning, calls do what they do
// elsewhere.
func TestOneCPU(t *testing.T) {
	if sys.OneCPU() {
		t.Skip("all tests run on one CPU")
	}
	runtime.LockOSThread() // and never unlock: the thread ends with the test
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	first := 0
	for !set.IsSet(first) {
		first++
	}
	set.Zero()
	set.Set(first)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	tests := "^(TestCall|TestResultsAreNotMixedUp|TestCancelAsync|TestDeathsAreTold|TestNoCallWaitsBehindASlowOne|TestClosedDescriptors)$"
	out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+tests).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
