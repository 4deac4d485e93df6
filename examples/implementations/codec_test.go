package implementations

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conformance"
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
	var b strings.Builder
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if !report.Conforms() {
		t.Errorf("%s", &b)
	}
	for _, r := range report.Results {
		if r.Status == conformance.Skip {
			t.Errorf("%s was skipped: %s", r.ID, r.Reason)
		}
	}
}
