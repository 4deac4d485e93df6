package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// cell says what a column has for a requirement.
type cell struct {
	fulfilled bool
	tests     int
}

func (c cell) String() string {
	var s string
	if c.fulfilled {
		s = "+"
	}
	if c.tests > 0 {
		s += strconv.Itoa(c.tests)
	}
	return s
}

// matrix is requirement × column, and what is wrong with it.
type matrix struct {
	*spec
	cells map[string]*[columns]cell
}

func newMatrix(s *spec, citations []citation) *matrix {
	m := &matrix{spec: s, cells: map[string]*[columns]cell{}}
	for _, r := range s.requirements {
		m.cells[r.id] = new([columns]cell)
	}
	for _, c := range citations {
		row, known := m.cells[c.id]
		switch {
		case !known:
			m.fault("%s: there is no %s", c.place, c.id)
		case c.test:
			row[c.column].tests++
		default:
			row[c.column].fulfilled = true
		}
	}
	for _, r := range s.requirements {
		if r.binding() && m.tests(r.id) == 0 && !s.excused[r.id] {
			m.fault("%s: no test cites %s, a %s, and %s/%s.md gives no reason", r.place, r.id, r.keyword, exceptions, r.id)
		}
	}
	return m
}

func (m *matrix) tests(id string) (n int) {
	for _, c := range m.cells[id] {
		n += c.tests
	}
	return n
}

// print writes the table.
func (m *matrix) print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "requirement\tkeyword\t%s\n", strings.Join(columnNames[:], "\t"))
	binding, tested, excused := 0, 0, 0
	for _, r := range m.requirements {
		fmt.Fprintf(table, "%s\t%s", r.id, r.keyword)
		for _, c := range m.cells[r.id] {
			fmt.Fprintf(table, "\t%s", c)
		}
		switch {
		case m.excused[r.id]:
			fmt.Fprint(table, "\texception")
		case m.tests(r.id) == 0:
			fmt.Fprint(table, "\tno test")
		}
		fmt.Fprintln(table)
		if !r.binding() {
			continue
		}
		binding++
		if m.tests(r.id) > 0 {
			tested++
		} else if m.excused[r.id] {
			excused++
		}
	}
	_ = table.Flush()
	fmt.Fprintf(w, "\n+ cited where it is fulfilled; a number: tests, vectors or scenarios that cite it.\n")
	fmt.Fprintf(w, "requirements=%d must=%d tested=%d excused=%d gaps=%d\n",
		len(m.requirements), binding, tested, excused, binding-tested-excused)
}
