package sys

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// CPUTime returns the user and system time that all threads of process pid have
// used so far, ended ones included, to the nanosecond. What threads of another
// process use counts from when they stop running, or from the kernel's next tick,
// 1 to 10 ms later. ProcessUsage counts in steps of 10 ms.
func CPUTime(pid int) (time.Duration, error) {
	// The clock of a process has a number made from its id: see clock_getcpuclockid
	// in glibc, and CPUCLOCK_SCHED in the kernel's posix-timers_types.h.
	const sched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|sched, &ts); err != nil {
		return 0, os.NewSyscallError("clock_gettime", err)
	}
	return time.Duration(ts.Nano()), nil
}
