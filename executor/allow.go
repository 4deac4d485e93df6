package executor

import (
	"fmt"
	"strings"
)

// checkPattern says what is wrong with an allow pattern.
func checkPattern(pattern string) error {
	module, function, ok := strings.Cut(pattern, ":")
	if !ok || module == "" || function == "" || strings.Contains(function, ":") {
		return fmt.Errorf("a pattern must have the form module:function: pattern=%q", pattern)
	}
	return nil
}

// allowed reports whether a name matches one of the patterns. The workers check
// again, and more: this one saves the way.
//
//spec:req PAYLOAD-011
func allowed(patterns []string, module, function string) bool {
	for _, p := range patterns {
		m, f, _ := strings.Cut(p, ":")
		if match(m, module) && match(f, function) {
			return true
		}
	}
	return false
}

// match reports whether s matches pattern, in which * stands for any run of
// characters and everything else for itself.
func match(pattern, s string) bool {
	first, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return s == pattern
	}
	s, ok := strings.CutPrefix(s, first)
	if !ok {
		return false
	}
	// The leftmost place for each further piece leaves the most to the rest; the
	// last piece must be at the end.
	for {
		piece, more, wild := strings.Cut(rest, "*")
		if !wild {
			return strings.HasSuffix(s, piece)
		}
		i := strings.Index(s, piece)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(piece):], more
	}
}
