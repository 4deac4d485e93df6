package sys

import "time"

// Usage is what the system knows of a process.
type Usage struct {
	CPU time.Duration // user and system time so far
	RSS int64         // resident memory, bytes
}
