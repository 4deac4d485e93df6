package bench

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

//go:embed *.py
var scripts embed.FS

// writeScripts puts the Python side into a new folder, which the caller removes.
func writeScripts() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "ringwire-bench-"); err != nil {
		return "", err
	}
	if err = os.CopyFS(dir, scripts); err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	return dir, nil
}

// ProcessPool is Python's concurrent.futures.ProcessPoolExecutor, called by
// Python. It uses pickle, as its users do.
func ProcessPool(python string) Peer {
	return pythonPeer{"ProcessPoolExecutor", python, "process_pool.py"}
}

// pythonPeer is a peer whose caller is itself written in Python. The script gets
// the number of workers as argument, prints {"ready": true}, and then answers
// every line on its standard input, a request, with a line, a sample.
type pythonPeer struct {
	name, python, script string
}

type pythonRequest struct {
	Work
	WarmUp  float64 `json:"warm_up_seconds"`
	Measure float64 `json:"measure_seconds"`
}

type pythonSample struct {
	Ready     bool            `json:"ready"`
	Calls     int             `json:"calls"`
	Elapsed   time.Duration   `json:"elapsed_ns"`
	Latencies []time.Duration `json:"latencies_ns"`
}

func (p pythonPeer) Name() string { return p.name }

func (p pythonPeer) Start(ctx context.Context, workers int) (Session, error) {
	dir, err := writeScripts()
	if err != nil {
		return nil, err
	}
	s := &pythonSession{dir: dir}
	s.cmd = exec.CommandContext(ctx, p.python, filepath.Join(dir, p.script), strconv.Itoa(workers))
	s.cmd.Stderr = os.Stderr
	// Killing the script alone would leave its workers behind.
	s.cmd.SysProcAttr = sys.OwnGroup()
	s.cmd.Cancel = func() error { return sys.KillGroup(s.cmd.Process.Pid) }
	if err := s.start(); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

type pythonSession struct {
	dir   string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *json.Decoder
}

func (s *pythonSession) start() error {
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.stdin, s.lines = stdin, json.NewDecoder(stdout)
	var answer pythonSample
	if err := s.lines.Decode(&answer); err != nil || !answer.Ready {
		return fmt.Errorf("the script did not get ready: %w", err)
	}
	return nil
}

func (s *pythonSession) Measure(_ context.Context, w Work, span Span) (Sample, error) {
	request, err := json.Marshal(pythonRequest{w, span.WarmUp.Seconds(), span.Measure.Seconds()})
	if err != nil {
		return Sample{}, err
	}
	if _, err := s.stdin.Write(append(request, '\n')); err != nil {
		return Sample{}, err
	}
	var answer pythonSample
	if err := s.lines.Decode(&answer); err != nil {
		return Sample{}, fmt.Errorf("no answer: %w", err)
	}
	return Sample{answer.Calls, answer.Elapsed, answer.Latencies}, nil
}

func (s *pythonSession) Close() error {
	defer os.RemoveAll(s.dir)
	if s.stdin == nil {
		return nil
	}
	_ = s.stdin.Close() // tells the script to end
	return s.cmd.Wait()
}
