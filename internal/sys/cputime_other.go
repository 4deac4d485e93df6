//go:build !linux

package sys

import "time"

// CPUTime returns the user and system time that process pid has used so far, as
// exactly as ProcessUsage knows it.
func CPUTime(pid int) (time.Duration, error) {
	u, err := ProcessUsage(pid)
	return u.CPU, err
}
