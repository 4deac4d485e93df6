package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestTheTree is the check of the repository itself.
func TestTheTree(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	m, err := trace(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range m.faults {
		t.Error(fault)
	}
	var empty [columns]bool
	for c := range empty {
		empty[c] = true
	}
	for _, row := range m.cells {
		for c, have := range row {
			empty[c] = empty[c] && have == (cell{})
		}
	}
	for c, is := range empty {
		if is {
			t.Errorf("nothing was found for a column: column=%s", columnNames[c])
		}
	}
}

// small is a tree in which every column has its citation and nothing is wrong.
func small() map[string]string {
	return map[string]string{
		"spec/01-a.md":                  "# A\n\n- **A1-001** not an id of ours\n- **AA-001** X MUST do.\n- **AA-002** X MUST NOT do, and MAY try.\n- **AA-003** X MAY do, see AA-001.\n- **AA-004** X MUST do.\n",
		"spec/exceptions/README.md":     "About exceptions.",
		"spec/exceptions/withdrawn.md":  "- **AA-009** said the same as AA-001.\n",
		"spec/exceptions/AA-004.md":     "Nobody can.",
		"a/a.go":                        "package a\n\n//@req AA-001 AA-002\nfunc f() {}\n",
		"a/a_test.go":                   "package a\n\n//@test AA-001\n//@test AA-002\nfunc TestF() {}\n",
		"pyref/a.py":                    "    # @test AA-001 AA-002\ndef f(): ...\n",
		"spec/oracle/src/a.c":           "/* Does. @req AA-001\n * @req AA-002; */\n",
		"testdata/vectors/v.json":       `{"requirements": ["AA-001", "AA-002"]}`,
		"testdata/vectors/meta/f.json":  `{"requirements": ["AA-777"]}`,
		"propertytests/p_test.go":       "//@test AA-001\n",
		"fuzz/f_test.go":                "//@test AA-001\n",
		"spec/models/m.pml":             "/* @test AA-001 AA-002 */\n",
		"internal/schedules/s_test.go":  "//@test AA-002\n",
		"conformance/live/s.go":         "package live\n\nvar a = `AA-001` + \" AA-002 AA-001\"\nvar b = \"as AA-003 says\" // \"AA-003\"\n",
		"conformance/live/s_test.go":    "package live\n\nvar c = \"AA-777\"\n",
		"examples/c/worker.c":           "/* @req AA-001 */\n",
		".venv/lib/a.py":                "# @test AA-777\n",
		"examples/js/node_modules/a.js": "// @test AA-777\n",
		"internal/trace/anything.go":    "//@test AA-777\n",
		"docs/writing.md":               "//@test AA-777\n",
	}
}

// run traces a tree. In it, @ stands for what this file must not contain.
func run(t *testing.T, files map[string]string) *matrix {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "@", "spec:"))}
	}
	m, err := trace(tree)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTable(t *testing.T) {
	m := run(t, small())
	for _, fault := range m.faults {
		t.Error(fault)
	}
	var b strings.Builder
	m.print(&b)
	want := `requirement  keyword   Go  Python  oracle  vectors  property  fuzz  model  live  examples
AA-001       MUST      +1  1       +       1        1         1     1      2     +
AA-002       MUST NOT  +1  1       +       1                        2      1     
AA-003       MAY                                                                   no test
AA-004       MUST                                                                  exception

+ cited where it is fulfilled; a number: tests, vectors or scenarios that cite it.
requirements=4 must=3 tested=2 excused=1 gaps=0
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name, file, text string
		want             string // of the one fault
	}{
		{"must without test", "spec/02-b.md", "- **BB-001** X MUST do.\n", "spec/02-b.md:1: no test cites BB-001, a MUST"},
		{"must not without test", "spec/02-b.md", "- **BB-001** X MUST NOT do.\n", "spec/02-b.md:1: no test cites BB-001, a MUST NOT"},
		{"no keyword", "spec/02-b.md", "- **BB-001** X must do.\n", "spec/02-b.md:1: BB-001 has no keyword"},
		{"id used twice", "spec/02-b.md", "\n- **AA-003** X MAY do.\n", "spec/02-b.md:2: AA-003 stands for another requirement already, at spec/01-a.md:6"},
		{"withdrawn id", "spec/02-b.md", "- **AA-009** X MAY do.\n", "spec/02-b.md:1: AA-009 was withdrawn"},
		{"mention of nothing", "spec/02-b.md", "As AA-008 says.\n", "spec/02-b.md:1: there is no AA-008"},
		{"exception to nothing", "spec/exceptions/AA-008.md", "Why not.", "spec/exceptions/AA-008.md: there is no AA-008"},
		{"unknown in Go", "a/b.go", "package a\n//@req AA-001 AA-008\n", "a/b.go:2: there is no AA-008"},
		{"unknown in Python", "pyref/b.py", "# @test AA-008\n", "pyref/b.py:1: there is no AA-008"},
		{"unknown in C", "spec/oracle/src/b.c", "/* @req AA-008 */\n", "spec/oracle/src/b.c:1: there is no AA-008"},
		{"unknown in a vector", "testdata/vectors/w.json", `{"requirements": ["AA-008"]}`, "testdata/vectors/w.json: there is no AA-008"},
		{"unknown in a scenario", "conformance/live/b.go", "package live\n\nvar a = \"AA-008\"\n", "conformance/live/b.go:3: there is no AA-008"},
		{"withdrawn and cited", "a/b.go", "//@req AA-009\n", "a/b.go:1: there is no AA-009"},
		{"no directive", "a/b.go", "// @req AA-001\n", "a/b.go:1: no citation: // spec:req AA-001"},
		{"no ids", "pyref/b.py", "# @test the whole chapter\n", "pyref/b.py:1: no citation"},
		{"old form", "a/b.go", "//@req: AA-001\n", "a/b.go:1: no citation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := small()
			files[tt.file] = tt.text
			var found []string
			for _, fault := range run(t, files).faults {
				found = append(found, fault.Error())
			}
			if len(found) != 1 || !strings.HasPrefix(found[0], tt.want) {
				t.Errorf("got %q, want one fault that begins with %q", found, tt.want)
			}
		})
	}
}

// What is fulfilled is not tested, and a page without words excuses nothing.
func TestGaps(t *testing.T) {
	files := small()
	files["spec/exceptions/AA-004.md"] = " \n"
	for _, name := range []string{"a/a_test.go", "pyref/a.py", "testdata/vectors/v.json", "spec/models/m.pml", "internal/schedules/s_test.go", "conformance/live/s.go"} {
		delete(files, name)
	}
	want := []string{
		"spec/exceptions/AA-004.md: gives no reason",
		"spec/01-a.md:5: no test cites AA-002, a MUST NOT, and spec/exceptions/AA-002.md gives no reason",
		"spec/01-a.md:7: no test cites AA-004, a MUST, and spec/exceptions/AA-004.md gives no reason",
	}
	var found []string
	for _, fault := range run(t, files).faults {
		found = append(found, fault.Error())
	}
	if !slices.Equal(found, want) {
		t.Errorf("got %q, want %q", found, want)
	}
}
