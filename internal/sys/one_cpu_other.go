//go:build !linux

package sys

// OneCPU reports false: only Linux tells.
func OneCPU() bool { return false }

// GiveCPU does nothing.
func GiveCPU() {}
