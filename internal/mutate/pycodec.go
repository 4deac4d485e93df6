package main

import (
	"bytes"
	"context"
	_ "embed" // for the script
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/subprocess"
	"github.com/ringwire/ringwire/conformance/vectors"
)

//go:embed schemata.py
var schemata string

// mutatePython copies package ringwire to dir, with a codec in which every mutant
// slumbers.
func mutatePython(ctx context.Context, root, dir string) ([]mutant, error) {
	if err := os.CopyFS(filepath.Join(dir, "ringwire"), os.DirFS(filepath.Join(root, "pyref", "ringwire"))); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "python3", "-c", schemata,
		filepath.Join(root, "pyref", "ringwire", "wire.py"), filepath.Join(dir, "ringwire", "wire.py"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("schemata.py: %w", err)
	}
	var all []mutant
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var m mutant
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("schemata.py: %w", err)
		}
		all = append(all, m)
	}
}

// judgePython puts the vectors to the copy with one mutant awake, and returns the
// first that fails.
func judgePython(ctx context.Context, root, dir string, number int) (string, error) {
	child, err := subprocess.Start([]string{
		"env", "PYTHONPATH=" + dir, "PYTHONDONTWRITEBYTECODE=1", fmt.Sprintf("%s=%d", variable, number),
		"python3", filepath.Join(root, "examples", "implementations", "pyref", "codec.py"),
	}, subprocess.Options{Patience: patience, StartPatience: time.Minute})
	if err != nil {
		return "", err
	}
	defer func() { _ = child.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first := &firstFailure{Subject: child, found: cancel}
	report := conformance.Run(ctx, first, vectors.All(), conformance.Options{})
	for i := range report.Results {
		if report.Results[i].Status == conformance.Fail {
			return report.Results[i].ID, nil
		}
	}
	return "", ctx.Err()
}

// firstFailure ends the run when the first case fails.
type firstFailure struct {
	conformance.Subject
	found func()
}

// Parallel implements conformance.Subject. One at a time, so that the first case
// that fails is always the same.
func (*firstFailure) Parallel() int { return 1 }

func (f *firstFailure) Judge(ctx context.Context, v *vectors.Vector) conformance.Verdict {
	verdict := f.Subject.Judge(ctx, v)
	if verdict.Status == conformance.Fail {
		f.found()
	}
	return verdict
}
