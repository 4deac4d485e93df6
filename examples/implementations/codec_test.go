package implementations

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/subprocess"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/conformance/wasm"
)

// skipped is the exit code with which a build.sh says that it needs a tool that
// this machine does not have.
const skipped = 77

// build runs the build.sh of a folder.
func build(t *testing.T, folder string, args ...string) {
	t.Helper()
	cmd := exec.Command("./"+folder+"/build.sh", args...)
	cmd.Env = append(os.Environ(), "CARGO_TARGET_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == skipped:
		t.Skipf("%s", out)
	case err != nil:
		t.Fatalf("%s/build.sh: %v\n%s", folder, err, out)
	case len(out) > 0:
		t.Errorf("%s/build.sh has something to say:\n%s", folder, out)
	}
}

// The modules conform: as they are in the tree, and as their sources build here.
func TestModules(t *testing.T) {
	for _, path := range []string{
		"assemblyscript-codec/ringwire_assemblyscript_codec.wasm",
		"rust-codec/ringwire_rust_codec.wasm",
	} {
		folder, module := filepath.Split(path)
		folder = filepath.Clean(folder)
		t.Run(folder, func(t *testing.T) {
			t.Run("committed", func(t *testing.T) {
				judge(t, path, wasm.DefaultLimits())
			})
			t.Run("built", func(t *testing.T) {
				fresh := filepath.Join(t.TempDir(), module)
				build(t, folder, fresh)
				limits := wasm.DefaultLimits()
				limits.Quick = true
				judge(t, fresh, limits)
			})
		})
	}
}

// judge puts all vectors of decode, encode and stream to a module.
func judge(t *testing.T, module string, limits wasm.Limits) {
	t.Helper()
	code, err := os.ReadFile(module)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := wasm.Open(context.Background(), code, limits)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = subject.Close() }()
	report := conformance.Run(context.Background(), subject, vectors.All(), conformance.Options{
		Profiles: []string{"decode", "encode", "stream"},
	})
	mustConform(t, report)
	for _, r := range report.Results {
		if r.Status == conformance.Skip {
			t.Errorf("%s was skipped: %s", r.ID, r.Reason)
		}
	}
}

// judgeChild puts all vectors to a command that speaks JSON lines.
func judgeChild(t *testing.T, argv []string, known conformance.KnownFailures) {
	t.Helper()
	if _, err := exec.LookPath(argv[0]); err != nil {
		t.Skipf("needs %s", argv[0])
	}
	subject, err := subprocess.Start(argv, subprocess.Options{Patience: patience, Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = subject.Close() }()
	mustConform(t, conformance.Run(t.Context(), subject, vectors.All(), conformance.Options{Known: known}))
}

// patience is for machines that do many other things meanwhile.
const patience = 30 * time.Second

func mustConform(t *testing.T, report *conformance.Report) {
	t.Helper()
	if report.Conforms() {
		return
	}
	var b strings.Builder
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	t.Errorf("%s", &b)
}

// The decoder of docs/implementing.md conforms in both of its forms.
func TestJavaScriptDecoder(t *testing.T) {
	t.Run("lines", func(t *testing.T) { judgeChild(t, []string{"node", "javascript-decoder/lines.mjs"}, nil) })
	t.Run("one-shot", func(t *testing.T) {
		if _, err := exec.LookPath("node"); err != nil {
			t.Skip("needs Node.js")
		}
		subject, err := subprocess.NewDecoder([]string{"node", "javascript-decoder/oneshot.mjs"}, patience)
		if err != nil {
			t.Fatal(err)
		}
		report := conformance.Run(t.Context(), subject, vectors.All(), conformance.Options{
			// A process for each takes its time.
			Match: func(v *vectors.Vector) bool {
				return strings.HasSuffix(v.ID, "example") || strings.Contains(v.ID, "cut-at")
			},
		})
		mustConform(t, report)
	})
}

// The page shows this file, to the letter.
func TestPageShowsTheDecoder(t *testing.T) {
	page, err := os.ReadFile("../../docs/implementing.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("javascript-decoder/oneshot.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```js\n"+string(code)+"```\n") {
		t.Error("docs/implementing.md does not show oneshot.mjs as it is")
	}
}
