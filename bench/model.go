package bench

import (
	"math"
	"time"
)

// Model predicts how many calls per second a pool makes, from what a call costs in
// CPU time and how many CPUs there are.
type Model struct {
	CPUs int `json:"cpus"`
	// Worker is what a worker needs for a call besides the function, Awaiting the
	// same where the function is an `async def` that waits.
	Worker   time.Duration `json:"worker_ns"`
	Awaiting time.Duration `json:"awaiting_ns"`
	// Master is what the caller's process needs for a call.
	Master time.Duration `json:"master_ns"`
}

// Handling is what the calls of a row have in common.
type Handling struct {
	Workers  int           `json:"workers"`
	InFlight int           `json:"in_flight"`
	Computes time.Duration `json:"computes_ns,omitempty"` // CPU time of the function
	Waits    time.Duration `json:"waits_ns,omitempty"`    // of an `async def`, without CPU time
	// Spin is how long the master looks for an answer before it sleeps.
	Spin time.Duration `json:"spin_ns"`
}

// Limit is what bounds the calls per second.
type Limit string

// The limits.
const (
	ByWorkers Limit = "workers" // each is busy with one call after the other
	ByMaster  Limit = "master"  // it has the CPUs that workers leave over
	ByCPUs    Limit = "CPUs"    // master and workers together use them all
	ByCallers Limit = "callers" // each waits for one call after the other
)

// Predict returns the lowest of the limits:
//
//	workers   W / (s+h)
//	master    (C-W) / m, where workers are fewer than CPUs: a worker keeps its CPU
//	CPUs      C / (m+s+h+i)
//	callers   N / (m+s+h+w)
//
// of W workers, C CPUs and N calls in flight, where a call takes s in a worker and m
// in the master, and its function computes for h and waits for w. i is for how long
// the master spins between two answers of a worker: s+h-m, but no longer than Spin.
func (m Model) Predict(h Handling) (callsPerSecond float64, by Limit) {
	s, c, w := m.Worker, float64(m.CPUs), float64(h.Workers)
	if h.Waits > 0 {
		s = m.Awaiting
	}
	busy := s + h.Computes
	callsPerSecond = math.Inf(1)
	limit := func(l Limit, n float64, each time.Duration) {
		if rate := n / each.Seconds(); rate < callsPerSecond {
			callsPerSecond, by = rate, l
		}
	}
	limit(ByWorkers, w, busy)
	if w < c {
		limit(ByMaster, c-w, m.Master)
	}
	idle := min(max(busy-m.Master, 0), h.Spin)
	limit(ByCPUs, c, m.Master+busy+idle)
	limit(ByCallers, float64(h.InFlight), m.Master+busy+h.Waits)
	return callsPerSecond, by
}
