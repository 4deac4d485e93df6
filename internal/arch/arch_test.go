package arch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/ringwire/ringwire"
	root   = "../.."
)

// rooms says for each folder, with all below it, what its packages may import
// besides the standard library: folders of this module, and modules of others.
// The longest matching folder counts. A new folder needs a new line here, and
// with it a thought about where it stands.
var rooms = map[string][]string{
	// The ground: bytes, and memory. Neither knows of the other.
	"wire":         {},
	"payload":      {},
	"ring":         {"internal/sys"},
	"internal/sys": {"golang.org/x/sys"},

	// What other languages wrote, made available to Go.
	"spec":  {},
	"pyref": {},

	// The first floor. Whoever imports it compiles nothing else.
	"executor": {"wire", "ring", "payload", "internal/sys", "pyref"},

	// The roof.
	"conformance": {
		"wire", "ring", "spec", "pyref", "conformance", "internal/slowwire", "internal/sys",
		"github.com/tetratelabs/wazero", "github.com/santhosh-tekuri/jsonschema",
	},
	"conformance/differential": {"conformance", "spec", "internal/panel", "internal/slowwire"},
	"gateway":                  {"executor"},
	"bench":                    {"executor", "bench", "internal/sys"},
	"cmd": {
		"executor", "bench", "conformance", "gateway", "wire", "spec", "internal/inspect", "internal/sys", "cmd",
		"github.com/spf13/cobra", "github.com/jedib0t/go-pretty", "golang.org/x/term",
	},
	"examples": {"executor", "wire", "ring", "conformance"},

	// Tools and test kits. Nothing that ships may import them, bar inspect.
	"internal/arch":        {},
	"internal/inspect":     {"wire"},
	"internal/mutate":      {"wire", "conformance"},
	"internal/oracle":      {"spec", "internal/slowwire", "github.com/tetratelabs/wazero"},
	"internal/panel":       {"wire", "internal/oracle", "internal/slowwire", "internal/wiretest", "github.com/google/go-cmp"},
	"internal/registrygen": {"spec"},
	"internal/schedules":   {"ring", "internal/schedules", "github.com/tetratelabs/wazero"},
	"internal/slowwire":    {"spec"},
	"internal/trace":       {},
	"internal/wiretest":    {"wire", "internal/slowwire", "conformance/vectors"},
	"fuzz":                 {"wire", "ring", "payload", "conformance", "internal", "spec"},
	"propertytests":        {"wire", "ring", "executor", "conformance", "internal", "spec"},
}

// testOnly may be imported by tests everywhere, besides what their package may.
var testOnly = []string{
	"github.com/google/go-cmp", "github.com/leanovate/gopter",
	"internal", "spec", "conformance/vectors",
}

type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// list asks the go command about packages.
func list(t *testing.T, patterns ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps"}, patterns...)...)
	cmd.Dir = root
	watch(t)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var packages []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// watch looks at every source file. The go command caches the result of a test by
// the files that the test itself has looked at, and does not see go list's.
func watch(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// within reports whether path is folder or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// name is an import path as rooms writes it.
func name(importPath string) string { return strings.TrimPrefix(importPath, module+"/") }

func roomOf(pkg string) (string, bool) {
	best, found := "", false
	for room := range rooms {
		if within(pkg, room) && len(room) >= len(best) {
			best, found = room, true
		}
	}
	return best, found
}

func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// faults says which imports of one package are not allowed.
func faults(p goPackage) []string {
	pkg := name(p.ImportPath)
	room, known := roomOf(pkg)
	if !known {
		return []string{fmt.Sprintf("%s: say in internal/arch what it may import", pkg)}
	}
	var found []string
	check := func(imports []string, kind string, allowed []string) {
		for _, path := range imports {
			imported := name(path)
			switch {
			case standard(path), imported == pkg:
			case !slices.ContainsFunc(allowed, func(a string) bool { return within(imported, a) }):
				found = append(found, fmt.Sprintf("%s imports %s %s; may import the standard library and %q", pkg, imported, kind, allowed))
			}
		}
	}
	check(p.Imports, "in code", rooms[room])
	check(slices.Concat(p.TestImports, p.XTestImports), "in tests", slices.Concat(rooms[room], testOnly))
	return found
}

func TestImportsRunOneWay(t *testing.T) {
	for _, p := range list(t, "./...") {
		for _, fault := range faults(p) {
			t.Error(fault)
		}
	}
}

// Whoever embeds the executor must not pay for the rest of the house.
func TestExecutorNeedsOnlyTheStandardLibraryAndXSys(t *testing.T) {
	for _, p := range list(t, "./executor", "./wire", "./ring") {
		for _, dep := range p.Deps {
			if standard(dep) || within(dep, module) || within(dep, "golang.org/x/sys") {
				continue
			}
			t.Errorf("%s depends on %s", name(p.ImportPath), dep)
		}
	}
}

// The rules themselves must bite.
func TestForbiddenArrowsAreFound(t *testing.T) {
	for _, c := range []struct {
		why string
		pkg goPackage
	}{
		{"wire reaches up", goPackage{ImportPath: module + "/wire", Imports: []string{module + "/executor"}}},
		{"wire knows ring", goPackage{ImportPath: module + "/wire", Imports: []string{module + "/ring"}}},
		{"ring knows wire, in a test", goPackage{ImportPath: module + "/ring", XTestImports: []string{module + "/wire"}}},
		{"executor uses x/sys itself", goPackage{ImportPath: module + "/executor", Imports: []string{"golang.org/x/sys/unix"}}},
		{"executor uses a command-line library", goPackage{ImportPath: module + "/executor", Imports: []string{"github.com/spf13/cobra"}}},
		{"wazero outside conformance", goPackage{ImportPath: module + "/cmd/ringwire", Imports: []string{"github.com/tetratelabs/wazero"}}},
		{"gopter in code", goPackage{ImportPath: module + "/executor", Imports: []string{"github.com/leanovate/gopter"}}},
		{"a folder nobody has thought about", goPackage{ImportPath: module + "/elsewhere"}},
	} {
		if len(faults(c.pkg)) == 0 {
			t.Errorf("not found: %s", c.why)
		}
	}
}
