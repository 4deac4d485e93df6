// Package doctor examines what Ringwire needs of a machine, and says what to do
// about what is missing.
package doctor

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/ringwire/ringwire/internal/sys"
)

// Status is the verdict on one thing.
type Status string

// The verdicts.
const (
	OK   Status = "ok"
	Warn Status = "warn" // works, but slower or with limits
	Fail Status = "fail" // does not work
)

// Finding is one thing that was looked at.
type Finding struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"` // what to do, unless the status is OK
}

func ok(name, format string, args ...any) Finding {
	return Finding{Name: name, Status: OK, Detail: fmt.Sprintf(format, args...)}
}

func warn(name, fix, format string, args ...any) Finding {
	return Finding{Name: name, Status: Warn, Detail: fmt.Sprintf(format, args...), Fix: fix}
}

func fail(name, fix, format string, args ...any) Finding {
	return Finding{Name: name, Status: Fail, Detail: fmt.Sprintf(format, args...), Fix: fix}
}

// Examine looks at everything, in the order in which one thing needs another.
// python is the interpreter that the workers would use.
func Examine(ctx context.Context, python string) []Finding {
	findings := []Finding{
		goRuntime(),
		kernel(),
		cpus(),
		descriptors(),
		sharedMemory(),
		doorbells(),
	}
	info, interpreter := findPython(ctx, python)
	findings = append(findings, interpreter)
	if interpreter.Status != Fail {
		findings = append(findings, info.accelerators()...)
		findings = append(findings, liveCall(ctx, python))
	}
	return findings
}

func goRuntime() Finding {
	detail := fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if runtime.GOARCH != "amd64" {
		return fail("platform", "use x86-64, or RINGWIRE_UNFENCED=1 at your own risk",
			"%s: Python has no memory fences here, so workers refuse to use rings", detail)
	}
	return ok("platform", "%s", detail)
}

func kernel() Finding {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return warn("kernel", "mount /proc: worker memory is read there too", "%v", err)
	}
	return ok("kernel", "%s", strings.TrimSpace(string(release)))
}

func cpus() Finding {
	allowed, machine := sys.CPUs(), runtime.NumCPU()
	if allowed == 1 {
		return warn("cpus", "allow this process two CPUs or more",
			"1 CPU: neither side can wait for the other without sleeping, which makes calls slower")
	}
	if allowed < machine {
		return ok("cpus", "%d of %d, by the cgroup", allowed, machine)
	}
	return ok("cpus", "%d", allowed)
}

// descriptorsPerWorker is a little more than what the pool holds for each worker,
// while one replaces another.
const descriptorsPerWorker = 16

func descriptors() Finding {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return warn("descriptors", "", "%v", err)
	}
	if need := uint64(64 + descriptorsPerWorker*sys.CPUs()); limit.Cur < need {
		return warn("descriptors", fmt.Sprintf("ulimit -n %d", max(1024, need)),
			"RLIMIT_NOFILE is %d; a worker for each CPU may need %d", limit.Cur, need)
	}
	return ok("descriptors", "RLIMIT_NOFILE is %d", limit.Cur)
}

func sharedMemory() Finding {
	const size = 1 << 20
	f, err := sys.NewSharedMemory("ringwire-doctor", size)
	if err != nil {
		return fail("shared memory", "allow memfd_create: look at the container's seccomp profile", "%v", err)
	}
	defer f.Close()
	if err := f.Truncate(0); err == nil {
		return fail("shared memory", "use a kernel that enforces memfd seals", "a sealed memfd could be shrunk")
	}
	return ok("shared memory", "sealed memfd; /dev/shm is not used")
}

func doorbells() Finding {
	bell, child, err := sys.NewDoorbell()
	if err != nil {
		return fail("doorbells", "allow eventfd: look at the container's seccomp profile", "%v", err)
	}
	_ = child.Close()
	_ = bell.Close()
	return ok("doorbells", "eventfd")
}
