package main

import (
	"encoding/json"
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// citation is one mention of a requirement where it is fulfilled or tested.
type citation struct {
	id     string
	column column
	test   bool
	place  string // file:line
}

// column is a voice that can speak for a requirement.
type column int

// The columns, in the order of the table.
const (
	inGo column = iota
	inPython
	inOracle
	inVectors
	inProperties
	inFuzz
	inModels
	inLive
	inExamples
	columns
)

var columnNames = [columns]string{"Go", "Python", "oracle", "vectors", "property", "fuzz", "model", "live", "examples"}

// homes are the folders whose citations do not count for their language.
var homes = []struct {
	folder string
	column column
}{
	{"spec/oracle/", inOracle},
	{"spec/models/", inModels},
	{"internal/schedules/", inModels}, // every schedule, of package ring too
	{"propertytests/", inProperties},
	{"fuzz/", inFuzz},
	{"conformance/live/", inLive},
	{"examples/", inExamples},
}

const (
	vectorFolder = "testdata/vectors"
	liveFolder   = "conformance/live/"
	ownFolder    = "internal/trace" // its tests are full of citations of nothing
)

var (
	sources = []string{".go", ".py", ".c", ".h", ".pml", ".sh", ".rs", ".zig", ".ts", ".js", ".mjs"}
	strange = []string{"node_modules", "bin", "target", "build"} // not ours, or made

	cites  = regexp.MustCompile(`(?://|#|\*|\s)\s*spec:(req|test)\b(.*)`)
	idList = regexp.MustCompile(`^\s*[A-Z]{2,}-\d{3}(?:\s+[A-Z]{2,}-\d{3})*\b`)
	onlyID = regexp.MustCompile(idList.String() + `$`)

	// gofmt and go doc know a directive by the missing space.
	goDirective = regexp.MustCompile(`^\s*//spec:(req|test) [^\s]`)
)

// readCitations walks the tree. The errors in the slice are citations that
// cannot be read.
func readCitations(tree fs.FS) (found []citation, malformed []error, err error) {
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			base := d.Name()
			if name != "." && (strings.HasPrefix(base, ".") || slices.Contains(strange, base) || name == ownFolder) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Dir(name) == vectorFolder && path.Ext(name) == ".json" {
			c, err := inVector(tree, name)
			found = append(found, c...)
			return err
		}
		if !slices.Contains(sources, path.Ext(name)) {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		c, bad := inSource(name, string(text))
		found = append(found, c...)
		malformed = append(malformed, bad...)
		if strings.HasPrefix(name, liveFolder) && path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") {
			found = append(found, inScenarios(name, text)...)
		}
		return nil
	})
	return found, malformed, err
}

func columnOf(name string) column {
	for _, h := range homes {
		if strings.HasPrefix(name, h.folder) {
			return h.column
		}
	}
	if path.Ext(name) == ".py" {
		return inPython
	}
	return inGo
}

// inSource finds the comments that cite.
func inSource(name, text string) (found []citation, malformed []error) {
	for i, line := range strings.Split(text, "\n") {
		m := cites.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		place := fmt.Sprintf("%s:%d", name, i+1)
		ids := idPattern.FindAllString(idList.FindString(m[2]), -1)
		if len(ids) == 0 || path.Ext(name) == ".go" && !goDirective.MatchString(line) {
			malformed = append(malformed, fmt.Errorf("%s: no citation: %s", place, strings.TrimSpace(line)))
			continue
		}
		for _, id := range ids {
			found = append(found, citation{id, columnOf(name), m[1] == "test", place})
		}
	}
	return found, malformed
}

// inVector finds what a vector says that it decides.
func inVector(tree fs.FS, name string) (found []citation, err error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	var vector struct{ Requirements []string }
	if err := json.Unmarshal(text, &vector); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, id := range vector.Requirements {
		found = append(found, citation{id, inVectors, true, name})
	}
	return found, nil
}

// inScenarios finds the strings of the kit for live workers that hold ids and
// nothing else: the requirements of a scenario, and those that a verdict names.
// It reads tokens only, so a tree that does not build has a table too.
func inScenarios(name string, text []byte) (found []citation) {
	files := token.NewFileSet()
	file := files.AddFile(name, -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, 0)
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return found
		}
		if tok != token.STRING {
			continue
		}
		value, err := strconv.Unquote(literal)
		if err != nil || !onlyID.MatchString(value) {
			continue
		}
		for _, id := range strings.Fields(value) {
			found = append(found, citation{id, inLive, true, fmt.Sprintf("%s:%d", name, file.Line(pos))})
		}
	}
}
