package conformance

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ringwire/ringwire/conformance/vectors"
)

// Options say what Run does with the vectors; the zero value runs all of them.
type Options struct {
	// Profiles limits the run; nil: what the subject names.
	Profiles []string
	// Match limits the run to vectors for which it returns true; nil: all.
	Match func(*vectors.Vector) bool
	// Known lists failures that are expected.
	Known KnownFailures
	// Progress is called after each case, from one goroutine at a time.
	Progress func(done, total int)
}

// Run judges a subject by every vector of its profiles. It ends early, with the
// rest skipped, when ctx is done.
func Run(ctx context.Context, subject Subject, all []vectors.Vector, o Options) *Report {
	info := subject.Info()
	profiles := o.Profiles
	if profiles == nil {
		profiles = info.Profiles
	}
	var chosen []*vectors.Vector
	for i := range all {
		v := &all[i]
		if slices.Contains(profiles, v.Profile()) && (o.Match == nil || o.Match(v)) {
			chosen = append(chosen, v)
		}
	}
	report := &Report{Subject: info, Kind: subject.Kind(), Evidence: evidence(subject.Kind()), Profiles: profiles}
	if inspector, ok := subject.(Inspector); ok && o.Match == nil {
		report.Results = inspector.Inspect(ctx)
	}
	report.Results = append(report.Results, judgeAll(ctx, subject, chosen, o.Progress)...)
	o.Known.apply(report)
	report.count()
	return report
}

func judgeAll(ctx context.Context, subject Subject, chosen []*vectors.Vector, progress func(done, total int)) []Result {
	results := make([]Result, len(chosen))
	var next atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range max(1, min(subject.Parallel(), len(chosen))) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(chosen) {
					return
				}
				verdict := Skipped("the run was ended")
				if ctx.Err() == nil {
					verdict = subject.Judge(ctx, chosen[i])
				}
				results[i] = resultOf(chosen[i], verdict)
				mu.Lock()
				done++
				if progress != nil {
					progress(done, len(chosen))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return results
}

func resultOf(v *vectors.Vector, verdict Verdict) Result {
	return Result{
		ID: v.ID, Comment: v.Comment, Profile: v.Profile(), Requirements: v.Requirements, Verdict: verdict,
	}
}
