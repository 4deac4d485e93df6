//go:build linux

package live

import (
	"context"
	"fmt"
	"strings"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

// requestJobs puts every request of the vectors to live workers, good or bad,
// each followed by a good call. Many share a worker: that it is none the worse
// for the messages before is what is judged.
func (s *Subject) requestJobs() []job {
	batches := map[ring.Geometry][]*vectors.Vector{}
	var order []ring.Geometry
	for i := range s.config.Vectors {
		v := &s.config.Vectors[i]
		if !isRequest(v) || !s.config.Match("live-"+v.ID) {
			continue
		}
		g := ring.Geometry{SlotCount: 8, SlotSize: 128, MaxMessage: int(v.MaxMessage)}
		if len(*v.Input) > 64<<10 {
			g.SlotSize = 64 << 10
		}
		if batches[g] == nil {
			order = append(order, g)
		}
		batches[g] = append(batches[g], v)
	}
	var jobs []job
	for _, g := range order {
		jobs = append(jobs, func(ctx context.Context) []conformance.Result { return s.put(ctx, g, batches[g]) })
	}
	return jobs
}

// isRequest reports whether a vector is a message that a live worker can be sent:
// a ring carries none that is empty or above its limit, and after SHUTDOWN there
// is nothing to see.
func isRequest(v *vectors.Vector) bool {
	if v.Operation != vectors.DecodeRequest || v.Result == vectors.Acceptable || v.Input == nil {
		return false
	}
	n := uint64(len(*v.Input))
	limit := uint64(v.MaxMessage)
	shutdown := v.Message != nil && v.Message.Type == uint32(wire.TypeShutdown)
	return n > 0 && n <= limit && limit >= ring.MaxMessageMin && !shutdown
}

// put judges vectors with as few workers as it can: one, if that goes on. The
// last result is about what the worker and its region have become.
func (s *Subject) put(ctx context.Context, g ring.Geometry, batch []*vectors.Vector) []conformance.Result {
	var results []conformance.Result
	var l *lane
	for _, v := range batch {
		verdict := s.try(ctx, "request", func(t *trial) {
			if l == nil {
				l = t.start(setup{geometry: g})
			}
			t.adopt(l)
			l.putRequest(v)
			if len(t.findings) == 0 {
				l = t.release() // for the next vector
				return
			}
			l = nil // the next one shall not suffer from this one
		})
		if verdict.Status != conformance.Pass {
			l = nil
		}
		requirements := append([]string{"LIFE-016"}, v.Requirements...)
		results = append(results, s.result("live-"+v.ID, v.Comment, requirements, verdict))
	}
	if l == nil {
		return results
	}
	verdict := (&trial{kit: s, ctx: ctx}).play(func(t *trial) {
		t.adopt(l)
		l.shutdown()
	})
	return append(results, s.result(fmt.Sprintf("live-request-left-%d-%d", g.SlotSize, g.MaxMessage),
		"after all these messages the worker ends in order and its region is intact", []string{"LIFE-016", "LIFE-041", "REGION-012"}, verdict))
}

// putRequest sends the message of a vector and then a good one.
func (l *lane) putRequest(v *vectors.Vector) {
	message := *v.Input
	before := l.region.Worker().Snapshot().Refused
	id := idOf(message)
	switch {
	case v.Result == vectors.Valid && v.Message.Type == uint32(wire.TypeCancel):
		l.publish(message, 0)
		l.requests.Urge()
		l.cancels++
		l.wake()
		l.alive()
	case v.Result == vectors.Valid:
		// No name of a vector is allowed here, so it is refused, but not as a frame.
		c := l.send(message, id)
		l.status(c, "PAYLOAD-012", wire.StatusForbidden)
		l.alive()
	case len(message) >= 5 && id != 0:
		c := l.send(message, id)
		r := l.status(c, "LIFE-014", wire.StatusBadRequest)
		if !strings.Contains(string(r.ErrorMessage), v.Error.Code) {
			l.failf("LIFE-014", "the error message must name %s; it is %q", v.Error.Code, clip(string(r.ErrorMessage)))
		}
		if r.Status == wire.StatusBadRequest && len(r.Body) > 0 {
			l.refusalCode(r, v.Error.Code)
		}
		l.alive()
	default:
		l.send(message, 0)
		l.refused(before + 1)
		l.alive()
	}
	if v.Result == vectors.Invalid && len(l.findings) > 0 {
		l.failf("", "the message must be refused with %s at offset %d in %s:\n%s", v.Error.Code, v.Error.Offset, v.Error.Field, dump(message))
	}
}

// refusalCode compares the member code of a refusal, if it is there.
func (l *lane) refusalCode(r *wire.Response, want string) {
	if got := l.failure(r).Code; got != nil && *got != want {
		l.failf("LIFE-014", "the member code is %q, not %s", *got, want)
	}
}
