package executor_test

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"github.com/ringwire/ringwire/internal/sys"
)

// On one CPU, where a pool gives way instead of spinning, calls do what they do
// elsewhere.
func TestOneCPU(t *testing.T) {
	if sys.OneCPU() {
		t.Skip("all tests run on one CPU")
	}
	runtime.LockOSThread() // and never unlock: the thread ends with the test
	var cpus [128]uint64   // a bit for each
	affinity := func(call uintptr) {
		t.Helper()
		if _, _, err := syscall.RawSyscall(call, 0, unsafe.Sizeof(cpus), uintptr(unsafe.Pointer(&cpus))); err != 0 {
			t.Fatal(err)
		}
	}
	affinity(syscall.SYS_SCHED_GETAFFINITY)
	found := false
	for i, some := range cpus {
		if cpus[i] = 0; !found && some != 0 {
			cpus[i], found = some&-some, true // the first
		}
	}
	affinity(syscall.SYS_SCHED_SETAFFINITY)
	if !sys.OneCPU() {
		t.Fatal("not on one CPU")
	}
	tests := "^(TestCall|TestResultsAreNotMixedUp|TestCancelAsync|TestDeathsAreTold|TestNoCallWaitsBehindASlowOne|TestClosedDescriptors)$"
	out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+tests).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
