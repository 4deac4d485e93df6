//go:build linux

package live

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

const vectorDir = "../../testdata/vectors"

func loadVectors(t *testing.T) []vectors.Vector {
	t.Helper()
	all, err := vectors.Load(os.DirFS(vectorDir))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// pythonWorker is the configuration of the reference worker.
func pythonWorker(t *testing.T) Config {
	t.Helper()
	source, err := filepath.Abs("../../pyref")
	if err != nil {
		t.Fatal(err)
	}
	// The interpreter itself: python3 may be a script that takes its time to find it.
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Command: []string{strings.TrimSpace(string(out)), "-m", "ringwire.worker"},
		Env:     append(os.Environ(), "PYTHONPATH="+source),
	}
}

// text is the report for people.
func text(t *testing.T, r *conformance.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// judge runs the kit.
func judge(t *testing.T, c Config, all []vectors.Vector) *conformance.Report {
	t.Helper()
	c.Vectors = all
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if c.Match != nil {
		all = nil // the sessions are not asked for
	}
	return conformance.Run(t.Context(), s, all, conformance.Options{})
}

//spec:test CONF-020 CONF-021 CONF-022
func TestPythonWorkerConforms(t *testing.T) {
	report := judge(t, pythonWorker(t), loadVectors(t))
	if !report.Conforms() {
		t.Error(text(t, report))
	}
}
