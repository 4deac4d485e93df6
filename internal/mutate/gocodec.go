package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// switches is added to the package that is mutated. A mutant is chosen when the
// program starts, so that one build serves all.
const switches = `package wire

import (
	"os"
	"strconv"
)

var chosenMutant, _ = strconv.Atoi(os.Getenv("` + variable + `"))

func mutant(n int) bool { return n == chosenMutant }

type mutantInteger interface {
	~int | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

func mutantPlus[T mutantInteger](n int, v T) T {
	if mutant(n) {
		return v + 1
	}
	return v
}

func mutantNarrow[T mutantInteger](n int, v T) T {
	if mutant(n) {
		return T(uint32(v))
	}
	return v
}

func mutantCase[T mutantInteger](n int, v T) T {
	if mutant(n) {
		return v + 100
	}
	return v
}

func mutantNil(n int, e *Error) *Error {
	if mutant(n) {
		return nil
	}
	return e
}

func mutantCode(n int, c Code) Code {
	switch {
	case !mutant(n):
		return c
	case c == CodeTrailing:
		return CodeBadType
	}
	return CodeTrailing
}

func mutantField(n int, f Field) Field {
	switch {
	case !mutant(n):
		return f
	case f == FieldTrailing:
		return FieldType
	}
	return FieldTrailing
}
`

// goFiles are the files of package wire that hold checks. The others hold names
// and sentences.
var goFiles = []string{
	"cancel.go", "layout.go", "limits.go", "reader.go", "request.go", "response.go", "shutdown.go", "stream.go", "text.go",
}

// mutateGo writes a package wire in which every mutant slumbers to dir, and
// returns the mutants and the overlay for the go command.
func mutateGo(root, dir string) ([]mutant, map[string]string, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	paths, err := filepath.Glob(filepath.Join(root, "wire", "*.go"))
	if err != nil {
		return nil, nil, err
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	if _, err := config.Check("wire", fset, files, info); err != nil {
		return nil, nil, err
	}
	overlay := map[string]string{}
	put := func(path string, text []byte) error {
		copied := filepath.Join(dir, filepath.Base(path))
		overlay[path] = copied
		return os.WriteFile(copied, text, 0o600)
	}
	if err := put(filepath.Join(root, "wire", "mutants.go"), []byte(switches)); err != nil {
		return nil, nil, err
	}
	var all []mutant
	for _, file := range files {
		path := fset.File(file.Pos()).Name()
		if !slices.Contains(goFiles, filepath.Base(path)) {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		m := &goMutator{fset: fset, info: info, source: source, all: all}
		m.file(file)
		all = m.all
		if err := put(path, m.result()); err != nil {
			return nil, nil, err
		}
	}
	return all, overlay, nil
}

// goMutator puts switches into one file.
type goMutator struct {
	fset     *token.FileSet
	info     *types.Info
	source   []byte
	function string
	all      []mutant
	edits    []edit
}

// edit inserts text at an offset; closing text goes before opening text.
type edit struct {
	offset  int
	opening bool
	text    string
}

func (m *goMutator) file(file *ast.File) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		m.function = f.Name.Name
		if f.Recv != nil {
			m.function = m.text(f.Recv.List[0].Type) + "." + m.function
		}
		inside := map[ast.Expr]bool{}   // parts of a condition, or of a sum, that was seen as a whole
		assigned := map[ast.Expr]bool{} // variables that are no values there
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case ast.Expr:
				if !assigned[n] {
					m.expression(n, inside)
				}
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					assigned[e] = true
				}
			case *ast.SwitchStmt:
				m.cases(n)
			case *ast.ReturnStmt:
				m.returned(n)
			}
			return true
		})
	}
}

// add names a new mutant and returns its number.
func (m *goMutator) add(kind string, e ast.Expr) int {
	m.all = append(m.all, mutant{Number: len(m.all) + 1, Kind: kind, Function: m.function, Text: m.text(e)})
	return len(m.all)
}

func (m *goMutator) offset(p token.Pos) int { return m.fset.Position(p).Offset }

func (m *goMutator) text(e ast.Node) string {
	return strings.Join(strings.Fields(string(m.source[m.offset(e.Pos()):m.offset(e.End())])), " ")
}

func (m *goMutator) wrap(e ast.Expr, before, after string) {
	m.edits = append(m.edits, edit{m.offset(e.Pos()), true, before}, edit{m.offset(e.End()), false, after})
}

// result is the file with its edits. Of two that begin at one place the outer
// one was made first; of two that end there it comes last.
func (m *goMutator) result() []byte {
	order := make([]int, len(m.edits))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := m.edits[i], m.edits[j]
		switch {
		case a.offset != b.offset:
			return a.offset - b.offset
		case a.opening != b.opening:
			if b.opening {
				return -1
			}
			return 1
		case a.opening:
			return i - j
		}
		return j - i
	})
	var out strings.Builder
	at := 0
	for _, i := range order {
		out.Write(m.source[at:m.edits[i].offset])
		out.WriteString(m.edits[i].text)
		at = m.edits[i].offset
	}
	out.Write(m.source[at:])
	return []byte(out.String())
}

func (m *goMutator) isInteger(e ast.Expr) bool {
	b, ok := m.info.Types[e].Type.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsInteger != 0
}

func (m *goMutator) expression(e ast.Expr, inside map[ast.Expr]bool) {
	known, ok := m.info.Types[e]
	if !ok || known.Type == nil || !known.IsValue() {
		return
	}
	if call, ok := e.(*ast.CallExpr); ok {
		m.refusal(call)
	}
	if known.Value != nil {
		return
	}
	if b, ok := known.Type.Underlying().(*types.Basic); ok && b.Info()&types.IsBoolean != 0 {
		m.condition(e, inside)
		return
	}
	if sum, ok := e.(*ast.BinaryExpr); ok && (sum.Op == token.ADD || sum.Op == token.SUB) && m.isInteger(e) && !inside[e] {
		inside[sum.X], inside[sum.Y] = true, true
		m.sum(sum)
	}
}

// condition removes a check or part of one, makes it always true, and moves its
// border.
func (m *goMutator) condition(e ast.Expr, inside map[ast.Expr]bool) {
	if _, ok := e.(*ast.ParenExpr); ok {
		return
	}
	b, isBinary := e.(*ast.BinaryExpr)
	whole := isBinary && (b.Op == token.LAND || b.Op == token.LOR)
	if whole {
		for _, side := range []ast.Expr{b.X, b.Y} {
			if p, ok := side.(*ast.ParenExpr); ok {
				side = p.X
			}
			inside[side] = true
		}
		if inside[e] {
			return
		}
	}
	never, always := m.add(removed, e), m.add(forced, e)
	m.wrap(e, fmt.Sprintf("(mutant(%d) || !mutant(%d) && (", always, never), "))")
	if !isBinary || whole || !m.isInteger(b.X) || !m.isInteger(b.Y) {
		return
	}
	x, y := m.text(b.X), m.text(b.Y)
	flip := func(condition string) {
		m.wrap(e, "((", fmt.Sprintf(") != (mutant(%d) && %s))", m.add(border, e), condition))
	}
	at, below, above := fmt.Sprintf("(%s) == (%s)", x, y), fmt.Sprintf("(%s)+1 == (%s)", x, y), fmt.Sprintf("(%s) == (%s)+1", x, y)
	switch b.Op {
	case token.LSS, token.GEQ:
		flip(at)
		flip(below)
	case token.GTR, token.LEQ:
		flip(at)
		flip(above)
	case token.EQL, token.NEQ:
		if !strings.HasPrefix(x, "len(") || y != "0" { // no length is below 0
			flip(below)
		}
		flip(above)
	}
}

func (m *goMutator) sum(e *ast.BinaryExpr) {
	m.wrap(e, fmt.Sprintf("mutantPlus(%d, ", m.add(offByOne, e)), ")")
	if b, ok := m.info.Types[e].Type.Underlying().(*types.Basic); ok && b.Kind() == types.Uint64 {
		m.wrap(e, fmt.Sprintf("mutantNarrow(%d, ", m.add(narrow, e)), ")")
	}
}

// refusal changes the code, the offset or the field of a refusal.
func (m *goMutator) refusal(call *ast.CallExpr) {
	if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "refuse" {
		return
	}
	m.wrap(call.Args[0], fmt.Sprintf("mutantCode(%d, ", m.add(wrongCode, call.Args[0])), ")")
	m.wrap(call.Args[1], fmt.Sprintf("mutantPlus(%d, int(", m.add(wrongOffset, call.Args[1])), "))")
	m.wrap(call.Args[2], fmt.Sprintf("mutantField(%d, ", m.add(wrongField, call.Args[2])), ")")
}

// cases lets a case never be chosen.
func (m *goMutator) cases(s *ast.SwitchStmt) {
	if s.Tag == nil {
		return
	}
	for _, clause := range s.Body.List {
		for _, e := range clause.(*ast.CaseClause).List {
			if m.isInteger(e) {
				m.wrap(e, fmt.Sprintf("mutantCase(%d, ", m.add(removed, e)), ")")
			}
		}
	}
}

// returned drops what a check says whose result is passed on.
func (m *goMutator) returned(s *ast.ReturnStmt) {
	for _, e := range s.Results {
		call, ok := e.(*ast.CallExpr)
		if !ok || m.info.Types[e].Type.String() != "*wire.Error" {
			continue
		}
		if name := m.text(call.Fun); strings.Contains(name, "check") {
			m.wrap(e, fmt.Sprintf("mutantNil(%d, ", m.add(removed, e)), ")")
		}
	}
}

// buildGo builds a program that holds all mutants.
func buildGo(ctx context.Context, root, dir string, overlay map[string]string) (string, error) {
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return "", err
	}
	list, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "judge")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", program, "./internal/mutate/judge")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return program, nil
}

// judgeGo runs the program with one mutant awake, and returns the first vector
// that fails.
func judgeGo(ctx context.Context, program string, number int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", variable, number))
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "(no end)", nil
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return strings.TrimSpace(string(out)), nil
	case errors.As(err, &exit):
		return "(crash)", nil
	}
	return "", err
}
