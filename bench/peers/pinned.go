package main

import (
	"context"
	"errors"

	"github.com/ringwire/ringwire/bench"
)

const pinnedName = "ringwire, no spinning"

// pinnedPeer is the executor with its caller tied to one CPU and its worker to the
// same or to another one: what can be compared with a floor in the same placement.
// It is the only peer of its process.
type pinnedPeer struct {
	bench.Peer
	placement
}

func (p pinnedPeer) Start(ctx context.Context, workers int) (bench.Session, error) {
	alone := p.own == p.other
	if alone { // a pool behaves otherwise where there is one CPU
		if err := settleOn(p.own); err != nil {
			return nil, err
		}
	}
	s, err := p.Peer.Start(ctx, workers)
	if err != nil {
		return nil, err
	}
	if !alone {
		if err := settleOn(p.own); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	for _, worker := range s.Processes()[1:] {
		if err := tieProcess(worker, p.other); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}
