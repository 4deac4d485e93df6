package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// requirement is one list item of a chapter.
type requirement struct {
	id      string
	keyword string // the strictest of the sentence
	place   string // file:line
}

// binding reports whether a requirement needs a test.
func (r requirement) binding() bool { return strings.HasPrefix(r.keyword, "MUST") }

// spec is what spec/ says about requirements.
type spec struct {
	requirements []requirement     // in the order of the chapters
	places       map[string]string // of each of them, by id
	excused      map[string]bool   // ids with a file in spec/exceptions
	faults       []error
}

// withdrawnList holds, as list items like those of the chapters, the ids that
// are never given again.
const withdrawnList = "spec/exceptions/withdrawn.md"

const exceptions = "spec/exceptions"

var (
	idPattern = regexp.MustCompile(`\b[A-Z]{2,}-\d{3}\b`)
	item      = regexp.MustCompile(`^- \*\*([A-Z]{2,}-\d{3})\*\* (.*)`)

	// The strictest first: a sentence that binds and allows binds.
	keywords = []string{"MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "MAY"}
)

func readSpec(tree fs.FS) (*spec, error) {
	s := &spec{places: map[string]string{}, excused: map[string]bool{}}
	chapters, err := fs.Glob(tree, "spec/*.md")
	if err != nil {
		return nil, err
	}
	texts := map[string][]string{}
	for _, name := range chapters {
		if texts[name], err = lines(tree, name); err != nil {
			return nil, err
		}
		for i, line := range texts[name] {
			if m := item.FindStringSubmatch(line); m != nil {
				s.define(m[1], m[2], fmt.Sprintf("%s:%d", name, i+1))
			}
		}
	}
	for _, name := range chapters {
		s.checkMentions(name, texts[name])
	}
	if err := s.readWithdrawn(tree); err != nil {
		return nil, err
	}
	return s, s.readExceptions(tree)
}

func (s *spec) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Errorf(format, args...))
}

func (s *spec) define(id, sentence, place string) {
	if first, twice := s.places[id]; twice {
		s.fault("%s: %s stands for another requirement already, at %s", place, id, first)
		return
	}
	s.places[id] = place
	for _, k := range keywords {
		if strings.Contains(sentence, k) {
			s.requirements = append(s.requirements, requirement{id, k, place})
			return
		}
	}
	s.fault("%s: %s has no keyword", place, id)
}

// checkMentions finds cross-references into nothing.
func (s *spec) checkMentions(name string, text []string) {
	for i, line := range text {
		for _, id := range idPattern.FindAllString(line, -1) {
			if _, known := s.places[id]; !known {
				s.fault("%s:%d: there is no %s", name, i+1, id)
			}
		}
	}
}

func (s *spec) readWithdrawn(tree fs.FS) error {
	text, err := lines(tree, withdrawnList)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was ever withdrawn
	}
	if err != nil {
		return err
	}
	for i, line := range text {
		m := item.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if place, used := s.places[m[1]]; used {
			s.fault("%s: %s was withdrawn and is not given again (%s:%d)", place, m[1], withdrawnList, i+1)
		}
	}
	return nil
}

func (s *spec) readExceptions(tree fs.FS) error {
	names, err := fs.Glob(tree, exceptions+"/*.md")
	if err != nil {
		return err
	}
	for _, name := range names {
		id := strings.TrimSuffix(path.Base(name), ".md")
		if !idPattern.MatchString(id) {
			continue // pages about exceptions
		}
		text, err := fs.ReadFile(tree, name)
		switch {
		case err != nil:
			return err
		case s.places[id] == "":
			s.fault("%s: there is no %s", name, id)
		case len(strings.TrimSpace(string(text))) == 0:
			s.fault("%s: gives no reason", name)
		default:
			s.excused[id] = true
		}
	}
	return nil
}

func lines(tree fs.FS, name string) ([]string, error) {
	text, err := fs.ReadFile(tree, name)
	return strings.Split(string(text), "\n"), err
}
