package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/executor"
)

// printCallError tells a person why a call failed: the traceback, if there is
// one, then one line that sums it up, then what can be done.
func printCallError(w io.Writer, function string, err error) {
	var python *executor.PythonError
	if errors.As(err, &python) && python.Traceback != "" {
		fmt.Fprintln(w, strings.TrimRight(python.Traceback, "\n"))
	}
	var startup *executor.StartupError
	if errors.As(err, &startup) {
		// What the worker wrote has been passed on already.
		err = fmt.Errorf("worker %d did not start: %w", startup.Worker, startup.Err)
	}
	fmt.Fprintf(w, "ringwire: %v\n", err)
	if errors.Is(err, executor.ErrForbidden) {
		fmt.Fprintf(w, "Allow it with --allow '%s', if that is what you want.\n", function)
	}
}

// callOutput is what --json prints: result or error.
type callOutput struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *callFailure    `json:"error,omitempty"`
}

// callFailure is a failed call for machines.
type callFailure struct {
	Kind      string                `json:"kind"`
	ExitCode  int                   `json:"exit_code"`
	Message   string                `json:"message"`
	Function  string                `json:"function,omitempty"`
	Outcome   string                `json:"outcome,omitempty"` // how far it came
	Attempt   int                   `json:"attempt,omitempty"`
	Exception *executor.PythonError `json:"exception,omitempty"`
	Worker    *workerExit           `json:"worker,omitempty"`
}

// workerExit is how the worker ended that was lost.
type workerExit struct {
	PID    int    `json:"pid"`
	Code   int    `json:"code"`
	Signal string `json:"signal,omitempty"`
	OOM    bool   `json:"oom,omitempty"`
	Stderr string `json:"stderr,omitempty"`
}

func newCallFailure(err error) *callFailure {
	f := &callFailure{Message: err.Error()}
	f.Kind, f.ExitCode = classify(err)
	var call *executor.CallError
	if errors.As(err, &call) {
		f.Function, f.Outcome, f.Attempt = call.Function, call.Outcome.String(), call.Attempt
	}
	errors.As(err, &f.Exception)
	var exit *executor.WorkerExitError
	if errors.As(err, &exit) {
		f.Worker = &workerExit{PID: exit.PID, Code: exit.Code, Signal: exit.Signal, OOM: exit.OOM, Stderr: exit.Stderr}
	}
	return f
}

// printJSON prints the end of a call for machines, on one line, and returns an
// error that only carries the exit code.
func (c *callCommand) printJSON(cmd *cobra.Command, result json.RawMessage, err error) error {
	out := callOutput{Result: result}
	if err != nil {
		out = callOutput{Error: newCallFailure(err)}
	}
	line := json.NewEncoder(cmd.OutOrStdout())
	line.SetEscapeHTML(false)
	if printed := line.Encode(out); printed != nil {
		return printed
	}
	if err != nil {
		return &reportedError{err}
	}
	return nil
}
