//go:build !linux

package wasm

// limitProcess leaves the process as it is: other systems have no limit that the
// Go runtime lives with.
func limitProcess() {}
