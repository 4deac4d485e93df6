package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

// commandPeer is a peer whose caller is a program of its own. The program speaks
// lines of JSON. When it is ready it prints {"ready": true, "processes": [...]},
// the ids of its own process and of its workers. Then every line on its standard
// input is a Round, which it answers with {"done": true} as soon as the last call
// has ended, and with a sample when it has gathered the latencies. It ends with
// its standard input.
type commandPeer struct {
	name string
	does func(Work) bool
	// argv returns the command line; scripts is the folder of the Python files.
	argv func(scripts string, workers int) []string
}

// pythonScript is a caller in one of the scripts of this package.
func pythonScript(name, python, script string, arguments ...string) Peer {
	return commandPeer{name, anything, func(scripts string, workers int) []string {
		return append([]string{python, filepath.Join(scripts, script), strconv.Itoa(workers)}, arguments...)
	}}
}

func anything(Work) bool { return true }

// answer is any line that the program prints.
type answer struct {
	Ready     bool            `json:"ready,omitempty"`
	Processes []int           `json:"processes,omitempty"`
	Done      bool            `json:"done,omitempty"`
	Calls     int             `json:"calls,omitempty"`
	Elapsed   time.Duration   `json:"elapsed_ns,omitempty"`
	Latencies []time.Duration `json:"latencies_ns,omitempty"`
	Error     string          `json:"error,omitempty"`
}

func (p commandPeer) Name() string { return p.name }

func (p commandPeer) Does(w Work) bool { return p.does(w) }

func (p commandPeer) Start(ctx context.Context, workers int) (Session, error) {
	dir, err := writeScripts()
	if err != nil {
		return nil, err
	}
	argv := p.argv(dir, workers)
	s := &commandSession{dir: dir, cmd: exec.CommandContext(ctx, argv[0], argv[1:]...)}
	s.cmd.Stderr = os.Stderr
	// Killing the program alone would leave its workers behind.
	s.cmd.SysProcAttr = sys.OwnGroup()
	s.cmd.Cancel = func() error {
		group, err := sys.NewGroup(s.cmd.Process)
		if err != nil {
			return err
		}
		return errors.Join(group.Kill(), group.Close())
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

type commandSession struct {
	dir   string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *json.Decoder
	pids  []int
}

func (s *commandSession) Processes() []int { return s.pids }

func (s *commandSession) start(ctx context.Context) error {
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
	ctx, cancel := patiently(ctx, "the start")
	defer cancel()
	ready, err := s.next(ctx)
	if err == nil && !ready.Ready {
		err = errors.New("it does not speak the protocol")
	}
	if err != nil {
		return fmt.Errorf("the program did not get ready: %w", err)
	}
	s.pids = ready.Processes
	return nil
}

// next reads a line. If ctx ends first, so does the program.
func (s *commandSession) next(ctx context.Context) (answer, error) {
	stop := context.AfterFunc(ctx, func() { _ = s.cmd.Cancel() })
	defer stop()
	var a answer
	err := s.lines.Decode(&a)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	return a, err
}

func (s *commandSession) Measure(ctx context.Context, r Round) (Sample, error) {
	request, err := json.Marshal(r)
	if err != nil {
		return Sample{}, err
	}
	sample, err := withCPUTime(s.pids, func() (Sample, error) {
		if _, err := s.stdin.Write(append(request, '\n')); err != nil {
			return Sample{}, err
		}
		done, err := s.next(ctx)
		if err == nil && !done.Done {
			err = errors.New("the program does not speak the protocol")
		}
		return Sample{}, err
	})
	if err != nil {
		return sample, err
	}
	a, err := s.next(ctx)
	sample.Calls, sample.Elapsed, sample.Latencies = a.Calls, a.Elapsed, a.Latencies
	return sample, err
}

func (s *commandSession) Close() error {
	defer os.RemoveAll(s.dir)
	if s.stdin == nil {
		return nil
	}
	_ = s.stdin.Close() // tells the program to end
	return s.cmd.Wait()
}

// Speak lets a peer written in Go be the caller of a program: it speaks the
// protocol of such programs until the input ends.
func Speak(ctx context.Context, p Peer, workers int, in io.Reader, out io.Writer) (err error) {
	lines := json.NewEncoder(out)
	session, err := p.Start(ctx, workers)
	if err != nil {
		return errors.Join(err, lines.Encode(answer{Error: err.Error()}))
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if err := lines.Encode(answer{Ready: true, Processes: session.Processes()}); err != nil {
		return err
	}
	for requests := json.NewDecoder(in); ; {
		var r Round
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		sample, err := session.Measure(ctx, r)
		if err != nil {
			return errors.Join(err, lines.Encode(answer{Error: err.Error()}))
		}
		if err := lines.Encode(answer{Done: true}); err != nil {
			return err
		}
		err = lines.Encode(answer{Calls: sample.Calls, Elapsed: sample.Elapsed, Latencies: sample.Latencies})
		if err != nil {
			return err
		}
	}
}
