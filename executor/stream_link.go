package executor

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
)

// openStream makes a lane in private memory, and a stream to the worker for the
// stand-in. The link has files to be closed also if there is an error.
func openStream(w *worker, header ring.Header) (l link, err error) {
	s := &standIn{
		stop:      make(chan struct{}),
		collected: make(chan struct{}),
		cancels:   make(map[uint32]uint64),
		flights:   make(map[uint32]flight),
	}
	bell := sys.NewLocalDoorbell()
	s.bell, l.wakeWorker, l.wakeMaster = bell, bell, sys.NewLocalDoorbell()
	w.defers(func() { l.wakeWorker.Close(); l.wakeMaster.Close() })

	hangUp := func() {}
	if sys.InheritsFiles && !w.pool.cfg.loopback {
		conn, child, err := sys.NewSocketPair()
		if err != nil {
			return l, err
		}
		w.defers(func() { conn.Close() })
		l.files = append(l.files, child)
		l.argument = "stream:fd:" + strconv.Itoa(fdTransport)
		s.dial = func() (net.Conn, error) { return conn, nil }
	} else {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return l, err
		}
		w.defers(func() { listener.Close() })
		l.token = make([]byte, ring.StreamTokenSize)
		_, _ = rand.Read(l.token) // never fails
		l.argument = "stream:tcp:" + listener.Addr().String()
		s.dial = func() (net.Conn, error) { return accept(listener, l.token) }
		hangUp = func() { listener.Close() }
	}

	if sys.InheritsFiles {
		header.Lifeline = fdTransport + int32(len(l.files))
	}
	s.header = header.StreamHeader()
	// A worker at the other end of a stream writes into no memory, so the lane may
	// lie in ordinary one. Large rings gain nothing here, and running out of ordinary
	// memory would end the program.
	header.SlotCount = min(header.SlotCount, ring.SlotCountDefault)
	header.SlotSize = min(header.SlotSize, ring.SlotSizeDefault)
	if l.region, err = ring.Format(make([]byte, header.RegionSize()), header); err != nil {
		return l, err
	}
	s.requests, s.responses, s.block = l.region.RequestConsumer(), l.region.ResponseProducer(), l.region.Worker()
	l.start = func(w *worker) error {
		s.lane, w.waits, w.relayed = w.lane, s.waits, true
		s.group.Go(s.collect)
		return nil
	}
	l.finish = func() { s.finish(hangUp) }
	return l, nil
}

// tokenTime is how long whoever connects may take to show the token.
const tokenTime = 2 * time.Second

// accept waits for the one connection that shows the token. Anyone on this machine
// can connect, so others are sent away.
//
//spec:req STREAM-003
func accept(listener net.Listener, token []byte) (net.Conn, error) {
	defer listener.Close()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return nil, fmt.Errorf("accept the worker: %w", err)
		}
		shown := make([]byte, len(token))
		_ = conn.SetReadDeadline(time.Now().Add(tokenTime))
		if _, err := io.ReadFull(conn, shown); err == nil && subtle.ConstantTimeCompare(shown, token) == 1 {
			_ = conn.SetReadDeadline(time.Time{})
			return conn, nil
		}
		conn.Close()
	}
}
