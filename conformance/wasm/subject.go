// Package wasm judges WebAssembly modules with the interface of spec chapter 08.
//
// Each case is put to a fresh instance in every placement of the buffers, and to
// one that lives through the whole run, in wazero's compiler and interpreter;
// all must answer alike. The module can only harm itself, and in this process
// only by using memory and time up to its limits. A module that recurses without
// end can still make the runtime use much memory for its stack, so untrusted
// modules belong into a child process: see Sandbox.
package wasm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

// Subject is a module that runs in this process. It is for one goroutine.
type Subject struct {
	engines []*engine
	old     []*instance // per engine: the instance that lives through the run
	tables  tables
	limits  Limits
	info    conformance.Info
	digest  string
	// settable says that the module exports rw_set_max_message.
	settable bool
	// hangs counts cases in which the module did not return in time.
	hangs int
}

const (
	// maxHangs is how many cases a module may hang in before the rest is not
	// tried any more.
	maxHangs = 5
	// maxRuns is the most runs of a case: five placements and a used instance in
	// two engines.
	maxRuns = 12
)

// Open compiles a module and asks what it is. The error tells why it cannot be
// judged at all.
func Open(ctx context.Context, module []byte, limits Limits) (*Subject, error) {
	engines, err := newEngines(ctx, module, limits)
	if err != nil {
		return nil, err
	}
	s := &Subject{engines: engines, old: make([]*instance, len(engines)), tables: loadTables(), limits: limits, digest: digest(module)}
	if err := s.introduce(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// introduce reads rw_abi_version and rw_info.
func (s *Subject) introduce(ctx context.Context) error {
	i, err := s.engines[0].newInstance(ctx)
	if err != nil {
		return err
	}
	defer i.close()
	if err := s.checkExports(""); err != nil {
		return err
	}
	s.settable = i.module.ExportedFunction("rw_set_max_message") != nil
	version, err := i.call(ctx, "rw_abi_version")
	if err != nil {
		return fmt.Errorf("wasm: %w", err)
	}
	if version>>16 != abiMajor {
		return fmt.Errorf("wasm: ABI-001: unknown interface version: major=%d minor=%d", version>>16, version&0xFFFF)
	}
	a := &asker{instance: i, tables: &s.tables, placement: placements(1)[0], ctx: ctx}
	out := &block{data: make([]byte, 4096), mode: output}
	n, err := a.invoke("rw_info", []*block{out}, func() []uint32 { return []uint32{out.at, length(out)} })
	if err != nil {
		return fmt.Errorf("wasm: %w", err)
	}
	if n < 0 || int(n) > len(out.data) {
		return fmt.Errorf("wasm: ABI-011: rw_info returned %d for a room of %d bytes", n, len(out.data))
	}
	if err := json.Unmarshal(out.data[:n], &s.info); err != nil {
		return fmt.Errorf("wasm: rw_info: %w", err)
	}
	return nil
}

// checkExports reports the first function of a profile ("": of every module)
// that is missing or has another signature.
func (s *Subject) checkExports(profile string) error {
	have := s.engines[0].compiled.ExportedFunctions()
	for _, e := range exports {
		f, ok := have[e.name]
		switch {
		case e.profile != profile && (e.profile != "-" || !ok):
		case !ok:
			return fmt.Errorf("wasm: ABI-001: missing export=%s", e.name)
		case !e.fits(f):
			return fmt.Errorf("wasm: ABI-001: wrong signature: export=%s", e.name)
		}
	}
	return nil
}

// Info implements conformance.Subject.
func (s *Subject) Info() conformance.Info { return s.info }

// Digest is the SHA-256 of the module, in hex.
func (s *Subject) Digest() string { return s.digest }

// Kind implements conformance.Subject.
func (*Subject) Kind() string { return "wasm" }

// Parallel implements conformance.Subject.
func (*Subject) Parallel() int { return 1 }

// Close implements conformance.Subject.
func (s *Subject) Close() error {
	closeEngines(context.Background(), s.engines)
	return nil
}

// Inspect implements conformance.Inspector: the exports of each profile.
func (s *Subject) Inspect(context.Context) []conformance.Result {
	var results []conformance.Result
	for _, profile := range []string{"decode", "encode", "stream", "ring"} {
		if !slices.Contains(s.info.Profiles, profile) {
			continue
		}
		var findings []conformance.Finding
		if err := s.checkExports(profile); err != nil {
			findings = append(findings, conformance.Finding{Text: err.Error()})
		}
		results = append(results, conformance.Result{
			ID: "abi-exports-" + profile, Comment: "the functions of the profile, with their signatures", Profile: profile,
			Requirements: []string{"ABI-001"}, Verdict: conformance.Judged(findings),
		})
	}
	return results
}

// maxPlacementBytes bounds the cases that are tried in every placement; larger
// ones are tried in the first and the last.
const maxPlacementBytes = 1 << 20

// Judge implements conformance.Subject.
func (s *Subject) Judge(ctx context.Context, v *vectors.Vector) conformance.Verdict {
	if uint64(v.MaxMessage) != s.info.MaxMessage && !s.settable && v.Operation != vectors.RingImage {
		return conformance.Skipped("max_message is fixed: the module has no rw_set_max_message")
	}
	if s.hangs >= maxHangs {
		return conformance.Judged([]conformance.Finding{{Requirement: "ABI-010", Text: fmt.Sprintf("not tried: the module hung in %d cases", s.hangs)}})
	}
	var runs []run
	for k, e := range s.engines {
		runs = append(runs, s.fresh(ctx, e, v)...)
		if hung(runs) {
			break // the other runs would only take as long
		}
		if s.limits.Quick {
			continue
		}
		runs = append(runs, s.used(ctx, k, v))
		if hung(runs) {
			break
		}
	}
	if hung(runs) {
		s.hangs++
	}
	return merge(runs)
}

// hung reports whether the last run took longer than it may.
func hung(runs []run) bool {
	if len(runs) == 0 {
		return false
	}
	for _, f := range runs[len(runs)-1].verdict.Findings {
		if f.Requirement == "ABI-010" {
			return true
		}
	}
	return false
}

// run is one way in which a case was put.
type run struct {
	where   string
	verdict conformance.Verdict
}

// fresh puts the case to a new instance, once for each placement.
func (s *Subject) fresh(ctx context.Context, e *engine, v *vectors.Vector) []run {
	var runs []run
	var i *instance
	defer func() {
		if i != nil {
			i.close()
		}
	}()
	for _, p := range s.choose(v) {
		if i == nil || i.broken {
			if i != nil {
				i.close()
			}
			var err error
			if i, err = e.newInstance(ctx); err != nil {
				i = nil
				return append(runs, run{e.name, failed(err)})
			}
		}
		runs = append(runs, run{e.name + ", " + p.name, s.put(ctx, i, p, v)})
		if hung(runs) {
			return runs
		}
	}
	return runs
}

// used puts the case to the instance that has answered all cases before.
func (s *Subject) used(ctx context.Context, k int, v *vectors.Vector) run {
	where := s.engines[k].name + ", used instance"
	if s.old[k] == nil || s.old[k].broken {
		if s.old[k] != nil {
			s.old[k].close()
			s.old[k] = nil
		}
		i, err := s.engines[k].newInstance(ctx)
		if err != nil {
			return run{where, failed(err)}
		}
		s.old[k] = i
	}
	verdict := s.put(ctx, s.old[k], placements(0)[0], v)
	if s.old[k].arena.size > maxPlacementBytes {
		s.old[k].broken = true // not worth looking after that much room in every call
	}
	return run{where, verdict}
}

// choose returns the placements of a case: as many as its calls have buffers.
func (s *Subject) choose(v *vectors.Vector) []placement {
	buffers := 2
	if v.Operation == vectors.RingImage {
		buffers = 3
		for _, step := range v.Steps {
			if step.Params != nil && regionSize(step.Params) > maxPlacementBytes || step.Size != nil && *step.Size > maxPlacementBytes {
				return placements(1)[:1]
			}
		}
	}
	all := placements(buffers)
	if s.limits.Quick || v.Input != nil && len(*v.Input) > maxPlacementBytes {
		return []placement{all[0], all[2]}
	}
	return all
}

func (s *Subject) put(ctx context.Context, i *instance, p placement, v *vectors.Vector) conformance.Verdict {
	if _, err := i.call(ctx, "rw_reset"); err != nil {
		return failed(err)
	}
	a := &asker{instance: i, tables: &s.tables, placement: p, ctx: ctx}
	if v.Operation == vectors.RingImage {
		l := newLane(a)
		findings := conformance.PlayRing(v.Steps, l)
		var f *fault
		if errors.As(l.fault, &f) {
			findings = append(findings, conformance.Finding{Requirement: f.requirement, Text: f.text})
		}
		return conformance.Judged(findings)
	}
	if s.settable {
		result, err := i.call(ctx, "rw_set_max_message", uint32(v.MaxMessage))
		if err != nil {
			return failed(err)
		}
		if result != 0 {
			return failed(&fault{"ABI-011", fmt.Sprintf("rw_set_max_message(%d) returned %d", v.MaxMessage, result)})
		}
	}
	answer, err := a.ask(v)
	if err != nil {
		return failed(overrun(err, p, v))
	}
	return conformance.Judge(v, &answer)
}

// overrun says of a trap what it was about if the message ended with the last
// byte of the memory: the module went for the byte behind it. Other errors stay
// as they are.
func overrun(err error, p placement, v *vectors.Vector) error {
	var f *fault
	if p.flush != 0 || v.Input == nil || !errors.As(err, &f) || !strings.Contains(f.text, outOfBounds) {
		return err
	}
	n := len(*v.Input)
	return &fault{"ABI-004", fmt.Sprintf("%s: it went beyond the %d bytes of the message, with which the memory ends%s", f.text, n, conformance.Picture(v, n))}
}

// failed is the verdict on a case in which the module did what no answer is.
func failed(err error) conformance.Verdict {
	finding := conformance.Finding{Text: err.Error()}
	var f *fault
	if errors.As(err, &f) {
		finding.Requirement = f.requirement
	}
	return conformance.Judged([]conformance.Finding{finding})
}

// merge makes one verdict of all runs of a case. What shows in every run is said
// once; what shows in some is said with the place, and offends CONF-003 too if
// other runs passed.
func merge(runs []run) conformance.Verdict {
	byText := map[conformance.Finding][]string{}
	var order []conformance.Finding
	for _, r := range runs {
		if r.verdict.Status == conformance.Skip {
			return r.verdict
		}
		for _, f := range r.verdict.Findings {
			if byText[f] == nil {
				order = append(order, f)
			}
			byText[f] = append(byText[f], r.where)
		}
	}
	var findings []conformance.Finding
	for _, f := range order {
		if where := byText[f]; len(where) < len(runs) {
			f.Where = where[0]
			if len(where) > 1 {
				f.Where += fmt.Sprintf(" and %d other runs", len(where)-1)
			}
		}
		findings = append(findings, f)
	}
	return conformance.Judged(findings)
}
