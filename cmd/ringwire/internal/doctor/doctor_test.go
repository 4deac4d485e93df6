package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExamineThisMachine(t *testing.T) {
	for _, f := range Examine(t.Context(), "python3") {
		// Machines differ, but these tests could not run where anything fails.
		if f.Status == Fail || f.Detail == "" {
			t.Errorf("%+v", f)
		}
		if f.Status != OK && f.Fix == "" {
			t.Errorf("a warning without a fix: %+v", f)
		}
	}
}

func TestPythonMissing(t *testing.T) {
	findings := Examine(t.Context(), "no-such-python")
	last := findings[len(findings)-1]
	if last.Name != "python" || last.Status != Fail || last.Fix == "" {
		t.Errorf("%+v", last)
	}
}

func TestPythonBrokenOrOld(t *testing.T) {
	for _, c := range []struct{ script, detail string }{
		{"echo 'no module named encodings' >&2; exit 1", "encodings"},
		{"echo not json", "invalid character"},
		{`echo '{"implementation":"CPython","version":"3.9.1","recent":false}'`, "too old"},
	} {
		path := filepath.Join(t.TempDir(), "python")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		_, finding := findPython(t.Context(), path)
		if finding.Status != Fail || !strings.Contains(finding.Detail, c.detail) {
			t.Errorf("%s: %+v", c.script, finding)
		}
	}
}
