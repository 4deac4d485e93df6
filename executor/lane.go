package executor

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

// lane is the master's side of one worker's region: the calls that are in it,
// the way in, and the way out (receive.go). It lives as long as the worker.
type lane struct {
	pool       *Pool
	worker     int
	generation uint64
	region     *ring.Region
	block      ring.WorkerBlock
	wakeWorker *sys.Doorbell
	wakeMaster *sys.Doorbell
	onFault    func(error) // ends the worker
	// waits reports, for a lane over a stream, whether a call that was sent is
	// behind another that keeps the worker busy. nil: nothing is sent that waits.
	waits func(id uint32) bool

	load  atomic.Int32  // calls in the table
	sent  atomic.Int64  // calls ever sent
	ready chan struct{} // closed when the worker is ready
	worn  chan struct{} // tells the supervisor that MaxCalls is reached

	mu       sync.Mutex // guards what follows
	producer *ring.Producer
	closed   bool // sends no more requests
	gone     bool // the region must not be touched
	table    []entry
	unused   []uint16 // free indexes of table
	young    []uint32 // ids of brief calls since the lane was last looked through
	old      []uint32 // ... and those from before that
	stream   *call    // whose request is being sent in pieces, or nil
	blank    bool     // its caller is gone: send zero bytes for the rest of the arguments

	receiver
}

// entry is a place in the table. An id is a sequence number and the index of an
// entry, plus 1 so that it is never 0.
type entry struct {
	call     *call
	sequence uint16
	canceled bool // CANCEL has been sent
}

const (
	indexBits  = 16
	maxEntries = 1<<indexBits - 1
)

// index returns the index that an id names, -1 if none.
func index(id uint32) int { return int(id&maxEntries) - 1 }

func newLane(p *Pool, worker int, region *ring.Region, wakeWorker, wakeMaster *sys.Doorbell, onFault func(error)) *lane {
	l := &lane{
		pool:       p,
		worker:     worker,
		generation: region.Generation,
		region:     region,
		block:      region.Worker(),
		wakeWorker: wakeWorker,
		wakeMaster: wakeMaster,
		onFault:    onFault,
		ready:      make(chan struct{}),
		worn:       make(chan struct{}, 1),
		producer:   region.RequestProducer(),
	}
	l.receiver.init(region, p.cfg.Spin)
	l.crowded = p.cfg.Workers >= sys.CPUs()
	l.oneCPU = sys.OneCPU()
	return l
}

// kill ends the lane's worker for a reason.
func (l *lane) kill(why error) { l.onFault(why) }

// trySend puts a queued call into the ring, or begins to. It reports false if
// the lane takes no call at the moment. The caller holds c.mu.
func (l *lane) trySend(c *call) bool {
	l.mu.Lock()
	if l.closed || l.stream != nil {
		l.mu.Unlock()
		return false
	}
	r := c.request(0)
	slots := l.producer.Slots(r.Size())
	inPieces, err := l.admit(slots)
	if err != nil {
		l.mu.Unlock()
		if !errors.Is(err, ring.ErrFull) {
			l.kill(&protocolError{err})
		}
		return false
	}
	id, ok := l.enter(c)
	if !ok {
		l.mu.Unlock()
		return false
	}
	r.ID = id
	c.phase, c.lane, c.id = phaseSent, l, id
	c.attempt++
	c.last = l.producer.Position() + slots - 1

	if inPieces {
		l.stream, l.blank = c, false
		l.sendInPieces(r, c.kwargs)
		l.mu.Unlock()
		return true
	}
	l.put(r, &c.kwargs)
	wake := l.producer.NeedsWakeup()
	l.mu.Unlock()
	if wake {
		l.wakeWorker.Ring()
	}
	return true
}

// admit decides whether a request of so many slots may enter the ring now, and
// whether it has to be sent in pieces.
//
// A lane whose calls are short gets some in advance, so that its worker never
// waits; one whose calls take long gets none while it is occupied, so that no
// call waits behind a slow one while another worker is free. Calls in flight that
// do not occupy the worker's main thread are asynchronous, and no reason to wait.
// Where there is no other worker, a lane gets more.
func (l *lane) admit(slots uint64) (inPieces bool, err error) {
	if l.load.Load() == 0 {
		// All calls before have been answered, so none waits. A slot that was free
		// some time ago still is, and the worker's processor keeps its cache line.
		if free, err := l.producer.Free(slots); err != nil || slots <= free {
			return false, err
		}
	}
	count := uint64(l.region.SlotCount)
	most, span := min(maxAhead, count/4), aheadTime
	if l.pool.cfg.Workers == 1 {
		// Not more than can be cancelled: each CANCEL takes a slot.
		most, span = max(most, count/2-min(count/2, reserve)), aheadTimeAlone
	}
	ahead := min(l.ahead(span), most)
	// Less than that may be free only according to an old read position.
	free, err := l.producer.Free(count - ahead)
	if err != nil {
		return false, err
	}
	waiting := count - free // slots not released yet
	if load := uint64(l.load.Load()); ahead < most && load > waiting {
		if l.block.CurrentCall() == 0 {
			ahead = most
		} else if ahead == 0 {
			return false, ring.ErrFull
		}
	}
	switch {
	case waiting > ahead:
		return false, ring.ErrFull
	case slots <= free:
		return false, nil
	case slots > count/2 || waiting == 0:
		return true, nil
	}
	return false, ring.ErrFull
}

// reserve is how many slots are kept from calls in advance, for those that run.
const reserve = 8

// enter gives a call an id.
func (l *lane) enter(c *call) (id uint32, ok bool) {
	var i uint16
	if n := len(l.unused); n > 0 {
		i = l.unused[n-1]
		l.unused = l.unused[:n-1]
	} else {
		if len(l.table) == maxEntries {
			return 0, false
		}
		i = uint16(len(l.table))
		l.table = append(l.table, entry{})
	}
	e := &l.table[i]
	e.call, e.canceled = c, false
	e.sequence++
	id = uint32(e.sequence)<<indexBits | uint32(i) + 1
	if l.load.Add(1) == 1 {
		l.young, l.old = l.young[:0], l.old[:0]
	}
	if c.brief {
		l.young = append(l.young, id)
	}
	if l.sent.Add(1) == int64(l.pool.cfg.MaxCalls) {
		l.worn <- struct{}{} // happens once, and there is room for one
	}
	return id, true
}

// leave takes the call with this id out of the table, or returns nil if there is
// none. An id is free again only then, also when the caller is long gone.
//
// A response to a request that is still being sent is an error: its worker cannot
// have the request whole, and the rest of it is in memory that the call would give
// back.
//
//spec:req LIFE-021
func (l *lane) leave(id uint32) (*call, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := index(id)
	if i < 0 || i >= len(l.table) {
		return nil, nil
	}
	e := &l.table[i]
	if e.call == nil || uint32(e.sequence) != id>>indexBits {
		return nil, nil
	}
	c := e.call
	if c == l.stream {
		return nil, fmt.Errorf("response to a request that is still being sent: request_id=%d", id)
	}
	e.call = nil
	l.unused = append(l.unused, uint16(i))
	l.load.Add(-1)
	return c, nil
}

// sendInPieces starts to send a request that does not fit the ring now.
func (l *lane) sendInPieces(r wire.Request, a arguments) {
	l.pool.group.Go(func() { l.send(r, &a) })
}

// put writes a request for which there is room.
func (l *lane) put(r wire.Request, a *arguments) {
	size := r.Size()
	if l.producer.Fits(size) {
		slot, err := l.producer.Claim(size)
		if err == nil {
			slot, err = r.Append(slot[:0], l.region.MaxMessage)
		}
		if err != nil {
			panic(err) // the room and the names have been checked
		}
		a.appendMore(slot)
		l.producer.Commit()
		return
	}
	l.producer.Begin(size)
	for _, part := range parts(r, a, l.region.MaxMessage) {
		if n, err := l.producer.Write(part); err != nil || n != len(part) {
			panic("executor: no room for an admitted request")
		}
	}
}

// parts returns a request as the pieces it is written in, none of them empty: what
// comes before the arguments, and then those.
func parts(r wire.Request, a *arguments, maxMessage int) [][]byte {
	prefix, err := r.AppendHeader(nil, maxMessage)
	if err != nil {
		panic(err) // the names and the size have been checked
	}
	prefix = append(append(prefix, r.Module...), r.Function...)
	pieces := append(make([][]byte, 0, 3+2*len(a.attachments)), prefix, r.Kwargs)
	for i := range a.attachments {
		pieces = append(pieces, a.attachments[i].Name, a.attachments[i].Data)
	}
	pieces = append(pieces, a.text)
	return slices.DeleteFunc(pieces, func(p []byte) bool { return len(p) == 0 })
}

// send sends a request in pieces, as the worker makes room. It is the only
// sender of the lane meanwhile.
//
//spec:req RING-010 BELL-011
func (l *lane) send(r wire.Request, a *arguments) {
	rest := parts(r, a, l.region.MaxMessage)
	all := len(rest)
	begin := func() { l.producer.Begin(r.Size()) }
	pause, progress := minPause, nanotime()
	for {
		l.mu.Lock()
		if l.gone {
			l.mu.Unlock()
			return
		}
		if begin != nil {
			begin()
			begin = nil
		}
		if l.blank {
			l.blank = false
			for i := range rest {
				if i > 0 || len(rest) < all { // not what precedes the arguments
					rest[i] = make([]byte, len(rest[i]))
				}
			}
		}
		sent := 0
		var err error
		for len(rest) > 0 && err == nil {
			var n int
			n, err = l.producer.Write(rest[0][:min(len(rest[0]), maxPiece-sent)])
			sent += n
			if rest[0] = rest[0][n:]; len(rest[0]) > 0 {
				break
			}
			rest = rest[1:]
		}
		done := len(rest) == 0
		if done {
			l.stream = nil
		}
		wake := l.producer.NeedsWakeup()
		l.mu.Unlock()
		if wake {
			l.wakeWorker.Ring()
		}
		switch {
		case err != nil:
			l.kill(&protocolError{err})
			return
		case done:
			l.pool.pump()
			return
		case sent > 0:
			pause, progress = minPause, nanotime()
			runtime.Gosched()
		case nanotime()-progress < int64(l.spin):
			runtime.Gosched() // a worker that copies frees a slot long before a sleep would end
		default:
			time.Sleep(pause)
			pause = min(2*pause, ring.ProducerSleepMax)
		}
	}
}

const minPause = 10 * time.Microsecond

// maxPiece is how many bytes of a request are copied before others get the lane's
// lock: a worker that keeps up would let the copying go on to the end, while calls
// on their way to other lanes wait behind the one that asks this lane.
const maxPiece = 128 << 10

// sendCancel sends CANCEL for a call of this lane, or reports false if it can't
// be sent yet.
func (l *lane) sendCancel(c *call, id uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone || l.table[index(id)].call != c {
		return true // it has ended, or its worker has
	}
	if l.stream != nil {
		return false
	}
	slot, err := l.producer.Claim(wire.RequestHeaderSize)
	if err != nil {
		return false
	}
	if _, err := wire.AppendCancel(slot[:0], id); err != nil {
		panic(err) // an id of a table is never 0
	}
	l.producer.Commit()
	l.producer.Urge()
	l.table[index(id)].canceled = true
	if l.producer.NeedsWakeup() {
		l.wakeWorker.Ring()
	}
	return true
}

// abandon lets the caller of a sent call go, if the worker has not taken it, and
// says what may become of it. gone is false if the worker has, or may have.
//
//spec:req LIFE-036
func (l *lane) abandon(c *call, id uint32) (outcome Outcome, gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return 0, false
	}
	released, err := l.producer.Released()
	switch {
	case err == nil && released > c.last && l.waits != nil && l.waits(id):
		return OutcomeStarted, true // sent, but behind another: no reason to end the worker
	case err != nil || released > c.last:
		return 0, false
	case l.stream == c:
		// A message under way can't be taken back. But zero bytes are not JSON, so
		// the worker will refuse it.
		l.blank = true
		return OutcomeNotStarted, true
	case !l.table[index(id)].canceled:
		return OutcomeStarted, true // there was no room for CANCEL: it may still start
	}
	return OutcomeNotStarted, true
}

// sendShutdown asks the worker to end, once everything before has been sent. It
// reports false if there is no room at the moment.
func (l *lane) sendShutdown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return true
	}
	if l.stream != nil {
		return false
	}
	slot, err := l.producer.Claim(wire.RequestHeaderSize)
	if err != nil {
		return !errors.Is(err, ring.ErrFull)
	}
	wire.AppendShutdown(slot[:0])
	l.producer.Commit()
	if l.producer.NeedsWakeup() {
		l.wakeWorker.Ring()
	}
	return true
}

// currentCall returns the id of the call on the worker's main thread, 0 if none.
func (l *lane) currentCall() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return 0
	}
	return l.block.CurrentCall()
}

// implementation returns what the worker calls itself, or "" if it is gone.
func (l *lane) implementation() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return ""
	}
	return l.block.Snapshot().Implementation
}

// stopSending makes the lane refuse new calls. Those that it has go on.
func (l *lane) stopSending() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// verdict is what became of a call whose worker has died.
type verdict struct {
	call    *call
	started bool
}

// judge ends the lane after its worker has died and its last responses have been
// received: it returns the calls that were in it, in the order in which they were
// sent, and lets nobody touch the region again.
//
//spec:req LIFE-052 LIFE-053 LIFE-054 RING-020
func (l *lane) judge() []verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	released, err := l.producer.Released()
	l.closed, l.gone = true, true
	var verdicts []verdict
	for i := range l.table {
		if c := l.table[i].call; c != nil {
			// c.last is safe to read: it was written before the call entered.
			verdicts = append(verdicts, verdict{c, err != nil || released > c.last})
			l.table[i].call = nil
		}
	}
	l.load.Store(0)
	slices.SortFunc(verdicts, func(a, b verdict) int { return cmp.Compare(a.call.last, b.call.last) })
	return verdicts
}

// protocolError says how a worker broke the protocol. It is ErrProtocol.
type protocolError struct{ err error }

func (e *protocolError) Error() string        { return ErrProtocol.Error() + ": " + e.err.Error() }
func (e *protocolError) Is(target error) bool { return target == ErrProtocol }
func (e *protocolError) Unwrap() error        { return e.err }
