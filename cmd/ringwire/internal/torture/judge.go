//go:build linux

package torture

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ringwire/ringwire/executor"
)

// ending is how a call ended, as its caller was told.
type ending uint8

const (
	pending    ending = iota // it has not
	done                     // with its own result
	foreign                  // with a result that is not its own
	failed                   // the worker answered with a failure
	stopped                  // it stopped on request
	completed                // it was too late to stop it
	killed                   // it did not stop, so its worker was killed
	started                  // its worker died when it may have run
	notStarted               // it has not run
	unexpected               // none of these
	endings
)

var endingNames = [endings]string{
	"pending", "done", "another's result", "failed", "stopped", "completed", "killed", "started", "not started", "unexpected",
}

func (e ending) String() string { return endingNames[e] }

// endingOf sorts an error. Only the kinds of errors that the faults can explain
// are expected.
func endingOf(err error) ending {
	var call *executor.CallError
	if !errors.As(err, &call) || errors.Is(err, executor.ErrProtocol) {
		return unexpected // whatever a worker suffers, it keeps to the protocol
	}
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	gaveUp := is(executor.ErrCanceled, executor.ErrExpired)
	switch call.Outcome {
	case executor.OutcomeNotStarted:
		if gaveUp || is(executor.ErrWorkerLost, executor.ErrCrashLoop, executor.ErrQueueFull, executor.ErrUnavailable) {
			return notStarted
		}
	case executor.OutcomeStarted:
		if gaveUp || is(executor.ErrWorkerLost) {
			return started
		}
	case executor.OutcomeFailed:
		if gaveUp || is(executor.ErrRaised, executor.ErrUnavailable) || outOfMemory(err) {
			return failed
		}
	case executor.OutcomeStopped:
		if gaveUp {
			return stopped
		}
	case executor.OutcomeCompleted:
		if gaveUp {
			return completed
		}
	case executor.OutcomeKilled:
		if gaveUp {
			return killed
		}
	}
	return unexpected
}

// outOfMemory reports whether a worker under a memory limit could not decode
// arguments or encode a result. The specification counts that as a failure of the
// arguments or the result (LIMIT-003).
func outOfMemory(err error) bool {
	var python *executor.PythonError
	return errors.As(err, &python) && (errors.Is(err, executor.ErrBadArguments) || errors.Is(err, executor.ErrBadResult)) && strings.Contains(python.Message, "out of memory")
}

// record is what is remembered of a call.
type record struct {
	ending     ending
	idempotent bool
}

// maxRuns is how often an idempotent call may run.
const maxRuns = 3

// Flaw is what can be wrong with a call.
type Flaw string

// The flaws. A clean run has none.
const (
	Lost       Flaw = "lost"       // it did not end, or was done without having run
	Duplicated Flaw = "duplicated" // it ran more often than it may
	MixedUp    Flaw = "mixed up"   // its arguments or its result were not its own
	Misjudged  Flaw = "misjudged"  // it ran, but its error says that it did not
	Unexpected Flaw = "unexpected" // its error is none that the faults explain
)

// judge compares what the caller was told with what the journal says, and
// returns "" if they agree.
func judge(r record, t trace) Flaw {
	most := uint8(1)
	if r.idempotent {
		most = maxRuns
	}
	switch {
	case r.ending == pending:
		return Lost
	case r.ending == foreign || t.damaged > 0:
		return MixedUp
	case r.ending == unexpected:
		return Unexpected
	case r.ending == notStarted && t.begun > 0:
		return Misjudged
	case t.begun > most || t.ended > t.begun:
		return Duplicated
	case (r.ending == done || r.ending == completed) && t.ended == 0:
		return Lost
	case r.ending == stopped && t.begun == 0:
		return Lost
	}
	return ""
}

func describe(call uint64, r record, t trace, what string) string {
	return fmt.Sprintf("call=%d %s: ended=%q idempotent=%t begun=%d completed=%d", call, what, r.ending, r.idempotent, t.begun, t.ended)
}
