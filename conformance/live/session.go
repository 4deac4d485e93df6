//go:build linux

package live

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/ring"
)

// session plays a session vector.
func (t *trial) session(s *vectors.Session) {
	allow := s.Allow
	if allow == nil {
		allow = []string{}
	}
	l := t.start(setup{
		allow: allow,
		spin:  time.Duration(s.Ring.SpinNs),
		geometry: ring.Geometry{
			SlotCount: int(s.Ring.SlotCount), SlotSize: int(s.Ring.SlotSize), MaxMessage: int(s.Ring.MaxMessage),
		},
	})
	for i := range s.Steps {
		l.step(&s.Steps[i], due(s.Steps[i+1:]))
	}
}

// due lists the ids that later steps expect responses to.
func due(steps []vectors.SessionStep) map[uint32]bool {
	ids := map[uint32]bool{}
	for _, s := range steps {
		if s.Expect != nil {
			ids[uint32(s.Expect.RequestID)] = true
		}
	}
	return ids
}

func (l *lane) step(s *vectors.SessionStep, due map[uint32]bool) {
	switch {
	case s.Send != nil:
		id := idOf(*s.Send)
		if !due[id] || s.Urgent {
			id = 0 // no response: the call before with this id, if any, stays known
		}
		l.publish(*s.Send, id)
		if s.Urgent {
			l.requests.Urge()
			l.cancels++
		}
		l.wake()
	case s.Expect != nil:
		l.answer(s.Expect)
	case s.Refused != nil:
		l.refused(uint64(*s.Refused))
	case s.Signal != "":
		signals := map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT}
		l.signal(signals[s.Signal])
	case s.Exit != nil:
		l.exit("", ring.ExitCode(*s.Exit))
	case s.State != "":
		if got := l.look().String(); got != s.State {
			l.failf("", "want the state %s, got %s", s.State, got)
		}
	}
}

// idOf returns what a worker must take for the request_id of a message, 0: none.
func idOf(message []byte) uint32 {
	if len(message) < 5 {
		return 0
	}
	return binary.LittleEndian.Uint32(message[1:])
}

// answer waits for a response and compares it with what the vector says.
func (l *lane) answer(want *vectors.Response) {
	c := l.calls[uint32(want.RequestID)]
	if c == nil {
		l.fatalf("", "the session expects a response to request_id %d and never sends it", want.RequestID)
	}
	r := l.expect(c)
	if uint64(r.Status) != uint64(want.StatusCode) || r.Success != (want.Success == 1) {
		l.failf("", "request_id %d: want status %d and success %d, got status %d and success %t: %s",
			c.id, want.StatusCode, want.Success, r.Status, r.Success, clip(string(r.ErrorMessage)))
		return
	}
	if !strings.Contains(string(r.ErrorMessage), want.ErrorContains) {
		l.failf("", "request_id %d: want an error message that contains %s, got %q", c.id, want.ErrorContains, clip(string(r.ErrorMessage)))
	}
	switch {
	case want.JSON == nil:
	case r.Success:
		if !sameJSON(r.Body, want.JSON) {
			l.failf("", "request_id %d: want the result %s, got %s", c.id, clip(string(want.JSON)), clip(string(r.Body)))
		}
	default:
		l.hasMembers(c.id, r.Body, want.JSON)
	}
}

// hasMembers demands that every member of an object is in the body of a failure.
func (l *lane) hasMembers(id uint32, body, want []byte) {
	var have, need map[string]json.RawMessage
	if json.Unmarshal(want, &need) != nil || json.Unmarshal(body, &have) != nil {
		l.failf("", "request_id %d: want an object, got %s", id, clip(string(body)))
		return
	}
	for name, value := range need {
		if !sameJSON(have[name], value) {
			l.failf("", "request_id %d: want the member %s to be %s, got %s", id, name, clip(string(value)), clip(string(have[name])))
		}
	}
}

// refused waits until the worker has counted so many messages that it dropped.
func (l *lane) refused(want uint64) {
	status := func() uint64 { return l.region.Worker().Snapshot().Refused }
	l.until(l.patience(), func() bool {
		l.collect()
		l.mustLive("instead of dropping a message")
		return status() >= want
	})
	if got := status(); got != want {
		l.failf("LIFE-015", "want refused to be %d, got %d", want, got)
	}
}
