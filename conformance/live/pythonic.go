//go:build linux

package live

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

var pythonic = []scenario{
	{
		group: "python", name: "names", run: pythonNames, python: true,
		comment:      "paths through classes, __all__, and what was merely imported",
		requirements: "PAYLOAD-013 PAYLOAD-014",
	},
	{
		group: "python", name: "exceptions", run: pythonExceptions, python: true,
		comment:      "every exception of user code is a 500, whatever its type",
		requirements: "PAYLOAD-004 PAYLOAD-007",
	},
	{
		group: "python", name: "import-raises", run: importRaises, python: true,
		comment:      "a module that raises while it is imported",
		requirements: "PAYLOAD-006",
	},
	{
		group: "python", name: "forbidden-before-import", run: forbiddenBeforeImport, python: true,
		comment:      "a module that is not allowed is not imported",
		requirements: "PAYLOAD-012",
	},
	{
		group: "python", name: "preload-raises", run: preloadRaises, python: true,
		comment:      "a module that raises when it is preloaded: the traceback is on standard error",
		requirements: "LIFE-006",
	},
}

func pythonNames(t *trial) {
	l := t.start(setup{allow: []string{pythonModule + ":*"}})
	in := func(function, kwargs string) *call { return l.callIn(pythonModule, function, kwargs) }
	l.result(in("Outer.Inner.function", ""), `"inner"`)
	l.result(in("dirname", `{"p":"a/b"}`), `"a"`)
	l.status(in("basename", `{"p":"a/b"}`), "PAYLOAD-013", wire.StatusForbidden)
	l.status(in("instance.function", ""), "PAYLOAD-014", wire.StatusNotFound)
	l.status(in("asyncio.run", ""), "PAYLOAD-014", wire.StatusForbidden, wire.StatusNotFound)
	l.shutdown()

	l = t.start(setup{allow: []string{pythonModule + ":basename", pythonModule + ":_*"}})
	l.result(in("basename", `{"p":"a/b"}`), `"b"`)
	l.status(in("_", `{"p":"a/b"}`), "PAYLOAD-013", wire.StatusForbidden)
	l.shutdown()
}

func pythonExceptions(t *trial) {
	l := t.start(setup{allow: []string{pythonModule + ":*", module + ":echo"}})
	for _, function := range []string{"quit_python", "cancelled_by_itself"} {
		r := l.status(l.callIn(pythonModule, function, ""), "PAYLOAD-007", wire.StatusRaised)
		if f := l.failure(r); f.Type == nil || f.Traceback == nil || !strings.Contains(*f.Traceback, function) {
			l.failf("PAYLOAD-009", "the failure of %s lacks type or traceback: %s", function, clip(string(r.Body)))
		}
		l.alive()
	}
	l.status(l.callIn(pythonModule, "unencodable", ""), "PAYLOAD-004", wire.StatusBadResult)
	l.alive()
	l.shutdown()
}

func importRaises(t *trial) {
	const raises = module + "_raises"
	l := t.start(setup{allow: []string{raises + ":*", module + ":echo"}})
	for range 2 {
		r := l.status(l.callIn(raises, "f", ""), "PAYLOAD-006", wire.StatusRaised)
		if f := l.failure(r); f.Message == nil || !strings.Contains(*f.Message, "raised while importing") {
			l.failf("PAYLOAD-009", "the failure lacks the message of what the module raised: %s", clip(string(r.Body)))
		}
		l.alive()
	}
	l.shutdown()
}

func forbiddenBeforeImport(t *trial) {
	const marks = module + "_marks"
	mark := filepath.Join(t.kit.dir, "imported")
	l := t.start(setup{allow: []string{module + ":*", marks + ":other"}})
	l.status(l.callIn(marks, "function", ""), "PAYLOAD-012", wire.StatusForbidden)
	l.alive()
	if _, err := os.Stat(mark); err == nil {
		l.failf("PAYLOAD-012", "a module was imported for a function that no pattern allows")
	}
	// The mark is left when it should be, or the check above means nothing.
	l.status(l.callIn(marks, "other", ""), "PAYLOAD-006", wire.StatusNotFound)
	if _, err := os.Stat(mark); err != nil {
		l.failf("CONF-020", "the module %s was not imported for a function that is allowed", marks)
	}
	l.shutdown()
}

func preloadRaises(t *trial) {
	l := t.launch(setup{members: map[string]any{"preload": []string{module, module + "_raises"}}})
	l.until(t.kit.config.StartPatience, l.gone)
	l.exit("LIFE-006", ring.ExitStartupFailed)
	l.failed()
	if !l.stderr.contains("raised while importing") || !l.stderr.contains("Traceback") {
		l.failf("LIFE-006", "standard error lacks the traceback: %q", l.stderr.lastLines(4))
	}
}
