package doctor

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/ringwire/ringwire/internal/sys"
)

// system examines what only this system has.
func system() []Finding {
	return []Finding{kernel(), descriptors(), sharedMemory(), doorbells()}
}

func kernel() Finding {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return warn("kernel", "mount /proc: worker memory is read there too", "%v", err)
	}
	return ok("kernel", "%s", strings.TrimSpace(string(release)))
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
		return warn("shared memory", "allow memfd_create: look at the container's seccomp profile", "%v", err)
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
		return warn("doorbells", "allow eventfd: look at the container's seccomp profile", "%v", err)
	}
	_ = child.Close()
	_ = bell.Close()
	return ok("doorbells", "eventfd")
}
