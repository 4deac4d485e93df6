// Package shared has the names of sync/atomic and lets somebody watch. A package
// that is compiled with it in place of sync/atomic can be explored.
package shared

import "unsafe"

// Op is what is done to a shared variable.
type Op uint8

// The operations, all sequentially consistent in sync/atomic.
const (
	Load Op = iota
	Store
	Add
)

// Access carries out an operation on the variable at address and returns its
// value afterwards. Whoever explores sets it; it is not safe for concurrent use.
var Access func(op Op, address unsafe.Pointer, value uint64) uint64

// Touch is given bytes of a slot that are about to be read or written, and
// returns them. Whoever explores sets it.
var Touch func(slot []byte) []byte

// Uint32 stands for atomic.Uint32.
type Uint32 struct{ v uint32 }

// Load stands for the method of atomic.Uint32.
func (x *Uint32) Load() uint32 { return uint32(Access(Load, unsafe.Pointer(x), 0)) }

// Store stands for the method of atomic.Uint32.
func (x *Uint32) Store(v uint32) { Access(Store, unsafe.Pointer(x), uint64(v)) }

// Add stands for the method of atomic.Uint32.
func (x *Uint32) Add(delta uint32) uint32 {
	return uint32(Access(Add, unsafe.Pointer(x), uint64(delta)))
}

// Uint64 stands for atomic.Uint64.
type Uint64 struct{ v uint64 }

// Load stands for the method of atomic.Uint64.
func (x *Uint64) Load() uint64 { return Access(Load, unsafe.Pointer(x), 0) }

// Store stands for the method of atomic.Uint64.
func (x *Uint64) Store(v uint64) { Access(Store, unsafe.Pointer(x), v) }
