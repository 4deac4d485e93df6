package implementations

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/subprocess"
	"github.com/ringwire/ringwire/conformance/vectors"
)

// The decoders around the parsers that Kaitai Struct generates refuse what they
// must, and where they name another code for it, that is on the list.
func TestKaitai(t *testing.T) {
	for name, argv := range map[string][]string{
		"JavaScript": {"node", "kaitai/decoder.js"},
		"Python":     {"kaitai/.venv/bin/python", "kaitai/decoder.py"},
	} {
		t.Run(name, func(t *testing.T) {
			build(t, "kaitai")
			if _, err := exec.LookPath(argv[0]); err != nil {
				t.Skipf("needs %s: see kaitai/README.md", argv[0])
			}
			report := ask(t, argv)
			if !report.Conforms() {
				var b strings.Builder
				if err := report.WriteText(&b); err != nil {
					t.Fatal(err)
				}
				t.Errorf("%s", &b)
			}
		})
	}
}

func ask(t *testing.T, argv []string) *conformance.Report {
	t.Helper()
	list, err := os.Open(filepath.Join("kaitai", "known-failures.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	known, err := conformance.ReadKnownFailures(list)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := subprocess.Start(argv, subprocess.Options{Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = subject.Close() }()
	return conformance.Run(context.Background(), subject, vectors.All(), conformance.Options{Known: known})
}
