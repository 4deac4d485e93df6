package subprocess

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

const root = "../.."

func python(t *testing.T, args ...string) []string {
	t.Helper()
	return append([]string{"python3", "-I"}, args...)
}

// reference is the command of the Python reference behind JSON lines.
func reference(t *testing.T) []string {
	t.Helper()
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	run := "import sys, runpy; sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2], run_name='__main__')"
	return python(t, "-c", run, filepath.Join(abs, "pyref"), filepath.Join(abs, "examples/implementations/pyref/codec.py"))
}

func start(t *testing.T, argv []string, o Options) *Subject {
	t.Helper()
	s, err := Start(argv, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func text(t *testing.T, r *conformance.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The Python reference passes like any third party's implementation.
//
//spec:test CONF-001 CONF-002 CONF-010 CONF-012
func TestPythonReferenceConforms(t *testing.T) {
	t.Parallel()
	s := start(t, reference(t), Options{Stderr: os.Stderr, Patience: time.Minute, StartPatience: time.Minute})
	report := conformance.Run(context.Background(), s, vectors.All(), conformance.Options{})
	if !report.Conforms() {
		t.Fatal(text(t, report))
	}
}

// liar is a child that behaves as its first argument says.
const liar = `
import json, os, sys, time
how = sys.argv[1]
def put(x): print(json.dumps(x), flush=True)
for line in sys.stdin:
    c = json.loads(line)
    if c["cmd"] == "start":
        if how == "mute": time.sleep(100)
        if how == "gone": sys.exit(3)
        if how == "babbles": print("hello", flush=True); continue
        put({"name": "liar", "version": "0", "language": "Python", "profiles": ["decode"], "max_message": "67108864"})
        continue
    if c["cmd"] == "stop":
        if how == "stays": time.sleep(100)
        break
    target = c["op"] == "decode_request" and c["hex"].startswith("09")
    if target and how == "dies": os._exit(5)
    if target and how == "hangs": time.sleep(100)
    if target and how == "noise": print("not json", flush=True); continue
    if target and how == "other": put({"seq": c["seq"] + 1000, "reject": "BAD_TYPE"}); continue
    if target and how == "empty": put({"seq": c["seq"]}); continue
    if target and how == "partial": put({"seq": c["seq"], "ok": {"type": "9"}}); continue
    if target and how == "huge": put({"seq": c["seq"], "ok": {"type": "99999999999"}}); continue
    put({"seq": c["seq"], "skip": "always"})
`

//spec:test CONF-010 CONF-014
func TestChildrenThatMisbehave(t *testing.T) {
	t.Parallel()
	var cases []vectors.Vector
	for _, v := range vectors.All() {
		if strings.HasPrefix(v.ID, "decode-request-type-") || strings.HasPrefix(v.ID, "decode-request-id-") {
			cases = append(cases, v)
		}
	}
	for how, says := range map[string]string{
		"dies":    "exit status 5",
		"hangs":   "no answer within",
		"noise":   "a line that is no answer",
		"other":   "not asked or is answered",
		"empty":   "neither ok nor reject nor skip",
		"partial": "the answer lacks request_id",
		"huge":    "type is 99999999999",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := start(t, python(t, "-c", liar, how), Options{Patience: time.Second, StartPatience: time.Minute})
			report := conformance.Run(context.Background(), s, cases, conformance.Options{})
			for _, r := range report.Results {
				if guilty := r.ID == "decode-request-type-9"; guilty != (r.Status == conformance.Fail) {
					t.Errorf("%s: %s %v", r.ID, r.Status, r.Findings)
				}
			}
			if out := text(t, report); !strings.Contains(out, says) {
				t.Errorf("does not say %q:\n%s", says, out)
			}
		})
	}
}

func TestChildrenThatCannotStart(t *testing.T) {
	t.Parallel()
	for how, says := range map[string]string{
		"mute":    "no answer to start",
		"gone":    "exit status 3",
		"babbles": "the answer to start",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			_, err := Start(python(t, "-c", liar, how), Options{StartPatience: 2 * time.Second})
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("err=%v, want %q", err, says)
			}
		})
	}
	if _, err := Start([]string{"/no/such/command"}, Options{}); err == nil {
		t.Error("a command that does not exist was started")
	}
}

func TestChildThatDoesNotStopIsEnded(t *testing.T) {
	t.Parallel()
	s, err := Start(python(t, "-c", liar, "stays"), Options{Patience: 100 * time.Millisecond, StartPatience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	c := s.child
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-c.dead
}

// oneShot judges only the length of the header.
const oneShot = `
import json, sys
data, direction, limit = sys.stdin.buffer.read(), sys.argv[-2], int(sys.argv[-1])
size = 21 if direction == "request" else 20
if len(data) < size:
    print(json.dumps({"reject": "TRUNCATED_HEADER"}))
    sys.exit(1)
sys.exit(89 if limit == 67108864 else 2)
`

//spec:test CONF-001 CONF-002
func TestOneShotDecoder(t *testing.T) {
	t.Parallel()
	d, err := NewDecoder(python(t, "-c", oneShot), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]conformance.Status{
		"decode-request-header-cut-at-20":  conformance.Pass,
		"decode-response-header-cut-at-19": conformance.Pass,
		"decode-request-example":           conformance.Skip,
		"decode-request-limit-reached":     conformance.Fail,
	}
	for _, v := range vectors.All() {
		if status, ok := want[v.ID]; ok {
			if got := d.Judge(context.Background(), &v); got.Status != status {
				t.Errorf("%s: want %s, got %v", v.ID, status, got)
			}
		}
	}
}
