package bench

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

// unixSocketPeer is the obvious thing to build instead of a ring: worker processes
// behind Unix sockets, frames of a length, an id and JSON.
type unixSocketPeer struct {
	name, python string
	server       string // the first argument of unix_socket_server.py
	json         string // the second one: the library that encodes
}

// spinning is the server that looks for messages for a while before it sleeps; the
// client then does so too.
const spinning = "spinning"

func (p unixSocketPeer) Name() string { return p.name }

func (unixSocketPeer) Does(Work) bool { return true }

func (p unixSocketPeer) Start(ctx context.Context, workers int) (Session, error) {
	var spin time.Duration
	if p.server == spinning {
		spin = spinLikeExecutor(workers)
	}
	servers, err := StartServers(ctx, workers, p.python, "unix_socket_server.py", p.server, p.json, spin.String())
	if err != nil {
		return nil, err
	}
	return &unixSocketSession{servers, spin}, nil
}

// spinLikeExecutor returns what a pool's Config.Spin is if nobody sets it.
func spinLikeExecutor(workers int) time.Duration {
	switch cpus := sys.CPUs(); {
	case workers < cpus:
		return 50 * time.Microsecond
	case cpus > 1:
		return 20 * time.Microsecond
	}
	return 0
}

type unixSocketSession struct {
	*Servers
	spin time.Duration
}

// Measure makes new connections, because a lone caller uses them differently than
// many do: it reads the response itself.
func (s *unixSocketSession) Measure(ctx context.Context, r Round) (sample Sample, err error) {
	var conns []*frameConn
	defer func() {
		for _, c := range conns {
			err = errors.Join(err, c.Close())
		}
	}()
	for _, socket := range s.Sockets {
		c, err := dialFrames(ctx, socket, s.spin)
		if err != nil {
			return Sample{}, err
		}
		conns = append(conns, c)
	}
	// A lone caller sleeps in a read.
	stop := context.AfterFunc(ctx, func() {
		for _, c := range conns {
			_ = c.SetDeadline(time.Now())
		}
	})
	defer stop()
	if r.InFlight == 1 {
		return s.MeasureJSON(ctx, r, func(_ context.Context, handler string, arguments []byte) ([]byte, error) {
			return conns[0].roundTrip(handler, arguments)
		})
	}
	var lanes []*multiplexer
	for _, c := range conns {
		lanes = append(lanes, multiplex(c))
	}
	var next atomic.Uint64
	return s.MeasureJSON(ctx, r, func(ctx context.Context, handler string, arguments []byte) ([]byte, error) {
		lane := lanes[next.Add(1)%uint64(len(lanes))]
		return lane.roundTrip(ctx, handler, arguments)
	})
}
