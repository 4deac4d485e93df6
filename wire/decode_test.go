package wire_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/internal/wiretest"
	"github.com/ringwire/ringwire/wire"
)

//spec:test WIRE-001
//spec:test WIRE-009
//spec:test WIRE-028
func TestEveryPrefixOfAGoodMessage(t *testing.T) {
	for _, sample := range slowwire.Samples() {
		t.Run(sample.Name, func(t *testing.T) {
			header := wiretest.Direction(sample.Direction).HeaderSize()
			for n := range len(sample.Bytes) {
				// No capacity behind the prefix, so that reading on would panic.
				prefix := bytes.Clone(sample.Bytes[:n:n])
				got := wiretest.Decode(sample.Direction, prefix, maxMessage)
				want := "TRUNCATED_BODY"
				if n < header {
					want = "TRUNCATED_HEADER"
				}
				if got.Refusal == nil || got.Refusal.Code != want || got.Refusal.Offset != n {
					t.Fatalf("prefix of %d bytes: got %+v, want %s", n, got.Refusal, want)
				}
				if diff := cmp.Diff(slowwire.Decode(sample.Direction, prefix, maxMessage), got); diff != "" {
					t.Fatalf("prefix of %d bytes: -slowwire +wire:\n%s", n, diff)
				}
			}
		})
	}
}

//spec:test WIRE-001
func TestTruncatedHeaderNamesTheFieldThatIsCut(t *testing.T) {
	for direction, fields := range map[string]string{
		slowwire.Request: "type" + strings.Repeat(" request_id", 4) + strings.Repeat(" total_length", 4) +
			strings.Repeat(" module_name_len", 4) + strings.Repeat(" function_name_len", 4) + strings.Repeat(" kwargs_len", 4),
		slowwire.Response: "type" + strings.Repeat(" request_id", 4) + strings.Repeat(" total_length", 4) +
			strings.Repeat(" body_len", 4) + strings.Repeat(" status_code", 2) + strings.Repeat(" error_message_len", 4) + " success",
	} {
		for n, field := range strings.Fields(fields) {
			want := slowwire.Refusal{Code: "TRUNCATED_HEADER", Category: "truncated", Offset: n, Field: field}
			got := wiretest.Decode(direction, make([]byte, n), maxMessage).Refusal
			if got == nil || *got != want {
				t.Errorf("%s of %d bytes: got %+v, want %+v", direction, n, got, want)
			}
		}
	}
}

//spec:test WIRE-009
func TestTruncatedBodyNamesThePartThatIsCut(t *testing.T) {
	const end = "" // accepted
	for _, c := range []struct {
		name  string
		frame frame
		want  []string // by number of payload bytes
	}{
		{"request with three parts", func() frame { f := goodRequest(); f.parts = []string{"mo", "f", "{}"}; return f }(),
			[]string{"module_name", "module_name", "function_name", "kwargs", "kwargs", end}},
		{"request with empty kwargs", func() frame { f := goodRequest(); f.parts = []string{"m", "f", ""}; return f }(),
			[]string{"module_name", "function_name", end}},
		{"request without module name", func() frame { f := goodRequest(); f.parts = []string{"", "f", "k"}; return f }(),
			[]string{"function_name", "kwargs"}},
		{"request without function name", func() frame { f := goodRequest(); f.parts = []string{"m", "", "k"}; return f }(),
			[]string{"module_name", "kwargs"}},
		{"shutdown with payload", func() frame { f := bareRequest(wire.TypeShutdown, 0); f.parts[2] = "k"; return f }(),
			[]string{"kwargs"}},
		{"response with two parts", func() frame { f := failedResponse(); f.parts = []string{"b", "mm"}; return f }(),
			[]string{"body", "error_message", "error_message", end}},
		{"response without body", func() frame { f := failedResponse(); f.parts = []string{"", "m"}; return f }(),
			[]string{"error_message", end}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.frame.bytes()
			header := wiretest.Direction(c.frame.direction).HeaderSize()
			for n, field := range c.want {
				var want *slowwire.Refusal
				if field != end {
					want = &slowwire.Refusal{Code: "TRUNCATED_BODY", Category: "truncated", Offset: header + n, Field: field}
				}
				got := wiretest.Decode(c.frame.direction, b[:header+n], maxMessage).Refusal
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%d bytes of payload: -want +got:\n%s", n, diff)
				}
			}
		})
	}
}

// A length that is believed before its bytes are seen would ask for memory that
// nobody has.
//
//spec:test WIRE-029
func TestHugeLengthCostsNothing(t *testing.T) {
	f := goodRequest()
	f.max = wire.MaxMessageMax
	f.numbers["kwargs_len"] = wire.MaxMessageMax - 25
	f.numbers["total_length"] = wire.MaxMessageMax
	b := f.bytes()
	if n := testing.AllocsPerRun(10, func() { _, _ = wire.ParseRequest(b, f.max) }); n > 1 {
		t.Errorf("refusing a short message allocated %v times, want only the error", n)
	}
	checkRefused(t, f, refusal("TRUNCATED_BODY", len(b), "kwargs"))
}

// The fast decoder against the plain one, on messages with borders and faults.
//
//spec:test WIRE-004
//spec:test WIRE-027
//spec:test WIRE-028
//spec:test WIRE-030
func TestAgreesWithTheSlowDecoder(t *testing.T) {
	const runs = 100_000
	codes := map[string]int{}
	for _, direction := range []string{slowwire.Request, slowwire.Response} {
		rng := rand.New(rand.NewPCG(1, uint64(len(direction))))
		for run := range runs {
			b, limit := slowwire.Generate(rng, direction)
			want := slowwire.Decode(direction, b, limit)
			if got := wiretest.Decode(direction, b, limit); !reflect.DeepEqual(want, got) {
				t.Fatalf("run %d: %s %x with max_message %d: -slowwire +wire:\n%s", run, direction, b, limit, cmp.Diff(want, got))
			}
			if want.Refusal != nil {
				codes[want.Refusal.Code]++
				continue
			}
			codes["accepted"]++
			if again, err := wiretest.Reencode(direction, b, limit); err != nil || !bytes.Equal(again, b) {
				t.Fatalf("run %d: %s %x was encoded as %x, err=%v", run, direction, b, again, err)
			}
		}
	}
	// The comparison is worth as much as the inputs that reach each check.
	for _, code := range append(slowwire.Codes(), "accepted") {
		if codes[code] < runs/1000 {
			t.Errorf("only %d of %d generated messages end in %s", codes[code], 2*runs, code)
		}
	}
}

// The hex examples of the specification are messages, and say what it says.
//
//spec:test WIRE-030
func TestExamplesOfTheSpecification(t *testing.T) {
	var examples [][]byte
	for _, block := range regexp.MustCompile("(?s)```\n(.*?)```").FindAllStringSubmatch(string(slowwire.ReadSpec("spec/01-wire.md")), -1) {
		var message []byte
		for line := range strings.Lines(block[1]) {
			row := hexOf(line)
			if len(row) == wire.RequestHeaderSize { // a whole message on one line
				examples = append(examples, row)
				continue
			}
			message = append(message, row...)
		}
		if message != nil {
			examples = append(examples, message)
		}
	}
	if len(examples) != 4 {
		t.Fatalf("found %d examples, want 4", len(examples))
	}
	request := wire.Request{Type: wire.TypeRequest, ID: 7, Module: []byte("m"), Function: []byte("add"), Kwargs: []byte(`{"a":1,"b":2}`)}
	response := wire.Response{ID: 7, Status: wire.StatusOK, Success: true, Body: []byte(`{"sum":3}`)}
	for i, encode := range []func() ([]byte, error){
		func() ([]byte, error) { return request.Append(nil, maxMessage) },
		func() ([]byte, error) { return response.Append(nil, maxMessage) },
		func() ([]byte, error) { return wire.AppendShutdown(nil), nil },
		func() ([]byte, error) { return wire.AppendCancel(nil, 7) },
	} {
		got, err := encode()
		if err != nil || !bytes.Equal(got, examples[i]) {
			t.Errorf("example %d: got %x, err=%v, want %x", i, got, err, examples[i])
		}
	}
}

// hexOf is the bytes that a line begins with.
func hexOf(line string) []byte {
	var b []byte
	for _, word := range strings.Fields(line) {
		n, err := strconv.ParseUint(word, 16, 8)
		if err != nil || len(word) != 2 {
			break
		}
		b = append(b, byte(n))
	}
	return b
}
