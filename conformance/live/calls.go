//go:build linux

package live

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

var functions = []scenario{
	{
		group: "call", name: "statuses", run: statuses,
		comment:      "each way in which a call can fail has its status, and the worker goes on",
		requirements: "PAYLOAD-004 PAYLOAD-005 PAYLOAD-006 PAYLOAD-007 PAYLOAD-009 CONF-020",
	},
	{
		group: "call", name: "kwargs", run: badKwargs,
		comment:      "kwargs that are not a JSON object in UTF-8",
		requirements: "PAYLOAD-001 PAYLOAD-002",
	},
	{
		group: "call", name: "arguments", run: badArguments,
		comment:      "arguments that do not fit keep user code from running",
		requirements: "PAYLOAD-005",
	},
	{
		group: "call", name: "deep", run: deepKwargs,
		comment:      "nesting beyond what the worker can handle is an answer, not its death",
		requirements: "LIMIT-003",
	},
	{
		group: "call", name: "output", run: keepsOutput,
		comment:      "nothing of the protocol appears on standard output or standard error",
		requirements: "LIFE-019",
	},
	{
		group: "allow", name: "names", run: allowedNames,
		comment:      "a pattern of * allows neither private names nor paths through objects",
		requirements: "LIFE-018 PAYLOAD-012 PAYLOAD-013 PAYLOAD-014",
	},
	allowScenario("exact", []string{module + ":echo"}, []string{"echo"}, []string{"nothing", "ech", "echoo", "Echo"}),
	allowScenario("star-before", []string{"*conformance:*o"}, []string{"echo"}, []string{"nothing", "fill"}),
	allowScenario("star-inside", []string{"ring*_*mance:e*o", "*:no*"}, []string{"echo", "nothing"}, []string{"fill"}),
	allowScenario("everything-else-is-literal", []string{module + ":ech?", module + ":[n]othing", module + ":ech.", "?" + module[1:] + ":*"}, nil, []string{"echo", "nothing"}),
	allowScenario("other-module", []string{module + "x:*", "x" + module + ":*", strings.ToUpper(module) + ":*"}, nil, []string{"echo"}),
	allowScenario("nothing", []string{}, nil, []string{"echo"}),
	{
		group: "config", name: "absent", run: noConfiguration,
		comment:      "without configuration nothing is allowed",
		requirements: "LIFE-060",
	},
	{
		group: "config", name: "unknown-members", run: unknownMembers,
		comment:      "members that the worker does not know are ignored",
		requirements: "LIFE-061",
	},
	{
		group: "config", name: "removed", run: configRemoved,
		comment:      "the configuration is not in the environment of user code",
		requirements: "LIFE-062",
	},
	{
		group: "config", name: "preload-missing", run: preloadMissing,
		comment:      "a module that cannot be imported at the start makes the start fail",
		requirements: "LIFE-004 LIFE-006",
	},
}

func statuses(t *trial) {
	l := t.start(setup{allow: []string{module + ":*", "ringwire_no_such_module:*"}})
	r := l.status(l.call("fail", `{"message":"the reason"}`), "PAYLOAD-007", wire.StatusRaised)
	if f := l.failure(r); !strings.Contains(string(r.ErrorMessage), "the reason") && (f.Message == nil || !strings.Contains(*f.Message, "the reason")) {
		l.failf("CONF-020", "neither error message nor body of the failure has the message that was given: %q %s", r.ErrorMessage, clip(string(r.Body)))
	}
	for _, c := range []struct {
		function, kwargs, requirement string
		status                        wire.Status
	}{
		{"nan", "", "PAYLOAD-004", wire.StatusBadResult},
		{"no_such_function", "", "PAYLOAD-006", wire.StatusNotFound},
		{"echo.no_such_attribute", "", "PAYLOAD-014", wire.StatusNotFound},
		{"fill", `{"size":1,"colour":"red"}`, "PAYLOAD-005", wire.StatusBadRequest},
		{"fail", `{"message":""}`, "PAYLOAD-007", wire.StatusRaised},
	} {
		l.status(l.call(c.function, c.kwargs), c.requirement, c.status)
		l.alive()
	}
	l.status(l.callIn("ringwire_no_such_module", "f", ""), "PAYLOAD-006", wire.StatusNotFound)
	l.status(l.callIn("ringwire_no_such_module.inner", "f", ""), "PAYLOAD-012", wire.StatusForbidden)
	l.alive()
	l.shutdown()
}

func badKwargs(t *trial) {
	l := t.start(setup{})
	utf16le := func(s string) string {
		var b strings.Builder
		for _, unit := range utf16.Encode([]rune(s)) {
			b.WriteByte(byte(unit))
			b.WriteByte(byte(unit >> 8))
		}
		return b.String()
	}
	for _, kwargs := range []string{
		"[]", "null", "true", "1", `"text"`, "{", "}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{'a':1}`, `{a:1}`, `{"a":01}`,
		`{"a":NaN}`, `{"a":Infinity}`, `{"a":-Infinity}`, `{"a":+1}`, `{"a":.5}`, `{"a":1.}`, `{"a":"` + "\x01" + `"}`,
		`{"a":"` + "\n" + `"}`, `{"a":"\x41"}`, `{"a":"\u12"}`, `{} {}`, `{}x`, " ", "\x00", "{}\x00", `{"a":1}` + "\xff",
		`{"a":"` + "\xc3" + `"}`, `{"a":"` + "\xed\xa0\x80" + `"}`, utf16le(`{"a":1}`), "// comment\n{}", "{} // comment",
	} {
		l.status(l.call("echo", kwargs), "PAYLOAD-002", wire.StatusBadRequest)
		if len(l.findings) > 0 {
			l.fatalf("", "kwargs were % x %q", clip(kwargs), clip(kwargs))
		}
	}
	l.alive()
	l.shutdown()
}

func badArguments(t *trial) {
	l := t.start(setup{})
	e := l.effects()
	good := strings.TrimSuffix(e.kwargs("never"), "}")
	for _, kwargs := range []string{"", "{}", `{"path":"x"}`, good + `,"more":1}`} {
		l.status(l.call("trace", kwargs), "PAYLOAD-005", wire.StatusBadRequest)
	}
	if len(e.lines()) > 0 {
		l.failf("PAYLOAD-005", "user code ran although the arguments did not fit")
	}
	l.result(e.call("once"), "null")
	if !e.has("once") {
		l.failf("CONF-020", "trace returned, and its line is not in the file")
	}
	l.shutdown()
}

func deepKwargs(t *trial) {
	l := t.start(setup{geometry: ring.Geometry{}.WithDefaults()})
	for _, depth := range []int{100, 1000, 10_000, 100_000, 1_000_000} {
		for _, pair := range []string{"[]", "{}"} {
			open, closing := "[", "]"
			if pair == "{}" {
				open, closing = `{"a":`, "}"
			}
			kwargs := `{"t":` + strings.Repeat(open, depth) + "1" + strings.Repeat(closing, depth) + "}"
			r := l.status(l.call("echo", kwargs), "LIMIT-003", wire.StatusOK, wire.StatusBadRequest, wire.StatusBadResult)
			if r.Success && !strings.Contains(string(r.Body), "1") {
				l.failf("CONF-020", "the result of echo lacks what was nested %d deep", depth)
			}
			l.alive()
		}
	}
	l.shutdown()
}

func keepsOutput(t *trial) {
	const token = "4f1c8d0ea7b35926"
	l := t.start(setup{})
	for range 10 {
		l.result(l.call("echo", `{"t":"`+token+`"}`), `{"t":"`+token+`"}`)
	}
	l.send([]byte{9, 1, 0, 0, 0, 't'}, 0)
	l.calls[1] = &call{id: 1}
	l.expect(l.calls[1])
	l.shutdown()
	if l.stdout.contains(token) || l.stderr.contains(token) {
		l.failf("LIFE-019", "what a call carried appeared on standard output or standard error")
	}
}

func allowScenario(name string, allow, yes, no []string) scenario {
	return scenario{
		group: "allow", name: name, run: func(t *trial) {
			l := t.start(setup{allow: allow})
			for _, function := range yes {
				l.status(l.call(function, ""), "PAYLOAD-011", wire.StatusOK)
			}
			for _, function := range no {
				l.status(l.call(function, ""), "PAYLOAD-012", wire.StatusForbidden)
			}
			l.shutdown()
		},
		comment:      fmt.Sprintf("what %q allows, and what not", allow),
		requirements: "LIFE-018 PAYLOAD-011 PAYLOAD-012",
	}
}

func allowedNames(t *trial) {
	l := t.start(setup{})
	for _, function := range []string{"_private", "__name__", "echo.__call__", "echo.__globals__", "_a.b", "a._b"} {
		l.status(l.call(function, ""), "PAYLOAD-013", wire.StatusForbidden)
	}
	l.status(l.callIn("os", "getpid", ""), "PAYLOAD-012", wire.StatusForbidden)
	l.status(l.callIn(module+".sub", "echo", ""), "PAYLOAD-012", wire.StatusForbidden)
	// Imported into the module or not there at all: not run in either case.
	l.status(l.call("os", ""), "PAYLOAD-013", wire.StatusForbidden, wire.StatusNotFound)
	l.status(l.call("os.getpid", ""), "PAYLOAD-014", wire.StatusForbidden, wire.StatusNotFound)
	l.status(l.call("echo.real", ""), "PAYLOAD-014", wire.StatusNotFound)
	l.alive()
	l.shutdown()
}

func noConfiguration(t *trial) {
	l := t.start(setup{noConfig: true})
	l.status(l.call("echo", ""), "LIFE-060", wire.StatusForbidden)
	l.status(l.callIn("os", "getpid", ""), "LIFE-060", wire.StatusForbidden)
	l.shutdown()
}

func unknownMembers(t *trial) {
	l := t.start(setup{members: map[string]any{
		"future": map[string]any{"a": []int{1}}, "Allow": []string{"*:*"}, "": nil,
	}})
	l.alive()
	l.status(l.callIn("os", "getpid", ""), "LIFE-061", wire.StatusForbidden)
	l.shutdown()
}

func configRemoved(t *trial) {
	l := t.start(setup{})
	r := l.status(l.call("getenv", `{"name":"`+configVariable+`"}`), "CONF-020", wire.StatusOK)
	if r.Success && !sameJSON(r.Body, []byte("null")) {
		l.failf("LIFE-062", "%s is still in the environment", configVariable)
	}
	l.shutdown()
}

func preloadMissing(t *trial) {
	l := t.launch(setup{members: map[string]any{"preload": []string{"ringwire_no_such_module"}}})
	if !l.until(t.kit.config.StartPatience, l.gone) {
		l.fatalf("LIFE-006", "the worker did not give up its start; its state is %s", l.look())
	}
	l.exit("LIFE-006", ring.ExitStartupFailed)
	l.failed()
	if l.stderr.lastLines(1) == "" {
		l.failf("LIFE-006", "nothing on standard error says why the start failed")
	}
	if l.wakeMaster.rung() == 0 {
		l.failf("LIFE-006", "the response doorbell was not rung after FAILED")
	}
}
