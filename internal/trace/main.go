// Command trace holds the requirements of the specification against what cites
// them.
//
//	go run ./internal/trace           # the table, then what is wrong
//	go run ./internal/trace -check    # only what is wrong
//
// It reads the requirements of spec/*.md; the citations `spec:req` and
// `spec:test` in comments of Go, Python, C and Promela; the requirements that the
// vectors name; and those that the scenarios for live workers judge. It exits
// with 1 for a MUST or MUST NOT that no test cites and spec/exceptions does not
// excuse, for a citation of what does not exist, and for an id that stands for
// two things.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "print only what is wrong")
	flag.Parse()
	root, err := moduleRoot()
	if err != nil {
		fail(err)
	}
	m, err := trace(os.DirFS(root))
	if err != nil {
		fail(err)
	}
	if !*check {
		m.print(os.Stdout)
	}
	if len(m.faults) > 0 {
		fail(errors.Join(m.faults...))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// trace reads a tree and judges it.
func trace(tree fs.FS) (*matrix, error) {
	s, err := readSpec(tree)
	if err != nil {
		return nil, err
	}
	citations, malformed, err := readCitations(tree)
	if err != nil {
		return nil, err
	}
	m := newMatrix(s, citations)
	m.faults = append(m.faults, malformed...)
	return m, nil
}

// moduleRoot is the nearest folder at or above the current one with a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod here or above")
		}
		dir = parent
	}
}
