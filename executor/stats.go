package executor

import (
	"errors"
	"sync/atomic"
	"time"
)

// counters count calls by how they ended.
type counters struct {
	calls, refused, succeeded, failed, canceled, lost, retried, late, restarts atomic.Uint64
}

func (c *counters) count(err error) {
	switch {
	case err == nil:
		c.succeeded.Add(1)
	case errors.Is(err, ErrCanceled), errors.Is(err, ErrExpired):
		c.canceled.Add(1)
	case errors.Is(err, ErrWorkerLost):
		c.lost.Add(1)
	default:
		c.failed.Add(1)
	}
}

// Stats is a picture of a pool. The counters rise from New on; they are loaded
// one after the other, so they need not add up while calls are under way.
type Stats struct {
	Workers  int `json:"workers"`   // places
	Ready    int `json:"ready"`     // workers that get calls
	Queued   int `json:"queued"`    // calls that wait for a lane
	InFlight int `json:"in_flight"` // calls in lanes

	Calls     uint64 `json:"calls"`     // submitted
	Refused   uint64 `json:"refused"`   // ended before they were accepted
	Succeeded uint64 `json:"succeeded"` // returned a result
	Failed    uint64 `json:"failed"`    // answered with a failure, or not decodable
	Canceled  uint64 `json:"canceled"`  // ended by their context
	Lost      uint64 `json:"lost"`      // ended by the death of their worker
	Retried   uint64 `json:"retried"`   // times that a call was queued again
	Late      uint64 `json:"late"`      // responses that nobody waited for
	Restarts  uint64 `json:"restarts"`  // workers started after the first of each place
}

// Stats returns a picture of the pool.
func (p *Pool) Stats() Stats {
	c := &p.counters
	s := Stats{
		Workers:   p.cfg.Workers,
		Queued:    int(p.queue.length.Load()),
		Calls:     c.calls.Load(),
		Refused:   c.refused.Load(),
		Succeeded: c.succeeded.Load(),
		Failed:    c.failed.Load(),
		Canceled:  c.canceled.Load(),
		Lost:      c.lost.Load(),
		Retried:   c.retried.Load(),
		Late:      c.late.Load(),
		Restarts:  c.restarts.Load(),
	}
	for _, l := range *p.lanes.Load() {
		s.Ready++
		s.InFlight += int(l.load.Load())
	}
	return s
}

// WorkerInfo is a picture of one worker.
type WorkerInfo struct {
	Worker         int           `json:"worker"`
	Generation     uint64        `json:"generation"`
	PID            int           `json:"pid"`
	State          WorkerState   `json:"state"`
	Uptime         time.Duration `json:"uptime_ns"`
	Sent           int64         `json:"sent"`      // calls given to it
	InFlight       int           `json:"in_flight"` // of them not answered
	Implementation string        `json:"implementation"`
}

// Workers returns the workers that get calls, by place.
func (p *Pool) Workers() []WorkerInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	infos := make([]WorkerInfo, len(p.workers))
	for i, w := range p.workers {
		infos[i] = WorkerInfo{
			Worker:         w.lane.worker,
			Generation:     w.generation,
			PID:            w.process.Pid,
			State:          WorkerState(w.state.Load()),
			Uptime:         time.Since(w.started),
			Sent:           w.sent.Load(),
			InFlight:       int(w.load.Load()),
			Implementation: w.implementation(),
		}
	}
	return infos
}
