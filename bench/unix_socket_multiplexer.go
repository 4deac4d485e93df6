package bench

import (
	"context"
	"runtime"
	"slices"
	"sync"
)

// multiplexer shares a connection among many callers: whoever comes first writes
// the requests of all that came with it, and one goroutine hands out the responses.
// It ends when the connection is closed.
type multiplexer struct {
	conn    *frameConn
	waiting []waiter
	free    chan uint32 // ids, places in waiting

	mu               sync.Mutex
	writing          bool
	pending, flushed []byte
	ended            chan struct{} // closed when the connection is
	err              error         // why, once ended is closed
}

// outstanding bounds the calls under way on a connection.
const outstanding = 4096

type waiter struct {
	ready  chan struct{}
	result []byte
}

func multiplex(conn *frameConn) *multiplexer {
	m := &multiplexer{
		conn:    conn,
		waiting: make([]waiter, outstanding),
		free:    make(chan uint32, outstanding),
		ended:   make(chan struct{}),
	}
	for i := range m.waiting {
		m.waiting[i].ready = make(chan struct{}, 1)
		m.free <- uint32(i)
	}
	go m.receive()
	return m
}

func (m *multiplexer) receive() {
	defer close(m.ended)
	for {
		id, result, err := m.conn.next()
		if err != nil {
			m.err = err
			return
		}
		w := &m.waiting[id]
		w.result = slices.Clone(result) // the buffer is about to be used again
		w.ready <- struct{}{}
	}
}

func (m *multiplexer) roundTrip(ctx context.Context, handler string, arguments []byte) ([]byte, error) {
	id := <-m.free
	defer func() { m.free <- id }()
	if err := m.send(id, handler, arguments); err != nil {
		return nil, err
	}
	w := &m.waiting[id]
	select {
	case <-w.ready:
		return w.result, nil
	case <-m.ended:
		return nil, m.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (m *multiplexer) send(id uint32, handler string, arguments []byte) error {
	m.mu.Lock()
	m.pending = appendRequest(m.pending, id, handler, arguments)
	if m.writing {
		m.mu.Unlock()
		return nil
	}
	m.writing = true
	m.mu.Unlock()
	// Responses come in batches and so do callers that have something to send:
	// those that are ready to run get in with this one.
	runtime.Gosched()
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() { m.writing = false }()
	for len(m.pending) > 0 {
		m.pending, m.flushed = m.flushed[:0], m.pending
		m.mu.Unlock()
		_, err := m.conn.Write(m.flushed)
		m.mu.Lock()
		if err != nil {
			return err
		}
	}
	return nil
}
