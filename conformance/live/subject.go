//go:build linux

package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/ring"
)

// Subject is a worker that is judged live. Each case starts workers of its own.
type Subject struct {
	config Config
	dir    string // the Python modules, and files that functions write
	info   conformance.Info
	python bool // the worker imports the kit's modules

	generation    atomic.Uint64
	startFailures atomic.Int32
	files         atomic.Int64

	mu    sync.Mutex
	hangs map[string]int // per group
}

// A worker that does not start, or hangs, costs the kit's patience every time.
const (
	maxStartFailures = 4
	maxHangs         = 3 // in one group
	maxHangsOverall  = 12
)

// introduce learns what the worker is.
func (s *Subject) introduce(ctx context.Context) error {
	var status ring.WorkerStatus
	started := false
	t := &trial{kit: s, ctx: ctx}
	verdict := t.play(func(t *trial) {
		l := t.start(setup{allow: []string{pythonModule + ":*"}})
		started = true
		status = l.region.Worker().Snapshot()
		s.python = l.expect(l.callIn(pythonModule, "present", "")).Success
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !started:
		return errors.New(verdict.Findings[len(verdict.Findings)-1].Text)
	}
	name, version, _ := strings.Cut(status.Implementation, " ")
	if name == "" {
		name = filepath.Base(s.config.Command[0])
	}
	s.info = conformance.Info{Name: name, Version: version, Profiles: []string{"worker"}, MaxMessage: ring.MaxMessageMax}
	if s.python {
		s.info.Language = "Python"
	}
	return nil
}

// Info implements conformance.Subject.
func (s *Subject) Info() conformance.Info { return s.info }

// Kind implements conformance.Subject.
func (*Subject) Kind() string { return "worker" }

// Parallel implements conformance.Subject.
func (s *Subject) Parallel() int { return s.config.Parallel }

// Close implements conformance.Subject.
func (s *Subject) Close() error { return os.RemoveAll(s.dir) }

// Judge implements conformance.Subject: it plays a session with a worker.
func (s *Subject) Judge(ctx context.Context, v *vectors.Vector) conformance.Verdict {
	if v.Session == nil {
		return conformance.Skipped("a live worker is judged by sessions; operation=" + v.Operation)
	}
	return s.try(ctx, "session", func(t *trial) { t.session(v.Session) })
}

// Inspect implements conformance.Inspector: it plays the scenarios.
func (s *Subject) Inspect(ctx context.Context) []conformance.Result {
	jobs := s.jobs()
	results := make([][]conformance.Result, len(jobs))
	var next atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range min(s.config.Parallel, len(jobs)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				results[i] = jobs[i](ctx)
				mu.Lock()
				done++
				s.config.Progress(done, len(jobs))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	var all []conformance.Result
	for _, r := range results {
		all = append(all, r...)
	}
	return all
}

// job is a piece of work for one goroutine: it judges one case, or several with
// one worker.
type job func(context.Context) []conformance.Result

func (s *Subject) jobs() []job {
	var jobs []job
	for _, c := range scenarios {
		if !s.config.Match(c.id()) || c.python && !s.python {
			continue
		}
		jobs = append(jobs, func(ctx context.Context) []conformance.Result {
			return []conformance.Result{s.result(c.id(), c.comment, strings.Fields(c.requirements), s.try(ctx, c.group, c.run))}
		})
	}
	return append(append(jobs, s.regionJobs()...), s.requestJobs()...)
}

func (s *Subject) result(id, comment string, requirements []string, v conformance.Verdict) conformance.Result {
	return conformance.Result{ID: id, Comment: comment, Profile: "worker", Requirements: requirements, Verdict: v}
}

// try plays a case, unless too many before it cost too much time.
func (s *Subject) try(ctx context.Context, group string, run func(*trial)) conformance.Verdict {
	if v, ok := s.givenUp(ctx, group); ok {
		return v
	}
	t := &trial{kit: s, ctx: ctx}
	verdict := t.play(run)
	if t.hung {
		s.mu.Lock()
		s.hangs[group]++
		s.mu.Unlock()
	}
	return verdict
}

// givenUp returns the verdict on a case that is not worth trying any more.
func (s *Subject) givenUp(ctx context.Context, group string) (conformance.Verdict, bool) {
	s.mu.Lock()
	hangs, overall := s.hangs[group], 0
	for _, n := range s.hangs {
		overall += n
	}
	s.mu.Unlock()
	var why string
	switch {
	case ctx.Err() != nil:
		return conformance.Skipped("the run was ended"), true
	case s.startFailures.Load() >= maxStartFailures:
		why = fmt.Sprintf("not tried: the worker failed to start %d times", s.startFailures.Load())
	case overall >= maxHangsOverall:
		why = fmt.Sprintf("not tried: the worker was too slow in %d cases", overall)
	case hangs >= maxHangs:
		why = fmt.Sprintf("not tried: the worker was too slow in %d cases of this group", hangs)
	default:
		return conformance.Verdict{}, false
	}
	return conformance.Judged([]conformance.Finding{{Text: why}}), true
}

// newFile returns the path of a file that does not exist yet.
func (s *Subject) newFile() string {
	return fmt.Sprintf("%s/trace-%d", s.dir, s.files.Add(1))
}

// patience is how long a worker may take for the next thing.
func (t *trial) patience() time.Duration { return t.kit.config.Patience }
