package implementations

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ringwire/ringwire/conformance"
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
			list, err := os.Open(filepath.Join("kaitai", "known-failures.txt"))
			if err != nil {
				t.Fatal(err)
			}
			defer list.Close()
			known, err := conformance.ReadKnownFailures(list)
			if err != nil {
				t.Fatal(err)
			}
			judgeChild(t, argv, known)
		})
	}
}
