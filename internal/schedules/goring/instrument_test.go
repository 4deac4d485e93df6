package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// edit replaces text in a file of package ring.
type edit struct{ file, old, new string }

// build compiles this command against package ring with these edits, made to ask
// before it touches shared memory.
func build(t *testing.T, edits ...edit) string {
	t.Helper()
	source, err := filepath.Abs("../../../ring")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(source, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		changed := instrument(t, name, plant(t, name, string(text), edits))
		overlay.Replace[file] = filepath.Join(dir, name)
		if err := os.WriteFile(overlay.Replace[file], []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	listFile, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "goring")
	if err := os.WriteFile(listFile, list, 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("go", "build", "-overlay", listFile, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return binary
}

func plant(t *testing.T, name, text string, edits []edit) string {
	t.Helper()
	for _, e := range edits {
		if e.file != name {
			continue
		}
		if strings.Count(text, e.old) != 1 {
			t.Fatalf("ring/%s has changed: there is no longer one place to plant a bug in\n%s", name, e.old)
		}
		text = strings.Replace(text, e.old, e.new, 1)
	}
	return text
}

const sharedImport = `"github.com/ringwire/ringwire/internal/schedules/shared"`

// instrument puts package shared in the place of sync/atomic, and a call of its
// Touch around every use of a slot: around each call of the method at, and
// around each variable that got its value from one.
func instrument(t *testing.T, name, text string) string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	insertions := map[int]string{} // by offset
	touch := func(n ast.Node) {
		insertions[fset.Position(n.Pos()).Offset] += "shared.Touch("
		insertions[fset.Position(n.End()).Offset] += ")"
	}
	for _, declaration := range file.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok {
			touchSlots(function, touch)
		}
	}
	if len(insertions) > 0 {
		insertions[fset.Position(file.Name.End()).Offset] = "\n\nimport shared " + sharedImport
	}
	var b strings.Builder
	last := 0
	for _, offset := range slices.Sorted(maps.Keys(insertions)) {
		fmt.Fprint(&b, text[last:offset], insertions[offset])
		last = offset
	}
	b.WriteString(text[last:])
	return strings.Replace(b.String(), `"sync/atomic"`, "atomic "+sharedImport, 1)
}

// touchSlots calls touch for every expression in function that is a slot.
func touchSlots(function *ast.FuncDecl, touch func(ast.Node)) {
	isSlot := func(e ast.Expr) bool {
		call, ok := e.(*ast.CallExpr)
		if !ok {
			return false
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		return ok && method.Sel.Name == "at"
	}
	slotNames, definitions := map[string]bool{}, map[ast.Node]bool{}
	ast.Inspect(function, func(n ast.Node) bool {
		if assignment, ok := n.(*ast.AssignStmt); ok && len(assignment.Rhs) == 1 && isSlot(assignment.Rhs[0]) {
			name := assignment.Lhs[0].(*ast.Ident)
			slotNames[name.Name], definitions[name] = true, true
		}
		return true
	})
	ast.Inspect(function, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if isSlot(n) {
				touch(n)
			}
		case *ast.SelectorExpr:
			return !slotNames[n.Sel.Name]
		case *ast.Ident:
			if slotNames[n.Name] && !definitions[n] {
				touch(n)
			}
		}
		return true
	})
}
