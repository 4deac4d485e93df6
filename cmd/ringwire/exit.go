package main

import (
	"context"
	"errors"

	"github.com/ringwire/ringwire/executor"
)

// Exit codes.
const (
	exitDone     = 0 // done
	exitFailed   = 1 // the function raised, or its result could not be sent
	exitUsage    = 2 // the command line makes no sense
	exitRefused  = 3 // refused, not found, or bad arguments: nothing has run; conform: could not start
	exitCanceled = 4 // deadline passed or cancelled
	exitLost     = 5 // worker lost, protocol error, or no worker could be started
)

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// reportedError is an error that the user has been told about.
type reportedError struct{ err error }

func (e *reportedError) Error() string { return e.err.Error() }
func (e *reportedError) Unwrap() error { return e.err }

// kinds maps what a call can end with to an exit code and to the word that
// --json uses. The first match counts: a call that was cancelled and lost its
// worker over it is cancelled.
var kinds = []struct {
	err  error
	kind string
	code int
}{
	{context.DeadlineExceeded, "expired", exitCanceled}, // ErrExpired is one
	{context.Canceled, "canceled", exitCanceled},        // ErrCanceled is one
	{executor.ErrForbidden, "forbidden", exitRefused},
	{executor.ErrNotFound, "not_found", exitRefused},
	{executor.ErrBadArguments, "bad_arguments", exitRefused},
	{executor.ErrTooLarge, "too_large", exitRefused}, // but see classify
	{executor.ErrQueueFull, "queue_full", exitRefused},
	{executor.ErrRaised, "raised", exitFailed},
	{executor.ErrBadResult, "bad_result", exitFailed},
	{executor.ErrProtocol, "protocol", exitLost},
	{executor.ErrCrashLoop, "crash_loop", exitLost},
	{executor.ErrPoison, "poison", exitLost},
	{executor.ErrWorkerLost, "worker_lost", exitLost},
	{executor.ErrUnavailable, "unavailable", exitLost},
	{executor.ErrClosed, "closed", exitLost},
}

// classify returns the kind and the exit code of a failed call.
func classify(err error) (kind string, code int) {
	var (
		python  *executor.PythonError
		startup *executor.StartupError
		config  *executor.ConfigError
	)
	switch {
	case errors.As(err, &config):
		return "config", exitUsage
	case errors.Is(err, executor.ErrTooLarge) && errors.As(err, &python):
		// The worker says so of a result; of arguments, the pool does.
		return "result_too_large", exitFailed
	case errors.As(err, &startup) && !isContext(err):
		return "startup", exitLost
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.kind, k.code
		}
	}
	return "failed", exitFailed
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// exitCode returns the exit code for the error of a command, and whether the
// user has been told about it.
func exitCode(err error) (code int, reported bool) {
	var usage *usageError
	var told *reportedError
	var start *startError
	reported = errors.As(err, &told)
	switch {
	case err == nil:
		return exitDone, true
	case errors.As(err, &usage):
		return exitUsage, reported
	case errors.As(err, &start):
		return exitRefused, reported
	}
	_, code = classify(err)
	return code, reported
}
