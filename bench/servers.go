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

	"github.com/ringwire/ringwire/internal/sys"
)

// Servers are Python processes that serve a Unix socket each. They end when their
// standard input does, and so with this process.
type Servers struct {
	Sockets []string
	dir     string
	cmds    []*exec.Cmd
	stdins  []io.Closer
}

// StartServers starts so many processes of one of this package's scripts, which
// get their socket and the arguments.
func StartServers(ctx context.Context, workers int, python, script string, arguments ...string) (*Servers, error) {
	dir, err := writeScripts()
	if err != nil {
		return nil, err
	}
	s := &Servers{dir: dir}
	for i := range workers {
		socket := filepath.Join(dir, strconv.Itoa(i))
		command := append([]string{filepath.Join(dir, script), socket}, arguments...)
		if err := s.start(ctx, exec.CommandContext(ctx, python, command...)); err != nil {
			return nil, errors.Join(fmt.Errorf("%s did not get ready: %w", script, err), s.Close())
		}
		s.Sockets = append(s.Sockets, socket)
	}
	return s, nil
}

func (s *Servers) start(ctx context.Context, cmd *exec.Cmd) error {
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = sys.OwnGroup() // a Ctrl-C is for the caller alone
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmds, s.stdins = append(s.cmds, cmd), append(s.stdins, stdin)
	ctx, cancel := patiently(ctx, "the start")
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
	var ready answer
	if err := json.NewDecoder(stdout).Decode(&ready); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	return nil
}

// Processes lists this process, which calls, and the servers.
func (s *Servers) Processes() []int {
	pids := []int{os.Getpid()}
	for _, cmd := range s.cmds {
		pids = append(pids, cmd.Process.Pid)
	}
	return pids
}

// Close ends the servers and removes their sockets.
func (s *Servers) Close() error {
	for _, stdin := range s.stdins {
		_ = stdin.Close()
	}
	var err error
	for _, cmd := range s.cmds {
		err = errors.Join(err, cmd.Wait())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// MeasureJSON measures the servers with calls that carry JSON.
func (s *Servers) MeasureJSON(ctx context.Context, r Round, carry RoundTrip) (Sample, error) {
	return withCPUTime(s.Processes(), func() (Sample, error) {
		return Drive(ctx, JSONCalls(r.Work, carry), r)
	})
}
