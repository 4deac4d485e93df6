package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// plainPython does the same work in one Python process, file after file, without
// a pool. Python takes the time itself, so its start-up does not count.
func plainPython(ctx context.Context, o Options, dir string, paths []string) (run, error) {
	r := run{title: "plain Python"}
	step, stop := o.Progress(r.title, len(paths))
	defer stop()

	stdin, err := json.Marshal(paths)
	if err != nil {
		return run{}, err
	}
	program := "import sys; sys.path.insert(0, sys.argv[1]); import " + module + " as m; m.main()"
	cmd := exec.CommandContext(ctx, o.Python, "-c", program, dir)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return run{}, err
	}
	if err := cmd.Start(); err != nil {
		return run{}, err
	}
	for lines := json.NewDecoder(stdout); lines.More(); {
		var line struct {
			Metrics
			Error   string  `json:"error"`
			Seconds float64 `json:"seconds"`
		}
		if err = lines.Decode(&line); err != nil {
			break
		}
		if line.Seconds > 0 {
			r.elapsed = time.Duration(line.Seconds * float64(time.Second))
			break
		}
		r.findings = append(r.findings, finding{line.Metrics, line.Error})
		step()
	}
	switch ended := cmd.Wait(); {
	case ctx.Err() != nil:
		return run{}, context.Cause(ctx)
	case ended != nil:
		return run{}, fmt.Errorf("run plain Python: %w\n%s", ended, strings.TrimSpace(stderr.String()))
	case err != nil:
		return run{}, fmt.Errorf("read the results of plain Python: %w", err)
	case len(r.findings) != len(paths) || r.elapsed == 0:
		return run{}, fmt.Errorf("plain Python ended early: files=%d of=%d", len(r.findings), len(paths))
	}
	return r, nil
}
