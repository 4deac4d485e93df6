package vectors

import (
	"slices"
	"strings"
	"testing"
)

// The linter finds what a vector must not be.
//
//spec:test CONF-030 CONF-031
func TestLintFinds(t *testing.T) {
	t.Parallel()
	find := func(id string) Vector {
		all := All()
		at := slices.IndexFunc(all, func(v Vector) bool { return v.ID == id })
		if at < 0 {
			t.Fatalf("no vector with id=%s", id)
		}
		return all[at]
	}
	for _, tt := range []struct {
		name, id string
		spoil    func(*Vector)
		says     string
	}{
		{"no requirement", "decode-request-example", func(v *Vector) { v.Requirements = nil }, "has no comment or no requirement"},
		{"a requirement in words", "decode-request-example", func(v *Vector) { v.Requirements = []string{"chapter 01"} }, "names requirement=chapter 01"},
		{"two faults", "decode-request-cancel-id-zero", func(v *Vector) { (*v.Input)[17] = 1; (*v.Input)[5]++; *v.Input = append(*v.Input, 'x') }, "has faults=2 and not the flag Precedence"},
		{"another fault than it says", "decode-request-cancel-id-zero", func(v *Vector) { (*v.Input)[0] = 9 }, "plain decoder="},
		{"valid with a fault", "decode-request-example", func(v *Vector) { (*v.Input)[0] = 9 }, "is said to be valid"},
	} {
		v := find(tt.id)
		t.Run(tt.name, func(t *testing.T) {
			if v.Input != nil {
				input := slices.Clone(*v.Input)
				v.Input = &input
			}
			tt.spoil(&v)
			err := Lint([]Vector{v})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("err=%v, want %q", err, tt.says)
			}
		})
	}
	if err := Lint([]Vector{find("decode-request-example")}); err != nil && strings.Contains(err.Error(), "id=") {
		t.Errorf("a good vector: %v", err)
	}
}
