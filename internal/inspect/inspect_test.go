package inspect_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringwire/ringwire/internal/inspect"
	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/wire"
)

var update = flag.Bool("update", false, "write the transcript anew, to be reviewed as a diff")

type numbers = map[string]uint64

func request(edit numbers, parts ...string) []byte {
	all := numbers{"type": 1, "request_id": 7}
	for name, n := range edit {
		all[name] = n
	}
	return slowwire.Frame(slowwire.Request, all, parts...)
}

func response(status, success uint64, parts ...string) []byte {
	return slowwire.Frame(slowwire.Response, numbers{"type": 2, "request_id": 7, "status_code": status, "success": success}, parts...)
}

var cases = []struct {
	name string
	b    []byte
}{
	{"request of the specification", request(nil, "m", "add", `{"a":1,"b":2}`)},
	{"response of the specification", response(200, 1, `{"sum":3}`, "")},
	{"failure", response(500, 0, `{"type":"ValueError"}`, "no such thing")},
	{"shutdown", request(numbers{"type": 3, "request_id": 0})},
	{"cancel", request(numbers{"type": 4})},
	{"no bytes", nil},
	{"header cut inside a field", request(nil, "m", "f", "")[:7]},
	{"header cut before a field", request(nil, "m", "f", "")[:9]},
	{"response header cut", response(200, 1, "", "")[:19]},
	{"payload missing", request(nil, "m", "add", "{}")[:21]},
	{"payload cut inside a part", request(nil, "m", "add", "{}")[:23]},
	{"payload cut behind a full line", request(nil, "m", "f", "0123456789")[:31]},
	{"payload cut before the next part", request(nil, "m", "f", "0123456789")[:22]},
	{"one byte too many", append(request(nil, "m", "f", ""), 0)},
	{"type of no version", request(numbers{"type": 10}, "m", "f", "{}")},
	{"total_length without the header", request(numbers{"total_length": 17}, "m", "add", `{"a":1,"b":2}`)},
	{"lengths that wrap in 32 bits", request(numbers{"module_name_len": 1<<32 - 1, "function_name_len": 5}, "m", "add", "{}")},
	{"frame over the limit", request(nil, "m", "f", strings.Repeat("x", 300))},
	{"empty module name", request(nil, "", "f", "{}")},
	{"ill-formed name", request(nil, "mo\xffdule", "f", "{}")},
	{"ill-formed name far inside", request(nil, strings.Repeat("n", 100)+"\xff"+strings.Repeat("n", 30), "f", "")},
	{"zero byte in a name", request(nil, "m", "a\x00", "{}")},
	{"kwargs that are not text", request(nil, "m", "f", "\xff\x00")},
	{"text that a terminal would obey", request(nil, "m", "f", "\x1b[2J")},
	{"success neither 0 nor 1", response(200, 2, "{}", "")},
	{"status that belongs to nothing", response(302, 0, "", "")},
	{"error message beside success", response(200, 1, "{}", "no")},
	{"cancel with payload", request(numbers{"type": 4}, "", "", "{}")},
}

// caseLimit is small enough to be exceeded by one case.
const caseLimit = 320

func TestTranscript(t *testing.T) {
	const file = "testdata/frames.txt"
	var got bytes.Buffer
	for _, c := range cases {
		report := inspect.Frame(c.b, caseLimit)
		fmt.Fprintf(&got, "# %s\n", c.name)
		if err := report.WriteText(&got); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s\n\n", text)
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s differs; if that is meant: go test ./internal/inspect -update\n-want +got:\n%s", file, diff)
	}
}

// Whatever the bytes are, each of them is shown once and in order, the fault has
// a row to be marked in, and the JSON says the same.
func TestAnyBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for run := range 20_000 {
		b, limit := slowwire.Generate(rng, []string{slowwire.Request, slowwire.Response}[run%2])
		report := inspect.Frame(b, int(limit))
		end, marked := 0, report.Fault == nil
		for _, row := range report.Rows {
			if row.Offset != end {
				t.Fatalf("%x: %s begins at %d, want %d", b, row.Field, row.Offset, end)
			}
			end += len(row.Bytes)
			if report.Fault != nil && row.Field == report.Fault.Field {
				marked = row.Offset <= report.Fault.Offset && report.Fault.Offset <= end
			}
		}
		if end != len(b) || !marked {
			t.Fatalf("%x: rows end at %d of %d, fault %v marked=%v", b, end, len(b), report.Fault, marked)
		}
		var drawn bytes.Buffer
		if err := report.WriteText(&drawn); err != nil || strings.Contains(drawn.String(), "^^") != (report.Fault != nil) {
			t.Fatalf("%x: err=%v, fault %v\n%s", b, err, report.Fault, drawn.String())
		}
		text, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		checkJSON(t, text, b, report.Fault)
	}
}

func checkJSON(t *testing.T, text, b []byte, fault *wire.Error) {
	t.Helper()
	var members struct {
		Type      *uint64
		RequestID *uint64 `json:"request_id"`
		Error     *struct {
			Code, Category, Field string
			Offset                int
		}
	}
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if (members.Type != nil) != (len(b) >= 1) || (members.RequestID != nil) != (len(b) >= 5) {
		t.Fatalf("%d bytes: fields that can be read are missing: %s", len(b), text)
	}
	if (members.Error != nil) != (fault != nil) {
		t.Fatalf("fault %v: %s", fault, text)
	}
	if e := members.Error; e != nil &&
		(e.Code != fault.Code.String() || e.Category != string(fault.Category()) || e.Offset != fault.Offset || e.Field != string(fault.Field)) {
		t.Fatalf("fault %v: %s", fault, text)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteTextReportsTheWriter(t *testing.T) {
	if err := inspect.Frame(nil, caseLimit).WriteText(brokenWriter{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
