//go:build linux

package mirror

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

// worker serves one lane.
type worker struct {
	fault  Fault
	mem    []byte
	region *ring.Region
	in     *intake
	out    *outbox
	bell   *bell // wakes the worker
	rules  *rules

	sleepers map[uint32]time.Time // calls of sleep in flight, and when they end
	canceled map[uint32]uint64    // CANCELs seen ahead: id to position
	early    map[uint32]bool      // CancelsAnswered: CANCELs for calls that were answered
	waiting  []*request           // TakesBatches: taken and not run
	messages int
	rings    int // TrustsBells
	draining atomic.Bool
}

// request is a REQUEST that is not in the ring any more.
type request struct {
	id               uint32
	module, function string
	kwargs           []byte
}

// serve takes messages until it is told to stop and every call is answered.
func (w *worker) serve() {
	for {
		w.awake()
		if w.draining.Load() && w.fault != TakesAfterShutdown {
			if len(w.sleepers) == 0 || w.fault == DropsCallsAtEnd {
				return
			}
			w.sleep()
			continue
		}
		message, err := w.in.peek()
		if err != nil {
			w.fail(err)
		}
		switch {
		case message != nil && (w.fault != TrustsBells || w.rings > 0):
			w.rings--
			w.handle(message)
		case len(w.waiting) > 0:
			w.runBatch()
		case w.draining.Load() && len(w.sleepers) == 0:
			return
		default:
			w.sleep()
		}
	}
}

// sleep waits for the next message or the end of the next sleeper.
func (w *worker) sleep() {
	var until time.Time
	for _, end := range w.sleepers {
		if until.IsZero() || end.Before(until) {
			until = end
		}
	}
	switch w.fault {
	case Spins:
		return
	case Polls:
		until = time.Now().Add(time.Millisecond)
	case LosesWakeups:
		time.Sleep(100 * time.Microsecond) // as long as it takes to be unlucky
		w.in.needWakeup.Store(1)
		w.bell.wait(until)
		w.in.needWakeup.Store(0)
		return
	}
	w.in.needWakeup.Store(1)
	// What lies in the ring of a worker that drains is not its business any more.
	if !w.in.ready() || w.draining.Load() || w.fault == TrustsBells {
		w.rings = w.bell.wait(until)
	}
	w.in.needWakeup.Store(0)
}

// awake answers the sleepers whose time has come.
func (w *worker) awake() {
	for id, end := range w.sleepers {
		if !time.Now().Before(end) {
			delete(w.sleepers, id)
			w.answer(id, null, nil)
		}
	}
}

// handle deals with the message at hand.
func (w *worker) handle(message []byte) {
	w.messages++
	switch {
	case w.fault == Crashes && w.messages == 10:
		_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		select {}
	case w.fault == StopsAfterTwenty && w.messages == 20:
		select {}
	case w.fault == Scribbles && w.messages >= 10:
		for range 100 {
			w.mem[rand.IntN(len(w.mem))] = byte(rand.Uint32())
		}
	case w.fault == PrintsMessages:
		fmt.Printf("%s\n", message)
	}
	r, err := wire.ParseRequest(message, w.region.MaxMessage)
	if err != nil {
		w.in.take()
		w.refuse(message, err)
		return
	}
	switch r.Type {
	case wire.TypeShutdown:
		w.in.take()
		w.drain()
	case wire.TypeCancel:
		position := w.in.copied - 1
		w.in.take()
		if p, ok := w.canceled[r.ID]; ok && p == position {
			delete(w.canceled, r.ID)
		}
		w.cancel(r.ID)
	case wire.TypeRequest:
		w.request(&request{r.ID, string(r.Module), string(r.Function), append([]byte(nil), r.Kwargs...)})
	}
}

// request takes the request at hand and runs it, unless it was cancelled.
func (w *worker) request(r *request) {
	if w.fault != NoLookAhead {
		if err := w.in.lookAhead(w.ahead); err != nil {
			w.fail(err)
		}
	}
	position, canceled := w.canceled[r.id]
	canceled = canceled && position >= w.in.copied || w.early[r.id]
	if w.fault == RunsBeforeTaking && !canceled {
		w.run(r)
		w.in.take()
		return
	}
	w.in.take()
	switch {
	case canceled:
		delete(w.canceled, r.id)
		w.answer(r.id, nil, &refusal{wire.StatusCanceled, "cancelled before it started", map[string]any{"started": false}})
	case w.fault == TakesBatches:
		w.waiting = append(w.waiting, r)
	default:
		w.run(r)
	}
}

func (w *worker) runBatch() {
	for _, r := range w.waiting {
		w.run(r)
	}
	w.waiting = nil
}

// ahead notes a CANCEL that lies further ahead in the ring.
func (w *worker) ahead(position uint64, message []byte) {
	r, err := wire.ParseRequest(message, w.region.MaxMessage)
	if err == nil && r.Type == wire.TypeCancel && !w.cancel(r.ID) && w.fault != IgnoresCancel {
		w.canceled[r.ID] = position
	}
}

// cancel ends a call in flight and reports whether there was one.
func (w *worker) cancel(id uint32) bool {
	if _, ok := w.sleepers[id]; !ok || w.fault == IgnoresCancel {
		if w.fault == CancelsAnswered {
			w.early[id] = true
		}
		return false
	}
	delete(w.sleepers, id)
	w.answer(id, nil, &refusal{wire.StatusCanceled, "cancelled while it ran", map[string]any{"started": true}})
	return true
}

// run calls a function and answers.
func (w *worker) run(r *request) {
	if !w.rules.allow(r.module, r.function) {
		w.answer(r.id, nil, refuse(wire.StatusForbidden, "not allowed: %s:%s", r.module, r.function))
		return
	}
	f, ok := functions[r.function]
	if r.module != Module || !ok {
		w.answer(r.id, nil, refuse(wire.StatusNotFound, "no function %s:%s", r.module, r.function))
		return
	}
	a, refused := f.bind(r.kwargs, w.fault)
	if refused != nil {
		w.answer(r.id, nil, refused)
		return
	}
	if f.run == nil {
		d, refused := a.duration("ms")
		if refused != nil {
			w.answer(r.id, nil, refused)
			return
		}
		w.sleepers[r.id] = time.Now().Add(d)
		return
	}
	if w.fault == SendsNaN && r.function == "nan" {
		w.answer(r.id, json.RawMessage("NaN"), nil)
		return
	}
	result, refused := f.run(a)
	w.answer(r.id, result, refused)
}

// answer sends the response to a call.
func (w *worker) answer(id uint32, result json.RawMessage, refused *refusal) {
	switch w.fault {
	case NeverAnswers:
		return
	case WrongID:
		id++
	}
	if refused == nil && wire.ResponseHeaderSize+len(result) > w.region.MaxMessage {
		if w.fault == SilentWhenTooLarge {
			return
		}
		refused = refuse(wire.StatusTooLarge, "the result is too large: size=%d", len(result))
	}
	if refused == nil {
		w.out.send(wire.Response{ID: id, Status: wire.StatusOK, Success: true, Body: result})
		return
	}
	response := wire.Response{ID: id, Status: refused.status}
	room := w.region.MaxMessage - wire.ResponseHeaderSize
	message := refused.message
	if len(message) > room/2 {
		message = message[:room/2]
		for len(message) > 0 && !validEnd(message) {
			message = message[:len(message)-1]
		}
	}
	response.ErrorMessage = []byte(message)
	if refused.details != nil {
		if w.fault == TextFailures {
			response.Body = []byte(`"failed"`)
		} else if body, err := encode(refused.details); err == nil && len(body) <= room-len(message) {
			response.Body = body
		}
	}
	w.out.send(response)
}

// refuse answers a message that is no frame, or counts it.
func (w *worker) refuse(message []byte, err error) {
	switch w.fault {
	case DiesOnRefusal:
		os.Exit(1)
	case SilentOnRefusal:
		return
	}
	var id uint32
	if len(message) >= 5 {
		id = binary.LittleEndian.Uint32(message[1:])
	}
	if id == 0 && w.fault == AnswersDropped {
		id = 1
	}
	if id == 0 {
		layout.Word64(w.mem, layout.Refused).Add(1)
		return
	}
	var refused *wire.Error
	if !errors.As(err, &refused) {
		panic(err)
	}
	code := refused.Code.String()
	if w.fault == OtherCode {
		code = wire.CodeBadType.String()
	}
	w.answer(id, nil, &refusal{wire.StatusBadRequest, code, map[string]any{"code": code}})
}

// drain takes no more messages from now on.
func (w *worker) drain() {
	if !w.draining.Swap(true) && w.fault != StateSkipped {
		w.state(ring.StateDraining)
	}
}

func (w *worker) state(s ring.State) { w.region.Worker().SetState(s) }

// fail ends the process because the lane is corrupt.
func (w *worker) fail(err error) {
	fmt.Fprintf(os.Stderr, "mirror: %v\n", err)
	if w.fault == ExitsWithoutCode {
		os.Exit(1)
	}
	w.state(ring.StateFailed)
	w.out.bell.ring()
	os.Exit(int(ring.ExitProtocol))
}
