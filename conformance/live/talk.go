//go:build linux

package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"syscall"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

// module is where the functions of the live profile are.
const module = "ringwire_conformance"

// call is a request with what became of it.
type call struct {
	id       uint32
	last     uint64 // position of the last slot of its request
	response *wire.Response
}

// ------------------------------------------------------------------- sending

// call sends a call of a function of the live profile.
func (l *lane) call(function, kwargs string) *call { return l.callIn(module, function, kwargs) }

// callIn sends a call of any function, under a new id.
func (l *lane) callIn(module, function, kwargs string) *call {
	l.nextID++
	return l.send(l.request(l.nextID, module, function, kwargs), l.nextID)
}

// request encodes a REQUEST.
func (l *lane) request(id uint32, module, function, kwargs string) []byte {
	r := wire.Request{Type: wire.TypeRequest, ID: id, Module: []byte(module), Function: []byte(function), Kwargs: []byte(kwargs)}
	message, err := r.Append(nil, l.region.MaxMessage)
	if err != nil {
		l.broken(err)
	}
	return message
}

// send sends a message, good or bad, and rings as a master should. An id other
// than 0 is that of the one response that is due.
func (l *lane) send(message []byte, id uint32) *call {
	c := l.publish(message, id)
	l.wake()
	return c
}

// cancel sends CANCEL for a call.
func (l *lane) cancel(c *call) {
	l.publishCancel(c.id)
	l.wake()
}

func (l *lane) publishCancel(id uint32) {
	message, err := wire.AppendCancel(nil, id)
	if err != nil {
		l.broken(err)
	}
	l.publish(message, 0)
	l.requests.Urge()
	l.cancels++
}

// shutdownMessage is a SHUTDOWN.
var shutdownMessage = wire.AppendShutdown(nil)

// wake rings if the worker sleeps.
func (l *lane) wake() {
	if l.requests.NeedsWakeup() {
		l.wakeWorker.ring()
	}
}

// publish puts a message into the ring and does not ring at the end. While the
// ring is full it rings, and takes responses, so that a worker that waits for
// room can go on.
func (l *lane) publish(message []byte, id uint32) *call {
	c := &call{id: id, last: l.requests.Position() + l.requests.Slots(len(message)) - 1}
	if id != 0 {
		l.calls[id] = c
	}
	rest := message
	fits := l.requests.Fits(len(message))
	if !fits {
		l.requests.Begin(len(message))
	}
	sent := l.until(l.patience(), func() bool {
		var err error
		if fits {
			var slot []byte
			if slot, err = l.requests.Claim(len(message)); err == nil {
				copy(slot, message)
				l.requests.Commit()
				return true
			}
		} else {
			var n int
			if n, err = l.requests.Write(rest); err == nil {
				if rest = rest[n:]; len(rest) == 0 {
					return true
				}
				if n > 0 {
					return false
				}
			}
		}
		if err != nil && !errors.Is(err, ring.ErrFull) {
			l.corrupt(err)
		}
		l.wake()
		l.collect()
		l.mustLive("while the kit was sending")
		return false
	})
	if !sent {
		l.fatalf("RING-023", "the worker released no slot for %v: the request ring stayed full", l.patience())
	}
	return c
}

// ----------------------------------------------------------------- receiving

// collect takes the responses that are there.
func (l *lane) collect() {
	for l.collectOne() {
	}
}

func (l *lane) collectOne() bool {
	message, _, err := l.responses.Next()
	l.read = l.word64(layout.ResponseControl + layout.ReadPosition).Load()
	if err != nil {
		l.corrupt(err)
	}
	if message == nil {
		return false
	}
	r, err := wire.ParseResponse(message, l.region.MaxMessage)
	if err != nil {
		l.fatalf("WIRE-030", "the worker sent a message that a decoder of responses refuses: %v\n%s", err, dump(message))
	}
	r.Body, r.ErrorMessage = bytes.Clone(r.Body), bytes.Clone(r.ErrorMessage)
	c := l.calls[r.ID]
	switch {
	case c == nil:
		l.failf("LIFE-012", "a response to request_id %d, which is no call of this lane", r.ID)
	case c.response != nil:
		l.failf("LIFE-012", "a second response to request_id %d", r.ID)
	default:
		c.response = &r
		l.checkPayload(&r)
	}
	return true
}

// corrupt ends the case: the worker broke its side of a ring.
func (l *lane) corrupt(err error) {
	var c *ring.CorruptError
	if !errors.As(err, &c) {
		l.broken(err)
	}
	requirement := map[string]string{
		"write_position": "RING-008", "read_position": "RING-012",
		"message_length": "RING-003", "fragment_offset": "RING-004",
	}[c.Field]
	if c.Field == "message_length" && c.Code == ring.CodeRingLength {
		requirement = "RING-005"
	}
	l.fatalf(requirement, "the worker broke its side of a ring: %v", err)
}

// checkPayload judges the form of a response, which chapter 06 fixes.
func (l *lane) checkPayload(r *wire.Response) {
	if len(r.Body) == 0 {
		return
	}
	if !json.Valid(r.Body) {
		l.failf(map[bool]string{true: "PAYLOAD-003", false: "PAYLOAD-009"}[r.Success],
			"the body of the response to request_id %d is not JSON: %s", r.ID, clip(string(r.Body)))
		return
	}
	if r.Success {
		return
	}
	var f failure
	if err := json.Unmarshal(r.Body, &f); err != nil || r.Body[0] != '{' {
		l.failf("PAYLOAD-009", "the body of a failed response is not an object with the members of chapter 06: %s", clip(string(r.Body)))
	}
}

// failure is the body of a failed response.
type failure struct {
	Type      *string  `json:"type"`
	Message   *string  `json:"message"`
	Traceback *string  `json:"traceback"`
	Notes     []string `json:"notes"`
	Cause     *failure `json:"cause"`
	Code      *string  `json:"code"`
	Started   *bool    `json:"started"`
}

// failure returns the details of a failed response; an empty body has none.
func (l *lane) failure(r *wire.Response) (f failure) {
	_ = json.Unmarshal(r.Body, &f) // checkPayload has judged it
	return f
}

// mustLive ends the case if the process is gone.
func (l *lane) mustLive(when string) {
	if l.gone() {
		l.collect()
		l.fatalf("", "the worker ended %s: %s", when, l.end())
	}
}

// await waits for the response to a call and reports whether it came.
func (l *lane) await(c *call) bool {
	return l.until(l.patience(), func() bool {
		l.collect()
		l.look()
		if c.response == nil && l.gone() {
			l.collect() // what it published before its end still counts
			if c.response == nil {
				l.fatalf("", "the worker ended without answering request_id %d: %s", c.id, l.end())
			}
		}
		return c.response != nil
	})
}

// expect waits for the response to a call.
func (l *lane) expect(c *call) *wire.Response {
	if !l.await(c) {
		taken := "has not taken it"
		if l.taken(c) {
			taken = "has taken it"
		}
		l.fatalf("LIFE-012", "no response to request_id %d within %v; the worker %s", c.id, l.patience(), taken)
	}
	return c.response
}

// taken reports whether the worker has taken a call.
func (l *lane) taken(c *call) bool { return l.released() > c.last }

// released returns the worker's read position.
func (l *lane) released() uint64 {
	n, err := l.requests.Released()
	if err != nil && !l.tampered {
		l.corrupt(err)
	}
	return n
}

// status waits for the response to a call and demands one of some statuses.
func (l *lane) status(c *call, requirement string, want ...wire.Status) *wire.Response {
	r := l.expect(c)
	for _, s := range want {
		if r.Status == s {
			return r
		}
	}
	l.failf(requirement, "request_id %d: want status %v, got %d: %s", c.id, want, r.Status, clip(string(r.ErrorMessage)))
	return r
}

// result waits for a successful response with a value, given as JSON.
func (l *lane) result(c *call, want string) {
	r := l.expect(c)
	if !r.Success {
		l.failf("CONF-020", "request_id %d: want a result, got status %d: %s", c.id, r.Status, clip(string(r.ErrorMessage)))
		return
	}
	if !sameJSON(r.Body, []byte(want)) {
		l.failf("CONF-020", "request_id %d: want the result %s, got %s", c.id, clip(want), clip(string(r.Body)))
	}
}

// alive proves that the worker answers, and that its ring is in order.
func (l *lane) alive() {
	l.nextID++
	c := l.send(l.request(l.nextID, module, "echo", fmt.Sprintf(`{"alive":%d}`, l.nextID)), l.nextID)
	l.result(c, fmt.Sprintf(`{"alive":%d}`, c.id))
}

// ---------------------------------------------------------------------- ends

// shutdown ends the worker in order.
func (l *lane) shutdown() {
	l.send(shutdownMessage, 0)
	l.exit("LIFE-041", ring.ExitOK)
	l.stopped()
}

// exit waits for the end of the process and demands an exit code.
func (l *lane) exit(requirement string, want ring.ExitCode) {
	if !l.until(l.patience(), func() bool { l.collect(); l.look(); return l.gone() }) {
		l.fatalf(requirement, "the worker did not exit within %v; its state is %s", l.patience(), l.look())
	}
	l.look()
	l.collect()
	if !l.exitedWith(want) {
		l.fatalf(requirement, "want exit code %d (%s), got %s", int(want), want, l.end())
	}
}

// stopped demands the state of a worker that has exited in order.
func (l *lane) stopped() {
	if s := l.look(); s != ring.StateStopped {
		l.failf("LIFE-041", "want the state STOPPED after the exit, got %s", s)
	}
}

// failed demands the state of a worker that has exited with an error.
func (l *lane) failed() {
	if s := l.look(); s != ring.StateFailed {
		l.failf("LIFE-006", "want the state FAILED after the exit, got %s", s)
	}
}

// freeze stops the process and returns when it stands still.
func (l *lane) freeze() {
	l.signal(syscall.SIGSTOP)
	if !l.until(l.patience(), func() bool {
		s, err := l.schedulerState()
		return err == nil && s == 'T' || l.gone()
	}) {
		l.fatalf("", "the worker could not be stopped")
	}
	l.mustLive("instead of being stopped")
}

func (l *lane) thaw() { l.signal(syscall.SIGCONT) }

// asleep waits until the worker has asked for a doorbell and sleeps.
func (l *lane) asleep() {
	if !l.until(l.patience(), func() bool {
		s, err := l.schedulerState()
		return err == nil && s == 'S' && l.word32(layout.RequestControl+layout.NeedWakeup).Load() != 0 || l.gone()
	}) {
		l.fatalf("BELL-001", "an idle worker did not ask for a doorbell within %v", l.patience())
	}
	l.mustLive("instead of waiting")
}

// ------------------------------------------------------------------- helpers

func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	parse := func(data []byte) (v any, err error) {
		if len(data) == 0 {
			return nil, nil // empty means null
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		err = d.Decode(&v)
		return v, err
	}
	x, err := parse(a)
	if err != nil {
		return false
	}
	y, err := parse(b)
	return err == nil && reflect.DeepEqual(x, y)
}

// clip keeps what is shown in a finding short.
func clip(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", s[:most], len(s))
}

// dump shows the beginning of a message in hex.
func dump(b []byte) string {
	if len(b) > 48 {
		return fmt.Sprintf("% x … (%d bytes)", b[:48], len(b))
	}
	return fmt.Sprintf("% x", b)
}
