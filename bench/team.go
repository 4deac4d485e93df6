package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// team are the peers of rows with the same number of workers.
type team []*member

// member is a peer that is ready, or not any more.
type member struct {
	peer     Peer
	workers  int
	session  Session // nil: to be started again
	failures int     // rounds that could not be measured
}

const (
	// patience is how long a round, or a start, may take before the peer counts as
	// stuck.
	patience = 15 * time.Second
	// tries is how often a round is begun, each time with a peer that has just been
	// started but for the first.
	tries = 2
	// hopeless is after how many failures nobody tries any longer.
	hopeless = 3
)

// openSpans is how many times as long a round of an open loop is: the lower the
// rate, the fewer the calls.
const openSpans = 2

// assemble starts the peers that have something to do. Those that fail to start
// have another chance in their first round.
func assemble(ctx context.Context, peers []Peer, works []Work) team {
	var t team
	for _, p := range peers {
		m := &member{peer: p, workers: works[0].Workers}
		for _, w := range works {
			if p.Does(w) {
				_ = m.start(ctx)
				break
			}
		}
		t = append(t, m)
	}
	return t
}

func (t team) close() {
	for _, m := range t {
		m.stop()
	}
}

func (m *member) start(ctx context.Context) (err error) {
	m.session, err = m.peer.Start(ctx, m.workers)
	if err != nil {
		m.session = nil
		return fmt.Errorf("start: %w", err)
	}
	return nil
}

// stop does not report a peer that ends badly: what it has done before was checked.
func (m *member) stop() {
	if m.session != nil {
		_ = m.session.Close()
		m.session = nil
	}
}

// round measures one, with a new session if the first one fails.
func (m *member) round(ctx context.Context, r Round, span Span) (f figures, err error) {
	if m.failures >= hopeless {
		return figures{}, fmt.Errorf("it has failed %d times", m.failures)
	}
	for range tries {
		if m.session == nil {
			err = m.start(ctx)
		}
		if m.session != nil {
			if f, err = oneRound(ctx, m.session, r, span); err == nil {
				return f, nil
			}
		}
		m.stop()
		if ctx.Err() != nil {
			break
		}
	}
	m.failures++
	return figures{}, err
}

func oneRound(ctx context.Context, s Session, r Round, span Span) (figures, error) {
	ctx, cancel := patiently(ctx, "a round")
	defer cancel()
	runtime.GC() // nobody pays for the garbage of whoever was measured before
	r.Seconds = span.WarmUp.Seconds()
	if _, err := s.Measure(ctx, r); err != nil {
		return figures{}, fmt.Errorf("warm-up: %w", err)
	}
	r.Seconds = span.Measure.Seconds()
	if r.open() {
		r.Seconds *= openSpans
	}
	sample, err := s.Measure(ctx, r)
	if err == nil && (sample.Calls == 0 || len(sample.Latencies) == 0) {
		err = errors.New("no call ended in time")
	}
	if err != nil {
		return figures{}, err
	}
	f := newFigures(sample)
	if r.open() {
		f.kept = kept(r.span(), sample.Elapsed)
	}
	return f, nil
}

func patiently(ctx context.Context, what string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, patience, fmt.Errorf("%s took longer than %v", what, patience))
}
