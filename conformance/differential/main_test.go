package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conformance/mutants"
)

func differential(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(context.Background(), args, &out, &err)
	return code, out.String(), err.String()
}

// pyref is the command of the Python reference behind JSON lines.
func pyref(t *testing.T) string {
	t.Helper()
	abs, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHONPATH", filepath.Join(abs, "pyref"))
	return "python3 " + filepath.Join(abs, "examples/implementations/pyref/codec.py")
}

//spec:test WIRE-027
//spec:test WIRE-030
func TestAllAgree(t *testing.T) {
	code, out, errs := differential("-n", "20000", "-seed", "7", "-exec", pyref(t), "-sample", "100")
	if code != 0 || !strings.HasPrefix(out, "seed 7: 20000 inputs, 2500 streams of ") || !strings.Contains(out, ", 200 put to the child\n") {
		t.Errorf("code=%d %s%s", code, out, errs)
	}
	_, again, _ := differential("-n", "20000", "-seed", "7", "-exec", pyref(t), "-sample", "100")
	if again != out {
		t.Errorf("the same seed gave\n%sand\n%s", out, again)
	}
}

// A comparison that finds no fault in a wrong codec would agree to anything.
func TestWrongModulesAreFound(t *testing.T) {
	for _, m := range mutants.All() {
		switch m.Number {
		case 1, 2, 3, 5, 7, 8, 10, 13, 26, 28, 42, 46, 53, 57, 60, 63:
		default:
			continue
		}
		module := filepath.Join(t.TempDir(), "mutant.wasm")
		if err := os.WriteFile(module, mutants.Module(m.Number), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, errs := differential("-n", "100000", "-wasm", module)
		if code != 1 || !strings.Contains(errs, "seed=1 input=") {
			t.Errorf("%s: code=%d %s", m.Fault, code, errs)
		}
	}
}

// careless refuses everything.
const careless = `
import json, sys
for line in sys.stdin:
    task = json.loads(line)
    if task["cmd"] == "start":
        print('{"name":"careless","version":"1","language":"Python","profiles":["decode"],"max_message":"67108864"}', flush=True)
    elif task["cmd"] == "run":
        print(json.dumps({"seq": task["seq"], "reject": "TRUNCATED_HEADER", "offset": "0", "field": "type"}), flush=True)
    else:
        break
`

func TestWrongChildIsFound(t *testing.T) {
	script := filepath.Join(t.TempDir(), "careless.py")
	if err := os.WriteFile(script, []byte(careless), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := differential("-n", "1000", "-exec", "python3 "+script, "-sample", "10")
	if code != 1 || !strings.Contains(errs, "careless does not agree") {
		t.Errorf("code=%d %s", code, errs)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-n", "0"}, {"-sample", "0"}, {"x"}, {"-no-such-flag"}, {"-wasm", "/no/such/file"}, {"-exec", "/no/such/command"}} {
		if code, out, errs := differential(args...); code != 2 || out != "" || errs == "" {
			t.Errorf("%q: code=%d %s%s", args, code, out, errs)
		}
	}
}
