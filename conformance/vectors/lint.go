package vectors

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	idForm          = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	requirementForm = regexp.MustCompile(`^[A-Z]+-[0-9]{3}$`)
)

// Lint returns every breach of the rules for vectors, joined: ids and flags,
// no two vectors alike, one fault per negative case, results that follow from
// the tables.
func Lint(all []Vector) error {
	l := linter{ids: map[string]bool{}, questions: map[[32]byte]string{}, flags: map[string]bool{}}
	for _, f := range Flags() {
		l.flags[f.Name] = false
	}
	for i := range all {
		l.vector(&all[i])
	}
	for flag, used := range l.flags {
		if !used {
			l.errorf("flag=%s is not used", flag)
		}
	}
	slices.SortFunc(l.faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(l.faults...)
}

type linter struct {
	ids       map[string]bool
	questions map[[32]byte]string
	flags     map[string]bool
	faults    []error
}

func (l *linter) errorf(format string, args ...any) {
	l.faults = append(l.faults, fmt.Errorf("vectors: "+format, args...))
}

func (l *linter) vector(v *Vector) {
	if !idForm.MatchString(v.ID) {
		l.errorf("id=%s is not words joined by hyphens", v.ID)
	}
	if l.ids[v.ID] || slices.Contains(Retired(), v.ID) {
		l.errorf("id=%s is used before", v.ID)
	}
	l.ids[v.ID] = true
	if v.Comment == "" || len(v.Requirements) == 0 {
		l.errorf("id=%s has no comment or no requirement", v.ID)
	}
	for _, r := range v.Requirements {
		if !requirementForm.MatchString(r) {
			l.errorf("id=%s names requirement=%s", v.ID, r)
		}
	}
	for _, f := range v.Flags {
		if _, known := l.flags[f]; !known {
			l.errorf("id=%s has an unknown flag=%s", v.ID, f)
		}
		l.flags[f] = true
	}
	question, err := json.Marshal([]any{v.Operation, v.MaxMessage, v.Input, v.Chunks, v.End, v.Fields, v.Steps, v.Session})
	if err != nil {
		l.errorf("id=%s: %v", v.ID, err)
	}
	sum := sha256.Sum256(question)
	if other, twice := l.questions[sum]; twice {
		l.errorf("id=%s asks what id=%s asks", v.ID, other)
	}
	l.questions[sum] = v.ID
	if (v.Result == Invalid) != (v.Error != nil) && v.Operation != RingImage {
		l.errorf("id=%s: result and error do not fit", v.ID)
	}
	if v.Profile() == "decode" && v.Input != nil {
		l.decode(v)
	}
}

// decode checks the expectation of a decode vector against the plain decoder.
func (l *linter) decode(v *Vector) {
	faults := Faults(v.IsResponse(), *v.Input, uint64(v.MaxMessage))
	if v.Result == Valid {
		if len(faults) > 0 {
			l.errorf("id=%s is said to be valid and has fault=%s", v.ID, faults[0].Code)
		}
		return
	}
	if len(faults) == 0 || v.Error == nil || faults[0] != *v.Error {
		l.errorf("id=%s: expectation=%v, plain decoder=%v", v.ID, v.Error, faults)
		return
	}
	if len(faults) > 1 && !v.HasFlag("Precedence") {
		l.errorf("id=%s: has faults=%d and not the flag Precedence: %v", v.ID, len(faults), faults)
	}
}
