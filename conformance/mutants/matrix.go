package mutants

import (
	"cmp"
	"context"
	_ "embed" // for the kill matrix
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

//go:embed MUTANTS.md
var matrix string

const preface = `# The mutant zoo

Each line is a codec or ring with one fault, and what the vectors make of it. Made by ` + "`go run ./conformance/mutants/killmatrix`" + `; do not edit.

| mutant | profile | fault | killed by | for example |
|---|---|---|---|---|
`

// Matrix judges every mutant by every vector and returns the kill matrix. It
// takes minutes. The error names the mutants that live, or a fault found in the
// good one.
func Matrix(ctx context.Context, progress func(done, total int)) (string, error) {
	all := vectors.All()
	good, err := Judge(ctx, Mutant{}, all)
	if err != nil {
		return "", err
	}
	if !good.Conforms() {
		return "", fmt.Errorf("mutants: the good one is not spared: failed=%d skipped=%d", good.Counts.Fail, good.Counts.Skip)
	}
	var b strings.Builder
	b.WriteString(preface)
	mutants := All()
	slices.SortFunc(mutants, func(a, b Mutant) int { return cmp.Compare(a.Number, b.Number) })
	for i, m := range mutants {
		report, err := Judge(ctx, m, all)
		if err != nil {
			return "", err
		}
		killers := killers(report)
		if len(killers) == 0 {
			return "", fmt.Errorf("mutants: lives: number=%d fault=%q", m.Number, m.Fault)
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %d | %s |\n", m.Number, m.Profile, m.Fault, len(killers), example(m, killers))
		progress(i+1, len(mutants))
	}
	fmt.Fprintf(&b, "\n%d mutants, %d vectors, none lives; the good one is spared.\n", len(mutants), good.Counts.Pass)
	return b.String(), nil
}

func killers(r *conformance.Report) []*conformance.Result {
	var out []*conformance.Result
	for i := range r.Results {
		if r.Results[i].Status == conformance.Fail {
			out = append(out, &r.Results[i])
		}
	}
	return out
}

// example picks a killer that was not merely hit in passing: one of the mutant's
// own profile, with as few requirements as may be.
func example(m Mutant, killers []*conformance.Result) string {
	best := slices.MinFunc(killers, func(a, b *conformance.Result) int {
		foreign := func(r *conformance.Result) int {
			if r.Profile == m.Profile {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(foreign(a), foreign(b)), cmp.Compare(len(a.Requirements), len(b.Requirements)), cmp.Compare(a.ID, b.ID))
	})
	return best.ID
}

var line = regexp.MustCompile(`(?m)^\| (\d+) \| \S+ \| .* \| \d+ \| (\S+) \|$`)

// Examples returns, for each mutant of the committed kill matrix, the vector that
// it names.
func Examples() map[uint32]string {
	examples := map[uint32]string{}
	for _, m := range line.FindAllStringSubmatch(matrix, -1) {
		n, err := strconv.ParseUint(m[1], 10, 32)
		if err != nil {
			panic(err) // digits by the expression
		}
		examples[uint32(n)] = m[2]
	}
	return examples
}
