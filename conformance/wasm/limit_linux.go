package wasm

import "syscall"

// processMemory bounds the address space of a child, in bytes: several times
// what guest and runtime need, and far below what a machine misses.
const processMemory = 8 << 30

// limitProcess bounds what this process may take, whatever a guest makes the
// runtime do. A limit that cannot be set is not worth failing for: the guest is
// bounded by the runtime as well.
func limitProcess() {
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: processMemory, Max: processMemory})
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
