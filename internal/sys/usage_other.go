//go:build !linux

package sys

import "runtime"

// CPUs returns how many processors this process may use, at least 1.
func CPUs() int { return runtime.NumCPU() }

// OOMKills returns 0: only Linux tells.
func OOMKills() int { return 0 }
