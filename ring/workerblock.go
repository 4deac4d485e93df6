package ring

import (
	"bytes"
	"strings"
)

// WorkerBlock is what a worker tells about itself. The master reads it with
// Snapshot; a worker writes it with the other methods.
type WorkerBlock struct{ mem []byte }

// WorkerStatus is a copy of a worker block. A hostile worker can put anything
// there, so it is for people and for supervision; no call is decided by it.
type WorkerStatus struct {
	PID             int
	State           State
	Heartbeat       uint64 // rises with progress
	CurrentCall     uint32 // request id that occupies the main thread, 0: none
	InFlight        uint32 // calls taken and not answered
	Refused         uint64 // messages dropped
	ProtocolVersion uint32 // major << 16 | minor
	Implementation  string // printable
}

// State loads the worker's state.
func (w WorkerBlock) State() State { return State(shared32(w.mem, offWorkerState).Load()) }

// CurrentCall loads the id of the call on the worker's main thread, 0: none.
func (w WorkerBlock) CurrentCall() uint32 { return shared32(w.mem, offWorkerCurrentCall).Load() }

// Heartbeat loads the worker's count of progress.
func (w WorkerBlock) Heartbeat() uint64 { return shared64(w.mem, offWorkerHeartbeat).Load() }

// Snapshot copies the block. The fields are loaded one after the other, not as
// one.
func (w WorkerBlock) Snapshot() WorkerStatus {
	name := bytes.Clone(w.mem[offWorkerImplementation : offWorkerImplementation+sizeWorkerImplementation])
	name, _, _ = bytes.Cut(name, []byte{0})
	printable := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(string(name), "?"))
	return WorkerStatus{
		PID:             int(shared32(w.mem, offWorkerPID).Load()),
		State:           w.State(),
		Heartbeat:       w.Heartbeat(),
		CurrentCall:     w.CurrentCall(),
		InFlight:        shared32(w.mem, offWorkerInFlight).Load(),
		Refused:         shared64(w.mem, offWorkerRefused).Load(),
		ProtocolVersion: shared32(w.mem, offWorkerProtocolVersion).Load(),
		Implementation:  printable,
	}
}

// Introduce writes who the worker is. A worker calls it once, before SetState
// with StateReady. The name is cut to what the block holds.
//
//spec:req LIFE-002
func (w WorkerBlock) Introduce(pid int, implementation string) {
	shared32(w.mem, offWorkerPID).Store(uint32(pid))
	shared32(w.mem, offWorkerProtocolVersion).Store(versionMajor<<16 | versionMinor)
	copy(w.mem[offWorkerImplementation:offWorkerImplementation+sizeWorkerImplementation], implementation)
}

// SetState stores the worker's state.
func (w WorkerBlock) SetState(s State) { shared32(w.mem, offWorkerState).Store(uint32(s)) }

// SetCalls stores the id of the call that occupies the worker's main thread, 0:
// none, and how many calls are in flight.
func (w WorkerBlock) SetCalls(current, inFlight uint32) {
	shared32(w.mem, offWorkerCurrentCall).Store(current)
	shared32(w.mem, offWorkerInFlight).Store(inFlight)
}
