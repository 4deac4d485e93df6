//go:build linux

package live

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/ringwire/ringwire/conformance"
)

// trial is one case under way. Its methods are for one goroutine.
type trial struct {
	kit      *Subject
	ctx      context.Context
	findings []conformance.Finding
	lanes    []*lane
	hung     bool // a wait ran out of time
}

// abort unwinds a case that cannot go on.
type abort struct{}

// failf records a finding and goes on. An empty requirement means those of the
// case.
func (t *trial) failf(requirement, format string, args ...any) {
	t.findings = append(t.findings, conformance.Finding{Requirement: requirement, Text: fmt.Sprintf(format, args...)})
}

// fatalf records a finding and ends the case.
func (t *trial) fatalf(requirement, format string, args ...any) {
	t.failf(requirement, format, args...)
	panic(abort{})
}

// broken ends the case because the kit itself cannot go on.
func (t *trial) broken(err error) {
	t.fatalf("", "the kit could not do its part: %v", err)
}

// play runs a case to its end and judges it. All that it started is gone then.
func (t *trial) play(run func(*trial)) conformance.Verdict {
	func() {
		defer func() {
			if p := recover(); p != nil {
				if _, ok := p.(abort); !ok {
					t.close()
					panic(p)
				}
			}
		}()
		run(t)
	}()
	t.close()
	return conformance.Judged(t.findings)
}

// adopt makes a lane that another case released this one's.
func (t *trial) adopt(l *lane) {
	l.trial = t
	t.lanes = []*lane{l}
}

// release keeps the lane from being closed with the case: another will adopt it.
func (t *trial) release() *lane {
	l := t.lanes[0]
	t.lanes = nil
	return l
}

func (t *trial) close() {
	for _, l := range t.lanes {
		l.close()
	}
}

// maxRound is how much of one round of waiting counts. A round is much shorter,
// unless the whole machine stood still, which is not the worker's fault.
const maxRound = 50 * time.Millisecond

// until waits until done, and reports false if that took longer than the
// patience of the kit or the run was ended.
func (t *trial) until(patience time.Duration, done func() bool) bool {
	var waited time.Duration
	last := time.Now()
	for p := (pause{}); ; p.wait() {
		if done() {
			return true
		}
		if t.ctx.Err() != nil {
			t.fatalf("", "the run was ended")
		}
		now := time.Now()
		waited += min(now.Sub(last), maxRound)
		last = now
		if waited > patience {
			t.hung = true
			return false
		}
	}
}

// pause is a wait that grows: a worker that answers at once is met at once, and
// one that takes its time costs little.
type pause struct{ rounds int }

func (p *pause) wait() {
	p.rounds++
	if p.rounds < 20 {
		runtime.Gosched()
		return
	}
	time.Sleep(min(time.Duration(p.rounds)*5*time.Microsecond, time.Millisecond))
}
