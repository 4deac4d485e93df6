package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/internal/inspect"
	"github.com/ringwire/ringwire/wire"
)

const inspectHelp = `Draw a frame field by field, and show what is wrong with it and where.

HEX is the frame in hexadecimal, with or without spaces; - or nothing reads it
from standard input. The exit code is 0 for a good frame, 1 for one that a decoder
refuses.`

const inspectExample = `  ringwire inspect '04 07000000 15000000 00000000 00000000 00000000'
  ringwire inspect --json < frame.hex
  ringwire inspect --binary < frame.bin`

type inspectCommand struct {
	json       bool
	binary     bool
	maxMessage int
}

func newInspect() *cobra.Command {
	var c inspectCommand
	cmd := &cobra.Command{
		Use:     "inspect [HEX|-]",
		Short:   "Draw a frame field by field",
		Long:    inspectHelp,
		Example: inspectExample,
		Args:    cobra.MaximumNArgs(1),
		RunE:    c.run,
	}
	cmd.Flags().BoolVar(&c.json, "json", false, "print the fields as JSON")
	cmd.Flags().BoolVar(&c.binary, "binary", false, "standard input is the frame itself, not its hexadecimal")
	cmd.Flags().IntVar(&c.maxMessage, "max-message", wire.MaxMessageDefault, "refuse frames longer than so many `BYTES`")
	return cmd
}

func (c *inspectCommand) run(cmd *cobra.Command, args []string) error {
	frame, err := c.read(cmd.InOrStdin(), args)
	if err != nil {
		return &usageError{err}
	}
	report := inspect.Frame(frame, c.maxMessage)
	if c.json {
		err = printJSON(cmd.OutOrStdout(), report)
	} else {
		err = report.WriteText(cmd.OutOrStdout())
	}
	if err != nil {
		return err
	}
	if report.Fault != nil {
		return &reportedError{report.Fault}
	}
	return nil
}

func (c *inspectCommand) read(stdin io.Reader, args []string) ([]byte, error) {
	fromStdin := len(args) == 0 || args[0] == "-"
	switch {
	case c.maxMessage < 0 || c.maxMessage > wire.MaxMessageMax:
		return nil, fmt.Errorf("--max-message must be from 0 to %d", wire.MaxMessageMax)
	case c.binary && !fromStdin:
		return nil, errors.New("--binary reads standard input, so it goes without HEX")
	case c.binary:
		return io.ReadAll(stdin)
	case !fromStdin:
		return parseHex(args[0])
	}
	text, err := io.ReadAll(stdin)
	if err != nil {
		return nil, err
	}
	return parseHex(string(text))
}

// parseHex accepts digits with white space anywhere between them.
func parseHex(s string) ([]byte, error) {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("HEX: %w", err)
	}
	return b, nil
}
