package executor

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

// standIn plays the worker's side of a lane whose worker is at the other end of a
// stream: the lane is an ordinary one, in private memory, and knows nothing of it.
//
//	lane --request ring--> deliver --stream--> worker
//	lane <-response ring-- collect <--stream-- worker
//
// A request that the stand-in takes counts as started, because nobody can see how
// far a worker has read. So it takes only as many as keep the worker busy; what it
// leaves in the ring can go elsewhere when the worker dies.
type standIn struct {
	lane   *lane
	header []byte                   // opens the stream
	dial   func() (net.Conn, error) // waits for the worker to connect
	group  sync.WaitGroup           // the goroutines
	stop   chan struct{}            // closed when the process has ended

	collected chan struct{} // closed when collect has returned

	requests *ring.Consumer   // for deliver
	bell     *sys.Doorbell    // wakes deliver
	block    ring.WorkerBlock // of the lane

	out     *bufio.Writer     // for deliver
	urgent  uint32            // count of urgent messages when deliver last looked
	scanned uint64            // position up to which it has looked for CANCEL
	cancels map[uint32]uint64 // CANCEL seen ahead for a request that is still in the ring: its position

	answers   sync.Mutex // guards responses, for a whole message
	responses *ring.Producer

	mu      sync.Mutex // guards what follows, and the calls of block
	conn    net.Conn   // nil: not connected yet
	flights map[uint32]flight
	order   []departure // of calls in flight that are not parked; may hold others
	parked  int
	sent    uint64 // frames
	taken   uint64 // of them, as the last notice said
	state   ring.State
	stalled bool // deliver waits for the worker

	lost sync.Once
}

// flight is a call that was sent to the worker and not answered.
type flight struct {
	number uint64 // of its frame, from 1
	parked bool   // the worker has taken it, and is free for others
}

// departure is when a call was sent: its place among the frames.
type departure struct {
	id     uint32
	number uint64
}

// window returns how many requests may be with the worker before it has answered
// or parked them.
func (s *standIn) window() int {
	if s.parked > 0 {
		return maxAhead
	}
	return int(min(max(s.lane.ahead(aheadTime), 1), maxAhead))
}

// waiting returns how many requests the worker has that may keep its main thread
// busy. The caller holds mu.
func (s *standIn) waiting() int { return len(s.flights) - s.parked }

// closed reports whether no request may be sent now, and has deliver woken when
// that changes.
func (s *standIn) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalled = s.waiting() >= s.window()
	return s.stalled
}

// tell writes into the worker block what is known of the worker. The caller holds
// mu.
func (s *standIn) tell() {
	var current uint32
	if s.parked == 0 && s.waiting() > 0 {
		current = s.order[0].id
	}
	s.block.SetCalls(current, uint32(len(s.flights)))
	if s.stalled && s.waiting() < s.window() {
		s.stalled = false
		s.bell.Ring()
	}
}

// trim forgets the ids at the front of order that are of no interest any more. The
// caller holds mu.
func (s *standIn) trim() {
	for len(s.order) > 0 {
		first := s.order[0]
		if f := s.flights[first.id]; f.number == first.number && !f.parked {
			return
		}
		s.order = s.order[1:]
	}
}

// depart notes that a request is about to be sent.
func (s *standIn) depart(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	s.flights[id] = flight{number: s.sent}
	s.order = append(s.order, departure{id, s.sent})
	s.tell()
}

// arrive notes that a response has come. A worker may answer what it was never
// asked; the lane counts that.
func (s *standIn) arrive(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.flights[id]
	if !ok {
		return
	}
	delete(s.flights, id)
	if f.parked {
		s.parked--
	}
	s.trim()
	s.tell()
}

// inFlight reports whether the worker has a call.
func (s *standIn) inFlight(id uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.flights[id]
	return ok
}

// waits reports whether the worker has got a call after another one that it has
// neither answered nor parked.
func (s *standIn) waits(id uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.flights[id]
	return ok && !f.parked && s.order[0].id != id
}

// ------------------------------------------------------------ to the worker

// deliver sends what the lane puts into the request ring.
func (s *standIn) deliver() {
	_, _ = s.out.Write(s.header) // an error comes again when it is flushed
	for {
		s.heedCancels()
		if !s.closed() {
			if s.requests.Ready() {
				s.occupy()
			}
			message, _, err := s.requests.Next()
			if err != nil {
				s.lane.kill(err) // never: the memory is ours alone
				return
			}
			if message != nil {
				if s.send(message) != nil {
					return
				}
				continue
			}
			s.release()
		}
		if s.out.Flush() != nil {
			s.goodbye()
			return
		}
		if s.requests.PrepareSleep() || s.closed() {
			if s.bell.Wait(noReason, 0) != nil {
				return
			}
		}
		s.requests.Awake()
	}
}

// noReason is for a doorbell that does not miss a ring.
func noReason() bool { return false }

// occupy says that the worker is busy before a request leaves the ring, so that at
// no instant the lane takes it for free.
func (s *standIn) occupy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.flights) == 0 {
		s.block.SetCalls(unknownCall, 0)
	}
}

// release takes that back.
func (s *standIn) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell()
}

// unknownCall is no id that a lane gives: its index is that of CANCEL's and
// SHUTDOWN's, who have none.
const unknownCall = 1 << indexBits

// send sends one message of the ring, or answers it itself.
//
//spec:req LIFE-030
func (s *standIn) send(message []byte) error {
	id := binary.LittleEndian.Uint32(message[1:])
	switch wire.Type(message[0]) {
	case wire.TypeRequest:
		// Once more, because it is taken now: the lane relies on it that a request
		// which was cancelled long before does not run.
		s.heedCancels()
		if _, ok := s.cancels[id]; ok {
			delete(s.cancels, id)
			s.answerCanceled(id)
			s.release()
			return nil
		}
		s.depart(id)
	case wire.TypeCancel:
		position := s.requests.Position() - 1
		if s.cancels[id] == position {
			delete(s.cancels, id)
		}
		if position < s.scanned || !s.inFlight(id) {
			s.release()
			return nil // it has been sent, or has become pointless
		}
		s.count()
	default:
		s.count()
	}
	_, err := s.out.Write(message)
	if err != nil {
		s.goodbye()
	}
	return err
}

// count notes that a frame which is no request is about to be sent.
func (s *standIn) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	s.tell()
}

// heedCancels looks for CANCEL among the messages that are still in the ring. For a
// call that the worker has, CANCEL overtakes them; for one that is among them, it is
// kept in mind.
//
//spec:req LIFE-030
func (s *standIn) heedCancels() {
	urgent := s.requests.Urgent()
	if urgent == s.urgent {
		return
	}
	s.urgent = urgent
	_ = s.requests.LookAhead(wire.RequestHeaderSize, func(position uint64, message []byte) {
		s.scanned = position + 1
		if wire.Type(message[0]) != wire.TypeCancel {
			return
		}
		id := binary.LittleEndian.Uint32(message[1:])
		if !s.inFlight(id) {
			s.cancels[id] = position
			return
		}
		s.count()
		_, _ = s.out.Write(message) // an error comes again when more is sent
	})
}

// answerCanceled answers, in the worker's place, a call that was cancelled before it
// was sent.
//
//spec:req LIFE-031
func (s *standIn) answerCanceled(id uint32) {
	answer := wire.Response{
		ID: id, Status: wire.StatusCanceled,
		Body: []byte(`{"started":false}`), ErrorMessage: []byte("cancelled before it was sent"),
	}
	frame, err := answer.Append(nil, s.lane.region.MaxMessage)
	if err != nil {
		panic(err) // nothing in it depends on the worker
	}
	s.answers.Lock()
	defer s.answers.Unlock()
	if s.responses.Left() > 0 {
		return // the stream has ended inside a frame, and with it the lane
	}
	s.responses.Begin(len(frame))
	if s.put(frame) != nil {
		return
	}
	s.announce()
}

// ------------------------------------------------------------ from the worker

// collect puts what comes from the worker into the response ring, until the stream
// ends.
//
//spec:req STREAM-009
func (s *standIn) collect() {
	defer close(s.collected)
	conn, err := s.dial()
	if err != nil {
		return // the process has ended
	}
	s.mu.Lock()
	s.conn = conn
	s.mu.Unlock()
	s.out = bufio.NewWriterSize(conn, streamBuffer)
	s.group.Go(s.deliver)
	in := bufio.NewReaderSize(conn, streamBuffer)
	err = s.greet(in)
	for err == nil {
		var first []byte
		if first, err = in.Peek(1); err == nil {
			if first[0] == ring.NoticeType {
				err = s.notice(in)
			} else {
				err = s.frame(in)
			}
		}
	}
	var broken *protocolError
	if errors.As(err, &broken) {
		s.lane.kill(err)
		return
	}
	s.goodbye()
}

// streamBuffer holds a few hundred small frames.
const streamBuffer = 64 << 10

// greet reads the worker block, with which a worker says that it is ready.
//
//spec:req STREAM-006
func (s *standIn) greet(in *bufio.Reader) error {
	mem := make([]byte, ring.WorkerBlockSize)
	if _, err := io.ReadFull(in, mem); err != nil {
		return err
	}
	status := ring.ViewWorkerBlock(mem).Snapshot()
	if status.State != ring.StateReady {
		return s.broken("worker block: state=%d", status.State)
	}
	s.mu.Lock()
	s.state = ring.StateReady
	s.mu.Unlock()
	s.block.Introduce(status.PID, status.Implementation)
	s.block.SetState(ring.StateReady)
	s.lane.wakeMaster.Ring()
	return nil
}

// notice reads a notice and learns from it which calls keep the worker from others.
//
//spec:req STREAM-011
func (s *standIn) notice(in *bufio.Reader) error {
	var b [ring.NoticeSize]byte
	if _, err := io.ReadFull(in, b[:]); err != nil {
		return err
	}
	n := ring.ParseNotice(b[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.Taken < s.taken || n.Taken > s.sent {
		return s.broken("notice: taken=%d before=%d sent=%d", n.Taken, s.taken, s.sent)
	}
	if n.State != s.state && !s.state.CanBecome(n.State) {
		return s.broken("notice: state=%d before=%d", n.State, s.state)
	}
	s.taken, s.state = n.Taken, n.State
	s.block.SetState(n.State)
	for _, d := range s.order {
		if d.number > n.Taken {
			break
		}
		if f := s.flights[d.id]; f.number == d.number && !f.parked {
			s.flights[d.id] = flight{f.number, true}
			s.parked++
		}
	}
	s.trim()
	s.tell()
	return nil
}

// frame moves one frame into the response ring, as it comes: memory does not grow
// with what its header says.
//
//spec:req WIRE-029
func (s *standIn) frame(in *bufio.Reader) error {
	header, err := in.Peek(wire.ResponseHeaderSize)
	if err != nil {
		return err
	}
	left, err := wire.Responses.FrameSize(header, s.lane.region.MaxMessage)
	if err != nil {
		return &protocolError{err}
	}
	s.arrive(binary.LittleEndian.Uint32(header[1:]))
	s.answers.Lock()
	defer s.answers.Unlock()
	s.responses.Begin(left)
	for left > 0 {
		if _, err := in.Peek(1); err != nil {
			return err
		}
		piece, _ := in.Peek(min(in.Buffered(), left))
		if err := s.put(piece); err != nil {
			return err
		}
		left -= len(piece)
		_, _ = in.Discard(len(piece))
		s.announce()
	}
	return nil
}

// put writes a piece of a message into the response ring, as the lane makes room.
//
//spec:req RING-010 BELL-011
func (s *standIn) put(piece []byte) error {
	for pause := minPause; ; {
		n, err := s.responses.Write(piece)
		if err != nil {
			return err // never: the memory is ours alone
		}
		if piece = piece[n:]; len(piece) == 0 {
			return nil
		}
		s.announce()
		if n > 0 {
			pause = minPause
			runtime.Gosched()
			continue
		}
		if s.lane.corrupt.Load() {
			return errLaneLeft
		}
		time.Sleep(pause)
		pause = min(2*pause, ring.ProducerSleepMax)
	}
}

var errLaneLeft = errors.New("nobody reads the lane")

// announce wakes the lane's receiver if it sleeps.
func (s *standIn) announce() {
	if s.responses.NeedsWakeup() {
		s.lane.wakeMaster.Ring()
	}
}

func (s *standIn) broken(format string, args ...any) error {
	return &protocolError{fmt.Errorf(format, args...)}
}

// ------------------------------------------------------------ end

const (
	// partingTime is how long a process may go on after its stream has ended.
	partingTime = time.Second
	// leftoverTime is how long to wait for the end of the stream of a dead process:
	// another one, which it has left behind, may hold it open.
	leftoverTime = 200 * time.Millisecond
)

// goodbye deals with the end of the stream in either direction: the process is
// about to end, or has to.
func (s *standIn) goodbye() {
	s.mu.Lock()
	asked := s.state == ring.StateStopped // it may take its time; who has asked waits
	s.mu.Unlock()
	if asked {
		return
	}
	s.lost.Do(func() {
		s.group.Go(func() {
			timer := time.NewTimer(partingTime)
			defer timer.Stop()
			select {
			case <-s.stop:
			case <-timer.C:
				s.lane.kill(s.broken("the stream has ended, but not the process"))
			}
		})
	})
}

// finish brings in what a dead worker has left in the stream, and ends the
// goroutines. hangUp makes dial return.
//
//spec:req LIFE-051
func (s *standIn) finish(hangUp func()) {
	close(s.stop)
	hangUp()
	s.mu.Lock()
	if s.conn != nil {
		_ = s.conn.SetReadDeadline(time.Now().Add(leftoverTime))
	}
	s.mu.Unlock()
	<-s.collected
	if s.conn != nil {
		s.conn.Close()
	}
	s.bell.Close()
	s.group.Wait()
}
