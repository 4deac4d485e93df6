package main

import (
	"fmt"
	"strings"
)

// codec is what was mutated.
type codec struct {
	Name    string
	Mutants []mutant
}

// report writes the table, and lists the mutants that live without a reason.
func report(codecs []codec) (string, []mutant) {
	var b strings.Builder
	b.WriteString("# What the golden vectors notice\n\n" +
		"Every check of two codecs is removed, forced and shifted, one at a time, and the vectors of the profiles decode, encode and stream are put to the result. " +
		"Made by `go run ./internal/mutate`; do not edit.\n\n| change |")
	for _, c := range codecs {
		fmt.Fprintf(&b, " `%s` |", c.Name)
	}
	b.WriteString("\n|---|---|---|\n")
	for _, kind := range append(kinds[:len(kinds):len(kinds)], "") {
		name := kind
		if name == "" {
			name = "**all**"
		}
		fmt.Fprintf(&b, "| %s |", name)
		for _, c := range codecs {
			killed, reasoned, total := 0, 0, 0
			for i := range c.Mutants {
				m := &c.Mutants[i]
				if kind != "" && m.Kind != kind {
					continue
				}
				total++
				if m.killedBy != "" {
					killed++
				} else if reason(m) != "" {
					reasoned++
				}
			}
			fmt.Fprintf(&b, " %d of %d", killed, total-reasoned)
			if reasoned > 0 {
				fmt.Fprintf(&b, " (and %d out of reach)", reasoned)
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	var unexplained []mutant
	b.WriteString("\n## Changes out of the reach of vectors\n\nThey make no difference that a message shows; where the tests of a package see one nevertheless, it says so.\n\n| where | change | of | why no vector can notice |\n|---|---|---|---|\n")
	for _, c := range codecs {
		for i := range c.Mutants {
			m := &c.Mutants[i]
			if m.killedBy != "" {
				continue
			}
			why := reason(m)
			if why == "" {
				unexplained = append(unexplained, *m)
				why = "**unexplained**"
			}
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", m.Function, m.Kind, strings.ReplaceAll(m.Text, "|", `\|`), why)
		}
	}
	return b.String(), unexplained
}
