package vectors

import (
	"encoding/json"
	"strconv"
	"strings"
)

// talk is a conversation in the making.
type talk struct {
	session Session
}

func newTalk() *talk {
	return &talk{Session{
		Allow: []string{"ringwire_conformance:*"},
		Ring:  RingParams{SlotCount: 8, SlotSize: 128, MaxMessage: 65536, Generation: 1},
	}}
}

func (t *talk) step(s SessionStep) *talk {
	t.session.Steps = append(t.session.Steps, s)
	return t
}

func (t *talk) send(b []byte) *talk {
	in := Bytes(b)
	return t.step(SessionStep{Send: &in})
}

func (t *talk) call(id uint32, function, kwargs string) *talk {
	return t.send(request(id, "ringwire_conformance", function, kwargs).bytes())
}

func (t *talk) cancel(id uint32) *talk {
	in := Bytes(bare(4, id).bytes())
	return t.step(SessionStep{Send: &in, Urgent: true})
}

func (t *talk) shutdown() *talk { return t.send(bare(3, 0).bytes()).exit(0) }

func (t *talk) exit(code uint64) *talk {
	n := Number(code)
	return t.step(SessionStep{Exit: &n})
}

func (t *talk) refused(count uint64) *talk {
	n := Number(count)
	return t.step(SessionStep{Refused: &n})
}

func (t *talk) signal(name string) *talk { return t.step(SessionStep{Signal: name}) }
func (t *talk) state(name string) *talk  { return t.step(SessionStep{State: name}) }

func (t *talk) ok(id uint32, value any) *talk {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // values are literals of the case files
	}
	return t.step(SessionStep{Expect: &Response{RequestID: Number(id), StatusCode: 200, Success: 1, JSON: body}})
}

func (t *talk) fails(id uint32, status Number, contains string) *talk {
	return t.step(SessionStep{Expect: &Response{RequestID: Number(id), StatusCode: status, ErrorContains: contains}})
}

// alive proves that the worker still answers.
func (t *talk) alive(id uint32) *talk {
	return t.call(id, "echo", `{"alive":true}`).ok(id, map[string]any{"alive": true})
}

func (c *cases) session(id, comment, requirements, flags string, t *talk) {
	c.add(Vector{ID: "session-" + id, Comment: comment, Operation: LiveSession, Result: Valid, Session: &t.session}, requirements, flags)
}

func (c *cases) sessions() {
	c.session("echo", "one call, one answer, and an orderly end", "LIFE-012 LIFE-040 LIFE-041 CONF-020", "", newTalk().alive(1).shutdown().state("STOPPED"))
	c.session("nothing", "null is a result", "PAYLOAD-003 CONF-020", "", newTalk().call(1, "nothing", "{}").ok(1, nil).shutdown())
	c.session("empty-kwargs", "empty kwargs mean an object without members", "PAYLOAD-001", "", newTalk().call(1, "echo", "").ok(1, map[string]any{}).shutdown())
	c.session("raise", "what a function raises is a failure, and the worker goes on", "PAYLOAD-007 LIFE-012 CONF-020", "",
		newTalk().call(1, "fail", `{"message":"boom"}`).fails(1, 500, "").alive(2).shutdown())
	c.session("function-missing", "no such function", "PAYLOAD-006", "", newTalk().call(1, "missing", "{}").fails(1, 404, "").alive(2).shutdown())
	forbidden := newTalk()
	forbidden.send(request(1, "os", "getpid", "{}").bytes()).fails(1, 403, "").alive(2).shutdown()
	c.session("forbidden", "a module that no pattern allows", "PAYLOAD-012 LIFE-018", "Hostile", forbidden)
	nothing := newTalk()
	nothing.session.Allow = nil
	c.session("nothing-allowed", "without allow nothing is allowed", "LIFE-060 LIFE-018", "", nothing.call(1, "echo", "{}").fails(1, 403, "").shutdown())
	for _, t := range []struct{ id, comment, kwargs string }{
		{"array", "kwargs are an array", "[1]"},
		{"scalar", "kwargs are a number", "1"},
		{"null", "kwargs are null", "null"},
		{"cut", "kwargs break off", `{"a":`},
		{"not-text", "kwargs are not UTF-8", "{\"a\":\"\xFF\"}"},
		{"trailing", "something follows the object", "{} {}"},
	} {
		c.session("kwargs-"+t.id, t.comment, "PAYLOAD-002", "Contents", newTalk().call(1, "echo", t.kwargs).fails(1, 400, "").alive(2).shutdown())
	}
	c.session("argument-unknown", "an argument that the function does not have", "PAYLOAD-005", "Contents", newTalk().call(1, "fill", `{"size":1,"colour":"red"}`).fails(1, 400, "").alive(2).shutdown())
	c.session("argument-missing", "an argument that the function needs is missing", "PAYLOAD-005", "Contents", newTalk().call(1, "fill", "{}").fails(1, 400, "").alive(2).shutdown())

	for _, n := range []int{0, 1, 58, 59, 60, 1024, 2000, 20000} {
		text := strings.Repeat("x", n)
		c.session("echo-size-"+itoa(n), "an argument of "+itoa(n)+" bytes in slots of 128, eight to the ring", "LIFE-012 RING-001 RING-018", "Fragments",
			newTalk().call(1, "echo", `{"t":"`+text+`"}`).ok(1, map[string]any{"t": text}).shutdown())
	}
	c.session("result-larger-than-ring", "a result many times larger than the ring", "RING-009 LIFE-012", "Fragments",
		newTalk().call(1, "fill", `{"size":30000}`).ok(1, strings.Repeat("x", 30000)).shutdown())
	c.session("result-too-large", "a result above max_message is answered with 413", "LIFE-017 LIMIT-002", "Limit", newTalk().call(1, "fill", `{"size":70000}`).fails(1, 413, "").alive(2).shutdown())

	many := newTalk()
	for id := uint32(1); id <= 40; id++ {
		many.call(id, "echo", `{"n":`+itoa(int(id))+`}`)
	}
	for id := uint32(1); id <= 40; id++ {
		many.ok(id, map[string]any{"n": float64(id)})
	}
	c.session("forty-in-flight", "forty calls through a ring of eight slots; answers may come in any order", "LIFE-010 LIFE-012 LIFE-013", "Full", many.shutdown())
	c.session("sleepers-overlap", "two sleepers and a quick call: the quick one need not wait", "LIFE-013 CONF-020", "",
		newTalk().call(1, "sleep", `{"ms":200}`).call(2, "sleep", `{"ms":200}`).call(3, "echo", `{"q":1}`).
			ok(3, map[string]any{"q": float64(1)}).ok(1, nil).ok(2, nil).shutdown())

	for _, t := range []struct {
		id, code string
		message  []byte
	}{
		{"type", "BAD_TYPE", example.withType(9).bytes()},
		{"header", "TRUNCATED_HEADER", example.bytes()[:20]},
		{"length", "LENGTH_MISMATCH", example.withTotal(39).bytes()},
		{"wrap", "LENGTH_MISMATCH", frame{typ: 1, id: 7, total: 21, lengths: [3]uint32{1, 1, 0xFFFFFFFE}}.bytes()},
		{"limit", "TOO_LARGE", request(7, "m", "f", "").withLength(2, 65536).withTotal(65559).bytes()},
		{"name-limit", "NAME_TOO_LONG", request(7, strings.Repeat("m", 1025), "f", "").bytes()},
		{"body", "TRUNCATED_BODY", example.bytes()[:37]},
		{"trailing", "TRAILING", append(example.bytes(), 0)},
		{"empty-name", "EMPTY_NAME", request(7, "", "f", "").bytes()},
		{"text", "BAD_UTF8", request(7, "\xFF", "f", "").bytes()},
		{"nul", "NUL_IN_NAME", request(7, "m\x00", "f", "").bytes()},
		{"shutdown-id", "RESERVED_ID", bare(3, 7).bytes()},
		{"cancel-payload", "NONZERO_LENGTH", frame{typ: 4, id: 7, lengths: [3]uint32{0, 0, 1}, payload: []byte("k")}.summed().bytes()},
	} {
		c.session("refused-"+t.id, "a message that is refused with "+t.code+" is answered with 400, and the worker goes on", "LIFE-014 LIFE-016", "Hostile",
			newTalk().send(t.message).fails(7, 400, t.code).alive(8).shutdown())
	}
	for _, t := range []struct {
		id, comment string
		message     []byte
	}{
		{"one-byte", "a message of one byte: nobody can be told", []byte{1}},
		{"four-bytes", "four bytes hold no id", example.bytes()[:4]},
		{"id-zero", "a REQUEST with id 0", example.withID(0).bytes()},
		{"cancel-id-zero", "a CANCEL with id 0", bare(4, 0).bytes()},
	} {
		c.session("dropped-"+t.id, t.comment, "LIFE-015 LIFE-016", "Hostile", newTalk().send(t.message).refused(1).alive(8).shutdown())
	}

	c.session("cancel-unknown", "a CANCEL for a call that nobody made is ignored", "LIFE-035", "Urgent", newTalk().cancel(99).alive(1).shutdown())
	c.session("cancel-answered", "a CANCEL for a call that is answered is ignored", "LIFE-035", "Urgent", newTalk().alive(1).cancel(1).alive(2).shutdown())
	c.session("shutdown-after-calls", "calls before SHUTDOWN are answered", "LIFE-041 LIFE-010", "",
		newTalk().call(1, "echo", "{}").call(2, "sleep", `{"ms":50}`).send(bare(3, 0).bytes()).ok(1, map[string]any{}).ok(2, nil).exit(0).state("STOPPED"))
	c.session("shutdown-takes-no-more", "what follows SHUTDOWN is not taken", "LIFE-040", "",
		newTalk().send(bare(3, 0).bytes()).exit(0).state("STOPPED"))
	c.session("sigterm", "SIGTERM ends a worker like SHUTDOWN", "LIFE-042", "Signals", newTalk().alive(1).signal("SIGTERM").exit(0).state("STOPPED"))
	c.session("sigterm-with-call", "SIGTERM lets a call in flight finish", "LIFE-042 LIFE-041", "Signals",
		newTalk().alive(1).call(2, "sleep", `{"ms":300}`).call(3, "echo", "{}").ok(3, map[string]any{}).signal("SIGTERM").ok(2, nil).exit(0))
	c.session("sigint-ignored", "SIGINT is the master's to handle", "LIFE-043", "Signals", newTalk().alive(1).signal("SIGINT").alive(2).shutdown())
}

func itoa(n int) string { return strconv.Itoa(n) }
