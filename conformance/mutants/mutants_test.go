package mutants

import (
	"context"
	"fmt"
	"testing"

	"github.com/ringwire/ringwire/conformance/vectors"
)

// Every mutant is killed by the vector that the committed kill matrix names for
// it. That the matrix is complete and current is checked by killmatrix -check,
// which takes minutes.
//
//spec:test CONF-003 ABI-003 ABI-004 ABI-005 ABI-006 ABI-008 ABI-009 ABI-010 ABI-011 ABI-012
func TestMutantsAreKilled(t *testing.T) {
	t.Parallel()
	byID := map[string]vectors.Vector{}
	for _, v := range vectors.All() {
		byID[v.ID] = v
	}
	examples := Examples()
	if len(All()) < 40 {
		t.Fatalf("only %d mutants", len(All()))
	}
	for _, m := range All() {
		t.Run(fmt.Sprintf("%d", m.Number), func(t *testing.T) {
			t.Parallel()
			v, ok := byID[examples[m.Number]]
			if !ok {
				t.Fatalf("the kill matrix names no vector: fault=%q example=%q", m.Fault, examples[m.Number])
			}
			report, err := Judge(context.Background(), m, []vectors.Vector{v})
			if err != nil {
				t.Fatal(err)
			}
			if report.Counts.Fail == 0 {
				t.Errorf("lives: fault=%q vector=%s", m.Fault, v.ID)
			}
		})
	}
}

func TestGoodOneIsSpared(t *testing.T) {
	t.Parallel()
	report, err := Judge(context.Background(), Mutant{}, vectors.All())
	if err != nil {
		t.Fatal(err)
	}
	if !report.Conforms() {
		t.Errorf("failed=%d skipped=%d first=%v", report.Counts.Fail, report.Counts.Skip, killers(report)[:1])
	}
}
