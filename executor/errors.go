package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ringwire/ringwire/wire"
)

// What can become of a call or of a pool, for errors.Is. The errors that a Pool
// returns wrap one of them, usually inside a [*CallError].
var (
	ErrClosed       = errors.New("pool is closed")
	ErrQueueFull    = errors.New("queue is full")
	ErrTooLarge     = errors.New("message is longer than MaxMessage")
	ErrWorkerLost   = errors.New("worker was lost")
	ErrNotFound     = errors.New("no such module or function")
	ErrBadArguments = errors.New("arguments are not acceptable")
	ErrForbidden    = errors.New("function is not allowed")
	ErrRaised       = errors.New("function raised")
	ErrBadResult    = errors.New("result cannot be encoded or decoded")
	ErrUnavailable  = errors.New("worker cannot run the call now")
	ErrProtocol     = errors.New("worker broke the protocol")
	ErrCrashLoop    = errors.New("workers keep dying")
	ErrPoison       = errors.New("call killed worker after worker")

	// ErrCanceled also is context.Canceled, ErrExpired also is
	// context.DeadlineExceeded.
	ErrCanceled = fmt.Errorf("call was canceled: %w", context.Canceled)
	ErrExpired  = fmt.Errorf("deadline passed: %w", context.DeadlineExceeded)
)

// Outcome says how far a failed call had come.
type Outcome int

const (
	// OutcomeNotStarted: the function has not run and never will for this call.
	OutcomeNotStarted Outcome = iota
	// OutcomeStarted: the function may have run in part or in full.
	OutcomeStarted
	// OutcomeFailed: the worker answered that the call failed.
	OutcomeFailed
	// OutcomeStopped: the function was running and stopped on request.
	OutcomeStopped
	// OutcomeCompleted: the function ran to its end after the caller had given
	// up; its result is lost.
	OutcomeCompleted
	// OutcomeKilled: the function did not stop on request, so its worker was
	// killed.
	OutcomeKilled
)

var outcomeNames = [...]string{"not started", "started", "failed", "stopped", "completed", "killed"}

func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
	return outcomeNames[o]
}

// CallError is the error of one call.
type CallError struct {
	Function   string
	ID         uint32 // correlation id in its lane, 0 if it was never sent
	Worker     int    // worker that had it, -1 if none
	Generation uint64 // generation of that worker, 0 if none
	Attempt    int    // how often the call was sent
	Outcome    Outcome
	Err        error // wraps an Err value; may be a *PythonError or a *WorkerExitError
}

func (e *CallError) Error() string {
	if e.Worker < 0 {
		return fmt.Sprintf("call %s: %v (%s)", e.Function, e.Err, e.Outcome)
	}
	return fmt.Sprintf("call %s: %v (%s) worker=%d generation=%d id=%d attempt=%d",
		e.Function, e.Err, e.Outcome, e.Worker, e.Generation, e.ID, e.Attempt)
}

func (e *CallError) Unwrap() error { return e.Err }

// PythonError is a failure as the worker reports it: an exception, or why the
// call was not made. It is the Err value of its status: ErrRaised for an
// exception, ErrNotFound, ErrForbidden, ErrBadArguments and so on.
type PythonError struct {
	Status    wire.Status  `json:"-"`         // spec chapter 06
	Type      string       `json:"type"`      // qualified name of the exception's type
	Message   string       `json:"message"`   // str() of the exception
	Traceback string       `json:"traceback"` // as Python prints it, may be empty
	Notes     []string     `json:"notes"`     // PEP 678
	Cause     *PythonError `json:"cause"`     // cause or context
	Code      string       `json:"code"`      // wire error code, for a refused message
	Started   *bool        `json:"started"`   // for a cancelled call
}

func (e *PythonError) Error() string {
	switch {
	case e.Type == "":
		return fmt.Sprintf("%s: status=%d", e.Message, e.Status)
	case e.Message == "":
		return e.Type
	}
	return e.Type + ": " + e.Message
}

// Is makes errors.Is see the Err value that belongs to the status.
func (e *PythonError) Is(target error) bool { return target == sentinelOf(e.Status) }

// sentinelOf maps a status to its Err value.
//
//spec:req PAYLOAD-008
func sentinelOf(status wire.Status) error {
	switch status {
	case wire.StatusForbidden:
		return ErrForbidden
	case wire.StatusNotFound:
		return ErrNotFound
	case wire.StatusTooLarge:
		return ErrTooLarge
	case wire.StatusCanceled:
		return ErrCanceled
	case wire.StatusBadResult:
		return ErrBadResult
	case wire.StatusUnavailable:
		return ErrUnavailable
	}
	if status < 500 {
		return ErrBadArguments
	}
	return ErrRaised
}

// WorkerExitError tells how a worker process ended. It is ErrWorkerLost.
type WorkerExitError struct {
	Worker     int
	Generation uint64
	PID        int
	Code       int    // exit code, -1 if a signal ended it
	Signal     string // name of the signal, or empty
	OOM        bool   // the kernel's out-of-memory killer is the likely cause
	Uptime     time.Duration
	Stderr     string // its last lines
	Cause      error  // why the pool ended it, or nil if it ended by itself
}

func (e *WorkerExitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "worker %d ended: pid=%d ", e.Worker, e.PID)
	if e.Signal != "" {
		fmt.Fprintf(&b, "signal=%s", e.Signal)
	} else {
		fmt.Fprintf(&b, "exit=%d", e.Code)
	}
	if e.OOM {
		b.WriteString(" (probably out of memory)")
	}
	fmt.Fprintf(&b, " uptime=%s", e.Uptime.Round(time.Millisecond))
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

// Is makes the error ErrWorkerLost.
func (e *WorkerExitError) Is(target error) bool { return target == ErrWorkerLost }

// Unwrap returns Cause.
func (e *WorkerExitError) Unwrap() error { return e.Cause }

// StartupError says why a worker could not be started. Its text ends with what
// the worker wrote to its standard error, usually a Python traceback.
type StartupError struct {
	Worker int
	Err    error  // *WorkerExitError, or an error of the operating system
	Stderr string // all that the worker wrote to standard error, up to 64 KiB
}

func (e *StartupError) Error() string {
	s := fmt.Sprintf("worker %d did not start: %v", e.Worker, e.Err)
	if e.Stderr != "" {
		s += "\n" + strings.TrimRight(e.Stderr, "\n")
	}
	return s
}

// Unwrap returns Err.
func (e *StartupError) Unwrap() error { return e.Err }

// ConfigError lists every fault of a Config.
type ConfigError struct{ Faults []string }

func (e *ConfigError) Error() string {
	return "config: " + strings.Join(e.Faults, "; ")
}
