package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Work is what a row of the report is about.
type Work struct {
	Workers  int    `json:"workers"`
	Function string `json:"function"`  // Add or Echo
	Payload  int    `json:"payload"`   // bytes of the string that Echo sends and returns
	InFlight int    `json:"in_flight"` // calls at the same time; 1 measures latency
}

// The functions of handlers.py.
const (
	Add  = "add"  // of two integers
	Echo = "echo" // of a string
)

// Span is how long a round lasts.
type Span struct {
	WarmUp  time.Duration // calls that do not count
	Measure time.Duration // calls that do
}

// Sample is one round of one peer.
type Sample struct {
	Calls     int
	Elapsed   time.Duration
	Latencies []time.Duration // of each call, if there was one in flight; in any order
}

// Peer is a way of calling Python.
type Peer interface {
	Name() string
	// Start makes the peer ready, with so many worker processes.
	Start(ctx context.Context, workers int) (Session, error)
}

// Session is a peer that is ready. It costs nothing while it is not used.
type Session interface {
	Measure(ctx context.Context, w Work, s Span) (Sample, error)
	Close() error
}

// Plan is what Run measures.
type Plan struct {
	Works  []Work // those with the same number of workers follow one another
	Rounds int
	Span   Span
}

// Run measures every work with every peer. The ratios of the report are those of
// the first peer over the others. progress is called after every round.
func Run(ctx context.Context, plan Plan, peers []Peer, progress func(done, total int)) ([]Row, error) {
	var rows []Row
	total := len(plan.Works) * plan.Rounds
	for start := 0; start < len(plan.Works); {
		end := start + 1
		for end < len(plan.Works) && plan.Works[end].Workers == plan.Works[start].Workers {
			end++
		}
		err := withSessions(ctx, peers, plan.Works[start].Workers, func(sessions []Session) error {
			for _, work := range plan.Works[start:end] {
				samples := make([][]Sample, len(peers))
				for round := range plan.Rounds {
					for i := range peers {
						if round%2 == 1 {
							i = len(peers) - 1 - i
						}
						sample, err := sessions[i].Measure(ctx, work, plan.Span)
						if err == nil && sample.Calls == 0 {
							err = errors.New("no call ended in time")
						}
						if err != nil {
							return fmt.Errorf("%s: %w", peers[i].Name(), err)
						}
						samples[i] = append(samples[i], sample)
					}
					progress(len(rows)*plan.Rounds+round+1, total)
				}
				rows = append(rows, newRow(work, peers, samples))
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

// withSessions starts all peers, runs f and closes them.
func withSessions(ctx context.Context, peers []Peer, workers int, f func([]Session) error) (err error) {
	var sessions []Session
	defer func() {
		for _, s := range sessions {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, p := range peers {
		s, err := p.Start(ctx, workers)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name(), err)
		}
		sessions = append(sessions, s)
	}
	return f(sessions)
}
