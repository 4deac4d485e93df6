package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/native"
	"github.com/ringwire/ringwire/conformance/subprocess"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/conformance/wasm"
)

const conformHelp = `Judge implementations of the specification by the golden vectors, and say for
each requirement what holds and what does not.

An implementation is a WebAssembly module (--wasm), a child process that speaks
JSON lines (--exec), a decoder that is run once for every message (--decoder), a
worker (--worker), or this command's own codec and ring (--native); spec chapter 08
says how each is asked. A module runs in a child process with bounded memory and
time. Give several to compare them in one table with --matrix.

A worker is started as CMD fd:3 0, with a region that this command makes, hundreds
of times: it is judged by its answers, by what it does to the region, and by how it
ends. It has to offer the functions of the live profile; one that runs Python is
given them. "ringwire conform mirror" is a worker that conforms, or breaks one rule
on request.

The exit code is 0 if all conform, 1 if one does not, 2 for a mistake in usage,
and 3 if an implementation could not be started.`

// The files are those of this repository.
const conformExample = `  ringwire conform --native
  ringwire conform --wasm spec/oracle/oracle.wasm --certify certificate.json
  PYTHONPATH=pyref ringwire conform --worker 'python3 -m ringwire.worker' --match '^(live-handshake|session-echo)'
  PYTHONPATH=pyref ringwire conform --exec 'python3 examples/implementations/pyref/codec.py' --format junit --output report.xml`

type conformCommand struct {
	wasm, exec, decoder []string
	workers             workerFlags
	native              bool

	profiles []string
	match    string
	vectors  string
	known    string
	patience time.Duration

	format  string
	output  string
	matrix  string
	certify string
}

func newConform() *cobra.Command {
	var c conformCommand
	cmd := &cobra.Command{
		Use:     "conform (--wasm FILE | --exec CMD | --decoder CMD | --worker CMD | --native)...",
		Short:   "Judge an implementation of the specification",
		Long:    conformHelp,
		Example: conformExample,
		Args:    cobra.NoArgs,
		RunE:    c.run,
	}
	f := cmd.Flags()
	f.StringArrayVar(&c.wasm, "wasm", nil, "a WebAssembly module, as a `FILE`")
	f.StringArrayVar(&c.exec, "exec", nil, "a `CMD` that speaks JSON lines; split at spaces")
	f.StringArrayVar(&c.decoder, "decoder", nil, "a `CMD` that decodes one message; split at spaces")
	c.workers.add(cmd)
	f.BoolVar(&c.native, "native", false, "the codec and the ring of this command")
	f.StringSliceVar(&c.profiles, "profile", nil, "judge these `PROFILES` instead of what the implementation names")
	f.StringVar(&c.match, "match", "", "only vectors whose id matches this regular `EXPRESSION`")
	f.StringVar(&c.vectors, "vectors", "", "take the vectors from this `DIR` instead of those built in")
	f.StringVar(&c.known, "known", "", "a `FILE` with ids of vectors that are known to fail, each with its reason")
	f.DurationVar(&c.patience, "timeout", 2*time.Second, "how long a case may take; of a worker, each thing that it has to do")
	f.StringVar(&c.format, "format", "text", "text, json, junit or tap")
	f.StringVarP(&c.output, "output", "o", "", "write the report to this `FILE`")
	f.StringVar(&c.matrix, "matrix", "", "write a table of requirements and implementations, in Markdown, to this `FILE`")
	f.StringVar(&c.certify, "certify", "", "write a certificate that can be reproduced to this `FILE` (one --wasm only)")
	addMirror(cmd)
	return cmd
}

// startError says that an implementation could not be judged at all.
type startError struct{ err error }

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

// errNotConforming is told by the report.
var errNotConforming = errors.New("does not conform")

func (c *conformCommand) run(cmd *cobra.Command, _ []string) error {
	write, options, err := c.settle()
	if err != nil {
		return &usageError{err}
	}
	all, err := c.load()
	if err != nil {
		return &usageError{err}
	}
	var reports []*conformance.Report
	for _, open := range c.subjects(cmd.ErrOrStderr(), all, options.Match) {
		report, err := c.judge(cmd.Context(), open, all, options)
		if err != nil {
			return err
		}
		reports = append(reports, report)
	}
	if err := writeTo(c.output, cmd.OutOrStdout(), func(w io.Writer) error {
		for _, r := range reports {
			if err := write(r, w); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if c.matrix != "" {
		if err := writeTo(c.matrix, nil, func(w io.Writer) error { return conformance.WriteMatrix(w, reports) }); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(reports, func(r *conformance.Report) bool { return !r.Conforms() }) {
		return &reportedError{errNotConforming}
	}
	return nil
}

// settle checks the flags.
func (c *conformCommand) settle() (func(*conformance.Report, io.Writer) error, conformance.Options, error) {
	o := conformance.Options{Profiles: c.profiles}
	write, ok := map[string]func(*conformance.Report, io.Writer) error{
		"text": (*conformance.Report).WriteText, "json": (*conformance.Report).WriteJSON,
		"junit": (*conformance.Report).WriteJUnit, "tap": (*conformance.Report).WriteTAP,
	}[c.format]
	if !ok {
		return nil, o, fmt.Errorf("--format must be text, json, junit or tap, not %q", c.format)
	}
	subjects := len(c.wasm) + len(c.exec) + len(c.decoder) + len(c.workers.commands)
	if subjects == 0 && !c.native {
		return nil, o, errors.New("nothing to judge: give --wasm, --exec, --decoder, --worker or --native")
	}
	if c.certify != "" && (len(c.wasm) != 1 || subjects != 1 || c.native || c.match != "" || c.known != "" || len(c.profiles) > 0) {
		return nil, o, errors.New("--certify goes with one --wasm, and with all of its vectors")
	}
	if c.match != "" {
		expression, err := regexp.Compile(c.match)
		if err != nil {
			return nil, o, fmt.Errorf("--match: %w", err)
		}
		o.Match = func(v *vectors.Vector) bool { return expression.MatchString(v.ID) }
	}
	if c.known != "" {
		file, err := os.Open(c.known)
		if err != nil {
			return nil, o, err
		}
		defer file.Close()
		if o.Known, err = conformance.ReadKnownFailures(file); err != nil {
			return nil, o, err
		}
	}
	return write, o, nil
}

func (c *conformCommand) load() ([]vectors.Vector, error) {
	if c.vectors == "" {
		return vectors.All(), nil
	}
	return vectors.Load(os.DirFS(c.vectors))
}

// opener starts an implementation.
type opener func(context.Context) (conformance.Subject, error)

func (c *conformCommand) subjects(stderr io.Writer, cases []vectors.Vector, match func(*vectors.Vector) bool) []opener {
	all := c.workers.open(cases, match, c.patience)
	if c.native {
		all = append(all, func(context.Context) (conformance.Subject, error) { return native.New(), nil })
	}
	for _, file := range c.wasm {
		all = append(all, func(ctx context.Context) (conformance.Subject, error) {
			module, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			limits := wasm.DefaultLimits()
			limits.CallTime = c.patience
			return wasm.OpenSandbox(ctx, module, limits)
		})
	}
	for _, command := range c.exec {
		all = append(all, func(context.Context) (conformance.Subject, error) {
			return subprocess.Start(strings.Fields(command), subprocess.Options{Patience: c.patience, Stderr: stderr})
		})
	}
	for _, command := range c.decoder {
		all = append(all, func(context.Context) (conformance.Subject, error) {
			return subprocess.NewDecoder(strings.Fields(command), c.patience)
		})
	}
	return all
}

func (c *conformCommand) judge(ctx context.Context, open opener, all []vectors.Vector, o conformance.Options) (report *conformance.Report, err error) {
	subject, err := open(ctx)
	if err != nil {
		return nil, &startError{err}
	}
	defer func() { err = errors.Join(err, subject.Close()) }()
	if subject.Kind() == "worker" {
		all, o.Match = choose(all, o.Match), nil // its scenarios were chosen when it was opened
	}
	report = conformance.Run(ctx, subject, all, o)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if c.certify == "" {
		return report, nil
	}
	module, ok := subject.(interface{ Digest() string })
	if !ok {
		return nil, fmt.Errorf("--certify: no WebAssembly module: kind=%s", subject.Kind())
	}
	certificate, err := conformance.Certify(report, module.Digest(), all)
	if err != nil {
		return nil, err
	}
	return report, writeTo(c.certify, nil, certificate.Write)
}

// writeTo writes to a file, or to w if no file is named.
func writeTo(file string, w io.Writer, write func(io.Writer) error) error {
	if file == "" {
		return write(w)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// choose returns the vectors that match.
func choose(all []vectors.Vector, match func(*vectors.Vector) bool) []vectors.Vector {
	if match == nil {
		return all
	}
	var chosen []vectors.Vector
	for i := range all {
		if match(&all[i]) {
			chosen = append(chosen, all[i])
		}
	}
	return chosen
}
