package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// callM calls a function of testdata/m.py.
func callM(t *testing.T, args ...string) ran {
	t.Helper()
	return ringwire(t, "", append([]string{"call", "--path", "testdata", "--allow", "m:*"}, args...)...)
}

func TestCallPrintsTheResult(t *testing.T) {
	got := callM(t, "m:add", `{"a":1,"b":2}`)
	if got != (ran{0, "{\"sum\":3}\n", ""}) {
		t.Errorf("%+v", got)
	}
}

// maxMessage is the default limit of a message, header included.
const maxMessage = 64 << 20

func TestCallExitCodes(t *testing.T) {
	argumentsOf := func(size int) string {
		file := filepath.Join(t.TempDir(), "arguments.json")
		kwargs := `{"s":"` + strings.Repeat("x", size-len(`{"s":""}`)) + `"}`
		if err := os.WriteFile(file, []byte(kwargs), 0o600); err != nil {
			t.Fatal(err)
		}
		return "@" + file
	}
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		kind   string   // in --json
		stderr []string // all of these, without --json
	}{
		{"handler raises", []string{"m:fail", `{"why":"no luck"}`}, 1, "raised",
			[]string{"Traceback (most recent call last)", "in fail", "raise ValueError(why)", "ValueError: no luck"}},
		{"handler raises KeyboardInterrupt", []string{"m:interrupt"}, 1, "raised", []string{"KeyboardInterrupt"}},
		{"module raises", []string{"--allow", "broken:f", "broken:f"}, 1, "raised", []string{"broken on purpose"}},
		{"result cannot be encoded", []string{"m:unencodable"}, 1, "bad_result", []string{"object"}},
		{"result too large", []string{"m:large", fmt.Sprintf(`{"size":%d}`, maxMessage)}, 1, "result_too_large", nil},

		{"no arguments at all", nil, 2, "", []string{"Try 'ringwire call --help'"}},
		{"not JSON", []string{"m:add", `{"a":1`}, 2, "", []string{"KWARGS_JSON"}},
		{"empty KWARGS_JSON", []string{"m:add", ""}, 2, "", []string{"KWARGS_JSON"}},
		{"not an object", []string{"m:add", `[1, 2]`}, 2, "", []string{"KWARGS_JSON"}},
		{"file that is not there", []string{"m:add", "@no-such-file"}, 2, "", []string{"no-such-file"}},
		{"unknown flag", []string{"--no-such-flag", "m:add"}, 2, "", []string{"no-such-flag"}},
		{"bad pattern", []string{"--allow", "m", "m:add"}, 2, "config", []string{"pattern"}},

		{"unknown function", []string{"m:nothing"}, 3, "not_found", []string{"nothing"}},
		{"unknown module", []string{"--allow", "nowhere:*", "nowhere:f"}, 3, "not_found", []string{"nowhere"}},
		{"os:system", []string{"os:system", `{"command":"echo pwned"}`}, 3, "forbidden", []string{"--allow 'os:system'"}},
		{"os.system through m", []string{"m:os.system", `{"command":"echo pwned"}`}, 3, "", nil},
		{"name without function", []string{"add"}, 3, "bad_arguments", nil},
		{"argument missing", []string{"m:add", `{"a":1}`}, 3, "bad_arguments", []string{"'b'"}},
		{"argument too many", []string{"m:add", `{"a":1,"b":2,"c":3}`}, 3, "bad_arguments", []string{"'c'"}},
		{"64 MiB + 1 of arguments", []string{"m:length", argumentsOf(maxMessage + 1)}, 3, "too_large", nil},

		// How far the call had come by then is for a busy machine to say.
		{"deadline, async", []string{"--timeout", "100ms", "m:async_sleep", `{"seconds":60}`}, 4, "expired", []string{"deadline passed"}},
		{"deadline, sync", []string{"--timeout", "100ms", "m:sync_sleep", `{"seconds":60}`}, 4, "expired", []string{"deadline passed"}},

		{"os._exit(3)", []string{"m:exit_hard", `{"code":3}`}, 5, "worker_lost", []string{"exit=3", "started"}},
		{"kill -9 of itself", []string{"m:kill_self"}, 5, "worker_lost", []string{"signal=SIGKILL", "started"}},
		{"no such interpreter", []string{"--python", "no-such-python", "m:add"}, 5, "startup", []string{"no-such-python"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := callM(t, c.args...)
			if got.code != c.code || got.stdout != "" {
				t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", got.code, c.code, got.stdout, got.stderr)
			}
			for _, want := range c.stderr {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("stderr lacks %q:\n%s", want, got.stderr)
				}
			}
			if c.kind != "" {
				checkErrorJSON(t, callM(t, append([]string{"--json"}, c.args...)...), c.code, c.kind)
			}
		})
	}
}

// checkErrorJSON looks at the error of a call with --json.
func checkErrorJSON(t *testing.T, got ran, code int, kind string) {
	t.Helper()
	var out struct {
		Result *json.RawMessage
		Error  struct {
			Kind     string
			ExitCode int `json:"exit_code"`
			Message  string
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &out); err != nil {
		t.Fatalf("%v\nstdout: %s\nstderr: %s", err, got.stdout, got.stderr)
	}
	if out.Result != nil || out.Error.Kind != kind || out.Error.ExitCode != code || got.code != code || out.Error.Message == "" {
		t.Errorf("exit code %d, want %d with kind %s: %s", got.code, code, kind, got.stdout)
	}
}

func TestCallExceptionAsJSON(t *testing.T) {
	got := callM(t, "--json", "m:fail", `{"why":"no luck"}`)
	var out struct {
		Error struct {
			Function, Outcome string
			Exception         struct{ Type, Message, Traceback string }
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &out); err != nil {
		t.Fatal(err)
	}
	e := out.Error
	if e.Function != "m:fail" || e.Outcome != "failed" || e.Exception.Type != "ValueError" || e.Exception.Message != "no luck" ||
		!strings.Contains(e.Exception.Traceback, "raise ValueError(why)") {
		t.Errorf("%s", got.stdout)
	}
}

func TestCallResultAsJSON(t *testing.T) {
	if got := callM(t, "--json", "m:add", `{"a":1,"b":2}`); got != (ran{0, "{\"result\":{\"sum\":3}}\n", ""}) {
		t.Errorf("%+v", got)
	}
}

func TestCallSaysOnceWhyNoWorkerStarted(t *testing.T) {
	python := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(python, []byte("#!/bin/sh\necho 'no encodings' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	got := callM(t, "--python", python, "m:add")
	if got.code != exitLost || strings.Count(got.stderr, "no encodings") != 1 || !strings.Contains(got.stderr, "did not start") {
		t.Errorf("%+v", got)
	}
}

func TestCallReadsArguments(t *testing.T) {
	const kwargs = "  {\"a\": 1,\n \"b\": 2}\n"
	want := ran{0, "{\"sum\":3}\n", ""}
	if got := ringwire(t, kwargs, "call", "--path", "testdata", "--allow", "m:*", "m:add", "-"); got != want {
		t.Errorf("standard input: %+v", got)
	}
	file := filepath.Join(t.TempDir(), "arguments.json")
	if err := os.WriteFile(file, []byte(kwargs), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := callM(t, "m:add", "@"+file); got != want {
		t.Errorf("file: %+v", got)
	}
}

// The largest arguments there can be go through: the limit is that of the frame.
func TestCallWithTheLargestArguments(t *testing.T) {
	const header, names = 21, len("m" + "length")
	kwargs := `{"s":"` + strings.Repeat("x", maxMessage-header-names-len(`{"s":""}`)) + `"}`
	got := ringwire(t, kwargs, "call", "--path", "testdata", "--allow", "m:*", "m:length", "-")
	if want := (ran{0, fmt.Sprintln(maxMessage - header - names - len(`{"s":""}`)), ""}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got = ringwire(t, kwargs+" ", "call", "--path", "testdata", "--allow", "m:*", "m:length", "-"); got.code != 0 {
		t.Errorf("white space counted: %+v", got)
	}
}

func TestCallKeepsStandardOutputForTheResult(t *testing.T) {
	got := callM(t, "m:talk")
	if got.code != 0 || got.stdout != "\"result\"\n" ||
		!strings.Contains(got.stderr, "to standard output\n") || !strings.Contains(got.stderr, "to standard error\n") {
		t.Errorf("%+v", got)
	}
}
