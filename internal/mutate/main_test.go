package main

import (
	"context"
	"path/filepath"
	"testing"
)

func find(t *testing.T, all []mutant, function, kind, text string) int {
	t.Helper()
	for _, m := range all {
		if m.Function == function && m.Kind == kind && m.Text == text {
			return m.Number
		}
	}
	t.Fatalf("no such mutant: %s: %s: %s", function, kind, text)
	return 0
}

func TestChosenMutantsDie(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	goMutants, overlay, err := mutateGo(root, dir)
	if err != nil {
		t.Fatal(err)
	}
	program, err := buildGo(ctx, root, dir, overlay)
	if err != nil {
		t.Fatal(err)
	}
	pyMutants, err := mutatePython(ctx, root, dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(goMutants) < 300 || len(pyMutants) < 150 {
		t.Errorf("%d mutants in Go and %d in Python", len(goMutants), len(pyMutants))
	}
	for _, c := range []struct {
		name  string
		judge func(int) (string, error)
		all   []mutant
		kills [][3]string
	}{
		{"Go", func(n int) (string, error) { return judgeGo(ctx, program, n) }, goMutants, [][3]string{
			{"*requestHeader.check", removed, "h.total != sum"},
			{"*Response.checkContent", border, "r.Status > statusSuccessMax"},
			{"*Request.checkContent", removed, "TypeShutdown"},
		}},
		{"Python", func(n int) (string, error) { return judgePython(ctx, root, dir, n) }, pyMutants, [][3]string{
			{"_check_total", removed, "total != expected"},
			{"_name", wrongOffset, "offset + zero"},
		}},
	} {
		if by, err := c.judge(0); err != nil || by != "" {
			t.Errorf("%s without a mutant: vector=%q err=%v", c.name, by, err)
		}
		for _, k := range c.kills {
			if by, err := c.judge(find(t, c.all, k[0], k[1], k[2])); err != nil || by == "" {
				t.Errorf("%s: %q lives: err=%v", c.name, k, err)
			}
		}
	}
}

func TestReportNamesWhatLives(t *testing.T) {
	text, unexplained := report([]codec{{"codec", []mutant{
		{Number: 1, Kind: removed, Function: "f", Text: "a || b", killedBy: "some-vector"},
		{Number: 2, Kind: removed, Function: "f", Text: "c"},
		{Number: 3, Kind: narrow, Function: "parse_request", Text: "d"},
	}}})
	if len(unexplained) != 1 || unexplained[0].Number != 2 {
		t.Errorf("unexplained=%v\n%s", unexplained, text)
	}
}
