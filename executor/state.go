package executor

import "fmt"

// WorkerState is the state of one worker process, as its supervisor sees it.
type WorkerState int32

const (
	WorkerStarting WorkerState = iota // process started, handshake awaited
	WorkerReady                       // gets calls
	WorkerDraining                    // gets no more calls, finishes those it has
	WorkerExited                      // process has ended
)

var workerStateNames = [...]string{"starting", "ready", "draining", "exited"}

func (s WorkerState) String() string {
	if s < 0 || int(s) >= len(workerStateNames) {
		return fmt.Sprintf("WorkerState(%d)", int32(s))
	}
	return workerStateNames[s]
}

// MarshalText makes the state readable in JSON.
func (s WorkerState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// transitions lists what may follow what. There is no way back: a successor is
// another worker.
var transitions = map[WorkerState][]WorkerState{
	WorkerStarting: {WorkerReady, WorkerExited},
	WorkerReady:    {WorkerDraining, WorkerExited},
	WorkerDraining: {WorkerExited},
	WorkerExited:   nil,
}

// CanBecome reports whether the table lets next follow s.
func (s WorkerState) CanBecome(next WorkerState) bool {
	for _, t := range transitions[s] {
		if t == next {
			return true
		}
	}
	return false
}
