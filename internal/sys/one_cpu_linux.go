package sys

import "golang.org/x/sys/unix"

// OneCPU reports whether this process, and so what it starts, may run on one CPU
// only. Where a quota has the same effect the threads still run beside each other.
func OneCPU() bool {
	var set unix.CPUSet
	return unix.SchedGetaffinity(0, &set) == nil && set.Count() == 1
}

// GiveCPU gives the CPU to another thread or process that wants it. It does not
// tell the scheduler, which would move goroutines to another thread meanwhile.
func GiveCPU() {
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
}
