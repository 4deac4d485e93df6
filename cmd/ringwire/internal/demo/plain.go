package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

// plain does the work in one Python process, file after file, without a pool.
type plain struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  *json.Decoder
	stderr bytes.Buffer
}

func newPlain(ctx context.Context, python, dir string) (*plain, error) {
	program := "import sys; sys.path.insert(0, sys.argv[1]); import " + module + " as m; m.main()"
	p := &plain{cmd: exec.CommandContext(ctx, python, "-c", program, dir)}
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = sys.OwnGroup() // Ctrl-C is for us to handle
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.lines = json.NewDecoder(stdout)
	return p, p.cmd.Start()
}

func (*plain) title() string { return "plain Python" }

// close tells Python to end. How it ends no longer matters: analyse has seen
// whether it did its work.
func (p *plain) close() error {
	_ = p.stdin.Close()
	_ = p.cmd.Wait()
	return nil
}

// analyse lets Python take the time itself, so that its start does not count.
func (p *plain) analyse(ctx context.Context, paths []string, step func()) ([]finding, time.Duration, error) {
	findings, elapsed, err := p.exchange(paths, step)
	if err != nil {
		_ = p.close() // completes stderr
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		} else {
			err = fmt.Errorf("plain Python: %w\n%s", err, strings.TrimSpace(p.stderr.String()))
		}
	}
	return findings, elapsed, err
}

func (p *plain) exchange(paths []string, step func()) ([]finding, time.Duration, error) {
	if err := json.NewEncoder(p.stdin).Encode(paths); err != nil {
		return nil, 0, err
	}
	findings := make([]finding, len(paths))
	for i := range findings {
		var line struct {
			Metrics
			Error string `json:"error"`
		}
		if err := p.lines.Decode(&line); err != nil {
			return nil, 0, err
		}
		findings[i] = finding{line.Metrics, line.Error}
		step()
	}
	var last struct {
		Seconds float64 `json:"seconds"`
	}
	err := p.lines.Decode(&last)
	return findings, time.Duration(last.Seconds * float64(time.Second)), err
}
