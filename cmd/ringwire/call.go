package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/executor"
)

const callHelp = `Call one Python function in a worker process and print its result as JSON.

KWARGS_JSON is a JSON object with the keyword arguments; - reads it from standard
input, @FILE from a file. Nothing can be called that no --allow names.

Exit codes:
  0  done
  1  the function raised, or its result cannot be sent
  2  usage
  3  refused, not found, or bad arguments: nothing has run
  4  deadline passed or cancelled
  5  worker lost, protocol error, or no worker could be started`

const callExample = `  ringwire call --allow 'statistics:*' statistics:median '{"data": [3, 1, 2]}'
  ringwire call --path . --allow 'm:*' --timeout 2s m:add '{"a":1,"b":2}'`

type callCommand struct {
	pool    poolFlags
	timeout time.Duration
	json    bool
}

func newCall() *cobra.Command {
	var c callCommand
	cmd := &cobra.Command{
		Use:     "call MODULE:FUNCTION [KWARGS_JSON]",
		Short:   "Call one Python function and print its result",
		Long:    callHelp,
		Example: callExample,
		Args:    cobra.RangeArgs(1, 2),
		RunE:    c.run,
	}
	c.pool.add(cmd, 1)
	cmd.Flags().DurationVar(&c.timeout, "timeout", 0, "deadline of the call, such as 500ms; 0: none")
	cmd.Flags().BoolVar(&c.json, "json", false, "print one JSON object with result or error")
	return cmd
}

func (c *callCommand) run(cmd *cobra.Command, args []string) error {
	kwargs := json.RawMessage("{}")
	if len(args) == 2 {
		var err error
		if kwargs, err = readKwargs(args[1], cmd.InOrStdin()); err != nil {
			return &usageError{err}
		}
	}
	result, err := c.call(cmd.Context(), c.pool.config(cmd), args[0], kwargs)
	switch {
	case c.json:
		return c.printJSON(cmd, result, err)
	case err != nil:
		printCallError(cmd.ErrOrStderr(), args[0], err)
		return &reportedError{err}
	}
	return printResult(cmd.OutOrStdout(), result)
}

// call starts a pool for one call and ends it.
func (c *callCommand) call(ctx context.Context, cfg executor.Config, function string, kwargs json.RawMessage) (json.RawMessage, error) {
	pool, err := executor.New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	return executor.CallAs[json.RawMessage](ctx, pool, function, kwargs)
}

// readKwargs returns the arguments that the command line names.
func readKwargs(arg string, stdin io.Reader) (json.RawMessage, error) {
	data, err := []byte(arg), error(nil)
	if arg == "-" {
		data, err = io.ReadAll(stdin)
	} else if file, ok := strings.CutPrefix(arg, "@"); ok {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read KWARGS_JSON: %w", err)
	}
	data = bytes.TrimSpace(data)
	if !json.Valid(data) || data[0] != '{' {
		return nil, errors.New("KWARGS_JSON must be a JSON object")
	}
	return data, nil
}

// printResult prints a result on one line. It may be long, so it is not
// assembled in memory first.
func printResult(w io.Writer, result json.RawMessage) error {
	if _, err := w.Write(result); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
