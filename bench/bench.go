package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Peer is a way of calling Python, or something to compare that with.
type Peer interface {
	Name() string
	// Does reports whether such work makes sense for the peer.
	Does(w Work) bool
	// Start makes the peer ready, with so many worker processes.
	Start(ctx context.Context, workers int) (Session, error)
}

// Session is a peer that is ready. It costs nothing while it is not used.
type Session interface {
	Measure(ctx context.Context, r Round) (Sample, error)
	// Processes lists the caller and the workers.
	Processes() []int
	Close() error
}

// Span is how long a round lasts.
type Span struct {
	WarmUp  time.Duration // calls that do not count
	Measure time.Duration // calls that do
}

// patience is how long a round may take in all before its peer counts as stuck.
const patience = 2 * time.Minute

// Plan is what Run measures.
type Plan struct {
	Works  []Work // those with the same number of workers follow one another
	Rounds int
	Span   Span
}

// Run measures every work with every peer that does it. The ratios of the report
// are those of the first peer over the others. progress is called after every
// round.
func Run(ctx context.Context, plan Plan, peers []Peer, progress func(done, total int)) ([]Row, error) {
	var rows []Row
	total := len(plan.Works) * plan.Rounds
	for start := 0; start < len(plan.Works); {
		end := start + 1
		for end < len(plan.Works) && plan.Works[end].Workers == plan.Works[start].Workers {
			end++
		}
		group := plan.Works[start:end]
		err := withSessions(ctx, peers, group, func(sessions []Session) error {
			for _, work := range group {
				row, err := measure(ctx, plan, peers, sessions, work, rows, func(round int) {
					progress(len(rows)*plan.Rounds+round, total)
				})
				if err != nil {
					return err
				}
				rows = append(rows, row)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		start = end
	}
	return rows, nil
}

// measure makes one row: rounds in which the peers take turns.
func measure(
	ctx context.Context, plan Plan, peers []Peer, sessions []Session, work Work, earlier []Row, ended func(round int),
) (Row, error) {
	rounds := make([][]figures, len(peers))
	for round := range plan.Rounds {
		for i, p := range peers {
			if round%2 == 1 {
				i = len(peers) - 1 - i
				p = peers[i]
			}
			if sessions[i] == nil || !p.Does(work) {
				continue
			}
			r := Round{Work: work}
			if work.Load > 0 {
				r.Rate = work.Load * capacity(earlier, work, p.Name())
			}
			figures, err := oneRound(ctx, sessions[i], r, plan.Span)
			if err != nil {
				return Row{}, fmt.Errorf("%s: %w", p.Name(), err)
			}
			rounds[i] = append(rounds[i], figures)
		}
		ended(round + 1)
	}
	return newRow(work, peers, rounds), nil
}

func oneRound(ctx context.Context, s Session, r Round, span Span) (figures, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("a round took longer than %v", patience))
	defer cancel()
	r.Seconds = span.WarmUp.Seconds()
	if _, err := s.Measure(ctx, r); err != nil {
		return figures{}, fmt.Errorf("warm-up: %w", err)
	}
	r.Seconds = span.Measure.Seconds()
	sample, err := s.Measure(ctx, r)
	if err == nil && (sample.Calls == 0 || len(sample.Latencies) == 0) {
		err = errors.New("no call ended in time")
	}
	if err != nil {
		return figures{}, err
	}
	return newFigures(sample), nil
}

// withSessions starts all peers that have something to do, runs f and closes them.
func withSessions(ctx context.Context, peers []Peer, works []Work, f func([]Session) error) (err error) {
	sessions := make([]Session, len(peers))
	defer func() {
		for _, s := range sessions {
			if s != nil {
				err = errors.Join(err, s.Close())
			}
		}
	}()
	for i, p := range peers {
		for _, w := range works {
			if !p.Does(w) {
				continue
			}
			if sessions[i], err = p.Start(ctx, w.Workers); err != nil {
				return fmt.Errorf("%s: %w", p.Name(), err)
			}
			break
		}
	}
	return f(sessions)
}
