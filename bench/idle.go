package bench

import (
	"context"
	"errors"
	"time"
)

// Idle is what a peer uses while nobody calls.
type Idle struct {
	Peer    string  `json:"peer"`
	Workers int     `json:"workers"`
	CPU     float64 `json:"cpu_percent"` // of one CPU: caller and workers together
	Failure string  `json:"failure,omitempty"`
}

// settle is how long a peer may be busy with having started.
const settle = time.Second

// MeasureIdle starts every peer with so many workers, one after the other, and
// lets it be for the span.
func MeasureIdle(ctx context.Context, peers []Peer, workers int, span time.Duration) ([]Idle, error) {
	var all []Idle
	for _, p := range peers {
		if !p.Does(Work{Workers: workers, Function: Add, InFlight: 1}) {
			continue
		}
		used, err := idle(ctx, p, workers, span)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			all = append(all, Idle{Peer: p.Name(), Workers: workers, Failure: err.Error()})
			continue
		}
		all = append(all, Idle{Peer: p.Name(), Workers: workers, CPU: 100 * used.Seconds() / span.Seconds()})
	}
	return all, nil
}

func idle(ctx context.Context, p Peer, workers int, span time.Duration) (used time.Duration, err error) {
	s, err := p.Start(ctx, workers)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Measure(ctx, Round{Work: Work{Workers: workers, Function: Add, InFlight: workers}}); err != nil {
		return 0, err
	}
	sleep(ctx, settle)
	sample, err := withCPUTime(s.Processes(), func() (Sample, error) {
		sleep(ctx, span)
		return Sample{}, ctx.Err()
	})
	return sample.CPU, err
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
