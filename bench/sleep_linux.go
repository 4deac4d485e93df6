package bench

import (
	"syscall"
	"time"
)

// sleepUntil sleeps as precisely as the system can. time.Sleep does not where all
// goroutines sleep: the runtime then waits for descriptors, in milliseconds.
func sleepUntil(at time.Time) {
	left := time.Until(at)
	if left <= 0 {
		return
	}
	// If the goroutine changes its thread between these calls, that sleep is late
	// by the usual slack of 50 µs.
	setTimerSlack(1)
	defer setTimerSlack(0) // the default
	for ; left > 0; left = time.Until(at) {
		t := syscall.NsecToTimespec(int64(left))
		_ = syscall.Nanosleep(&t, nil) // a signal ends it
	}
}

// setTimerSlack sets how many nanoseconds late the thread's timers may be.
func setTimerSlack(ns uintptr) {
	const option = 29 // PR_SET_TIMERSLACK
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, option, ns, 0)
}
