package vectors

import (
	"fmt"
	"strings"
)

// flow is a stream in the making: its chunks, and what a reader must find.
type flow struct {
	id, comment  string
	response     bool
	chunks       [][]byte
	end          bool
	good         []frame
	refusal      *refusal
	chunk        int
	requirements string
	flags        string
	max          uint64
}

func (c *cases) stream(f flow) {
	op := operation("stream", f.response)
	v := Vector{
		ID: prefix(op) + f.id, Comment: f.comment, Operation: op, Result: Valid,
		MaxMessage: opts{max: f.max}.limit(), End: &f.end, Chunks: []Bytes{}, Messages: []Message{},
	}
	for _, chunk := range f.chunks {
		v.Chunks = append(v.Chunks, chunk)
	}
	for _, g := range f.good {
		v.Messages = append(v.Messages, *g.message())
	}
	if f.refusal != nil {
		v.Result = Invalid
		v.Error = f.refusal.error()
		chunk := Number(f.chunk)
		v.Error.Chunk = &chunk
	}
	c.add(v, f.requirements, f.flags)
}

// split cuts b at the given offsets.
func split(b []byte, at ...int) [][]byte {
	var out [][]byte
	from := 0
	for _, to := range at {
		out = append(out, b[from:to])
		from = to
	}
	return append(out, b[from:])
}

func everyByte(b []byte) [][]byte {
	var out [][]byte
	for i := range b {
		out = append(out, b[i:i+1])
	}
	return out
}

func join(frames ...frame) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, f.bytes()...)
	}
	return b
}

func (c *cases) streams() {
	second := request(8, "n", "f", "{}")
	r1, r2 := exampleResponse, response(8, 500, "{}", "no")

	c.stream(flow{id: "empty", comment: "a stream that ends before it begins", end: true, requirements: "WIRE-034"})
	c.stream(flow{id: "nothing-yet", comment: "no byte has come and the stream is open", requirements: "WIRE-032"})
	c.stream(flow{id: "one", comment: "one frame in one chunk", chunks: [][]byte{example.bytes()}, end: true, good: []frame{example}, requirements: "WIRE-032"})
	c.stream(flow{id: "two-in-one-chunk", comment: "two frames in one chunk: neither is trailing for the other", chunks: [][]byte{join(example, second)}, end: true, good: []frame{example, second}, requirements: "WIRE-032"})
	c.stream(flow{id: "every-byte-a-chunk", comment: "two frames, each byte by itself", chunks: everyByte(join(second, example)), end: true, good: []frame{second, example}, requirements: "WIRE-032"})
	c.stream(flow{id: "all-types", comment: "REQUEST, CANCEL and SHUTDOWN follow one another", chunks: [][]byte{join(example, bare(4, 7), bare(3, 0))}, end: true, good: []frame{example, bare(4, 7), bare(3, 0)}, requirements: "WIRE-032"})
	c.stream(flow{id: "after-shutdown", comment: "framing goes on after SHUTDOWN; what it means is not the codec's matter", chunks: [][]byte{join(bare(3, 0), example)}, end: true, good: []frame{bare(3, 0), example}, requirements: "WIRE-032"})
	for _, at := range []int{1, 5, 9, 20, 21, 22, 37} {
		c.stream(flow{id: fmt.Sprintf("split-at-%02d", at), comment: fmt.Sprintf("a frame that arrives as %d and %d bytes", at, 38-at),
			chunks: split(example.bytes(), at), end: true, good: []frame{example}, requirements: "WIRE-032"})
	}
	c.stream(flow{id: "split-across-frames", comment: "each chunk ends inside a frame", chunks: split(join(example, second, bare(4, 8)), 30, 45, 70), end: true, good: []frame{example, second, bare(4, 8)}, requirements: "WIRE-032"})
	c.stream(flow{id: "header-waits", comment: "20 of 21 header bytes: nothing to say yet", chunks: [][]byte{example.bytes()[:20]}, requirements: "WIRE-032"})
	c.stream(flow{id: "payload-waits", comment: "all but the last byte: nothing to say yet", chunks: [][]byte{example.bytes()[:37]}, requirements: "WIRE-032"})
	c.stream(flow{id: "bad-type-waits", comment: "20 header bytes with an unknown type: the header is judged when it is complete", chunks: [][]byte{example.withType(9).bytes()[:20]}, requirements: "WIRE-032 WIRE-033"})
	large := request(9, "m", "f", strings.Repeat("k", 70000))
	c.stream(flow{id: "large", comment: "a frame of 70,023 bytes in chunks of 4,096", chunks: split(large.bytes(), multiples(4096, 70023)...), end: true, good: []frame{large}, requirements: "WIRE-032"})
	var many []frame
	for i := range uint32(50) {
		many = append(many, request(i+1, "m", "f", strings.Repeat("k", int(i))))
	}
	c.stream(flow{id: "fifty", comment: "fifty frames of growing length in chunks of 17 bytes", chunks: split(join(many...), multiples(17, len(join(many...)))...), end: true, good: many, requirements: "WIRE-032"})
	c.stream(flow{id: "limit-reached", comment: "a frame of exactly max_message bytes", chunks: [][]byte{request(6, "m", "f", strings.Repeat("k", 1001)).bytes()}, end: true, good: []frame{request(6, "m", "f", strings.Repeat("k", 1001))}, max: 1024, requirements: "WIRE-032 WIRE-006"})

	refused := func(id, comment string, chunks [][]byte, end bool, good []frame, r refusal, chunk int, requirements, flags string) {
		c.stream(flow{id: id, comment: comment, chunks: chunks, end: end, good: good, refusal: &r, chunk: chunk, requirements: requirements, flags: flags})
	}
	refused("ends-in-header", "the stream ends after 20 of 21 header bytes", [][]byte{example.bytes()[:20]}, true, nil, refusal{"TRUNCATED_HEADER", 20, "kwargs_len"}, 1, "WIRE-034 WIRE-001", "Truncated")
	refused("ends-after-one-byte", "the stream ends after the type", [][]byte{example.bytes()[:1]}, true, nil, refusal{"TRUNCATED_HEADER", 1, "request_id"}, 1, "WIRE-034 WIRE-001", "Truncated")
	refused("ends-after-header", "the stream ends where the payload should begin", [][]byte{example.bytes()[:21]}, true, nil, refusal{"TRUNCATED_BODY", 21, "module_name"}, 1, "WIRE-034 WIRE-009", "Truncated")
	refused("ends-in-payload", "the stream ends before the last byte", [][]byte{example.bytes()[:37]}, true, nil, refusal{"TRUNCATED_BODY", 37, "kwargs"}, 1, "WIRE-034 WIRE-009", "Truncated")
	refused("ends-in-second-header", "the second frame is cut; offsets count from its start", [][]byte{join(example, second)[:38+9]}, true, []frame{example}, refusal{"TRUNCATED_HEADER", 9, "module_name_len"}, 1, "WIRE-034 WIRE-001", "Truncated")
	refused("ends-in-second-payload", "the payload of the second frame is cut", [][]byte{join(example, second)[:38+22]}, true, []frame{example}, refusal{"TRUNCATED_BODY", 22, "function_name"}, 1, "WIRE-034 WIRE-009", "Truncated")
	refused("bad-type-at-header", "an unknown type is refused when the header is there, before its payload", split(example.withType(9).bytes(), 21), false, nil, refusal{"BAD_TYPE", 0, "type"}, 0, "WIRE-033 WIRE-002", "Unsupported Precedence")
	refused("length-mismatch-at-header", "a wrong total_length is refused when the header is there", split(example.withTotal(39).bytes(), 21), false, nil, refusal{"LENGTH_MISMATCH", 5, "total_length"}, 0, "WIRE-033 WIRE-005", "Lengths Precedence")
	refused("sum-wraps-at-header", "a sum that wraps to a bare header: a reader that adds in 32 bits would find the next frame in the payload", [][]byte{frame{typ: 1, id: 7, total: 21, lengths: [3]uint32{1, 1, 0xFFFFFFFE}}.bytes()}, false, nil, refusal{"LENGTH_MISMATCH", 5, "total_length"}, 0, "WIRE-033 WIRE-004 WIRE-005", "Wrap")
	refused("too-large-at-header", "a frame above the limit is refused when the header is there, not when memory is gone", [][]byte{request(6, "m", "f", "").withLength(2, defaultMax-22).withTotal(defaultMax + 1).bytes()[:21]}, false, nil, refusal{"TOO_LARGE", 5, "total_length"}, 0, "WIRE-033 WIRE-006 WIRE-029", "Limit Precedence")
	refused("module-name-too-long-at-header", "a module name of 1,025 bytes is refused when the header is there", [][]byte{request(6, strings.Repeat("m", 1025), "f", "").bytes()[:21]}, false, nil, refusal{"NAME_TOO_LONG", 9, "module_name_len"}, 0, "WIRE-033 WIRE-007", "Limit Precedence")
	refused("function-name-too-long-at-header", "a function name of 1,025 bytes is refused when the header is there", [][]byte{request(6, "m", strings.Repeat("f", 1025), "").bytes()[:21]}, false, nil, refusal{"NAME_TOO_LONG", 13, "function_name_len"}, 0, "WIRE-033 WIRE-008", "Limit Precedence")
	refused("contents-at-end-of-frame", "contents are judged when the frame is complete: id 0", split(example.withID(0).bytes(), 21, 37), false, nil, refusal{"RESERVED_ID", 1, "request_id"}, 2, "WIRE-011", "Contents")
	refused("text-at-end-of-frame", "a module name that is no text", [][]byte{request(7, "\xFF", "f", "{}").bytes()}, false, nil, refusal{"BAD_UTF8", 21, "module_name"}, 0, "WIRE-014", "Text")
	refused("good-then-bad", "the frame before a refusal is delivered", [][]byte{join(example, second.withType(0))}, false, []frame{example}, refusal{"BAD_TYPE", 0, "type"}, 0, "WIRE-033 WIRE-035", "Unsupported")
	refused("bad-then-good", "what follows a refusal is not delivered, although it looks like a frame", [][]byte{join(example.withType(0), second)}, false, nil, refusal{"BAD_TYPE", 0, "type"}, 0, "WIRE-035 WIRE-033", "Unsupported Resync")
	refused("bad-contents-then-good", "even where the next frame could be found, the stream of a subject ends with its first refusal", [][]byte{example.withID(0).bytes(), second.bytes()}, true, nil, refusal{"RESERVED_ID", 1, "request_id"}, 0, "WIRE-011 CONF-012 ABI-012", "Contents Resync")
	refused("truncated-not-resynced", "a refusal stays the answer when the stream ends", [][]byte{example.withTotal(39).bytes()[:30]}, true, nil, refusal{"LENGTH_MISMATCH", 5, "total_length"}, 0, "WIRE-035 WIRE-033", "Lengths Precedence")
	refused("response-on-request-stream", "a RESPONSE on the master's stream", [][]byte{append(r1.bytes(), 0)}, false, nil, refusal{"BAD_TYPE", 0, "type"}, 0, "WIRE-002 WIRE-033", "Unsupported Precedence")

	responses := func(f flow) { f.response = true; c.stream(f) }
	responses(flow{id: "two-in-one-chunk", comment: "two responses in one chunk", chunks: [][]byte{join(r1, r2)}, end: true, good: []frame{r1, r2}, requirements: "WIRE-032"})
	responses(flow{id: "every-byte-a-chunk", comment: "two responses, each byte by itself", chunks: everyByte(join(r1, r2)), end: true, good: []frame{r1, r2}, requirements: "WIRE-032"})
	responses(flow{id: "header-of-20-suffices", comment: "a response without payload is complete with 20 bytes: a reader that waits for 21 hangs", chunks: [][]byte{response(1, 200, "", "").bytes()}, good: []frame{response(1, 200, "", "")}, requirements: "WIRE-032"})
	responses(flow{id: "header-waits", comment: "19 of 20 header bytes: nothing to say yet", chunks: [][]byte{r1.bytes()[:19]}, requirements: "WIRE-032"})
	for _, t := range []struct {
		id, comment  string
		chunks       [][]byte
		end          bool
		good         []frame
		r            refusal
		chunk        int
		requirements string
		flags        string
	}{
		{"ends-in-header", "the stream ends after 19 of 20 header bytes", [][]byte{r1.bytes()[:19]}, true, nil, refusal{"TRUNCATED_HEADER", 19, "success"}, 1, "WIRE-034 WIRE-001", "Truncated"},
		{"ends-in-payload", "the stream ends inside the second response", [][]byte{join(r1, r2)[:29+23]}, true, []frame{r1}, refusal{"TRUNCATED_BODY", 23, "error_message"}, 1, "WIRE-034 WIRE-009", "Truncated"},
		{"bad-type-at-header", "a REQUEST on the worker's stream", [][]byte{r1.withType(1).bytes()[:20]}, false, nil, refusal{"BAD_TYPE", 0, "type"}, 0, "WIRE-033 WIRE-003", "Unsupported Precedence"},
		{"length-mismatch-at-header", "a wrong total_length is refused when the header is there", [][]byte{r1.withTotal(30).bytes()[:20]}, false, nil, refusal{"LENGTH_MISMATCH", 5, "total_length"}, 0, "WIRE-033 WIRE-005", "Lengths Precedence"},
		{"too-large-at-header", "a response above the limit is refused when the header is there", [][]byte{response(6, 200, "", "").withLength(0, defaultMax-19).withTotal(defaultMax + 1).bytes()}, false, nil, refusal{"TOO_LARGE", 5, "total_length"}, 0, "WIRE-033 WIRE-006 WIRE-029", "Limit Precedence"},
		{"success-at-end-of-frame", "success 2 is a matter of contents: judged when the frame is complete", split(r1.withSuccess(2).bytes(), 20), false, nil, refusal{"BAD_SUCCESS", 19, "success"}, 1, "WIRE-022", "Contents"},
		{"bad-then-good", "what follows a refusal is not delivered", [][]byte{join(r1.withStatus(7), r2)}, true, nil, refusal{"STATUS_CONFLICT", 13, "status_code"}, 0, "WIRE-023 CONF-012 ABI-012", "Contents Resync"},
	} {
		responses(flow{id: t.id, comment: t.comment, chunks: t.chunks, end: t.end, good: t.good, refusal: &t.r, chunk: t.chunk, requirements: t.requirements, flags: t.flags})
	}
}

// multiples returns unit, 2·unit … below end.
func multiples(unit, end int) []int {
	var out []int
	for at := unit; at < end; at += unit {
		out = append(out, at)
	}
	return out
}
