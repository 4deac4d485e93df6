package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/cloudwego/shmipc-go"

	"github.com/ringwire/ringwire/bench"
)

type peer struct{}

func (peer) Name() string { return name }

func (peer) Does(bench.Work) bool { return true }

func (peer) Start(ctx context.Context, workers int) (bench.Session, error) {
	dir, err := os.MkdirTemp("", "ringwire-bench-")
	if err != nil {
		return nil, err
	}
	s := &session{dir: dir, pids: []int{os.Getpid()}}
	for i := range workers {
		if err := s.start(ctx, filepath.Join(dir, strconv.Itoa(i))); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

type session struct {
	dir      string
	cmds     []*exec.Cmd
	stdins   []io.Closer
	managers []*shmipc.SessionManager
	pids     []int
	next     atomic.Uint64
}

func (s *session) start(ctx context.Context, socket string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "answer", socket)
	cmd.Stderr = os.Stderr
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
	s.cmds, s.stdins, s.pids = append(s.cmds, cmd), append(s.stdins, stdin), append(s.pids, cmd.Process.Pid)
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return err
	}
	config := shmipc.DefaultSessionManagerConfig()
	config.Network, config.Address = "unix", socket
	config.MemMapType = shmipc.MemMapTypeMemFd
	config.LogOutput = os.Stderr
	// Room for the longest request and response at the same time.
	config.ShareMemoryBufferCap = 128 << 20
	manager, err := shmipc.NewSessionManager(config)
	if err != nil {
		return err
	}
	s.managers = append(s.managers, manager)
	return nil
}

func (s *session) Processes() []int { return s.pids }

func (s *session) Measure(ctx context.Context, r bench.Round) (bench.Sample, error) {
	return bench.Drive(ctx, bench.JSONCalls(r.Work, s.roundTrip), r)
}

func (s *session) roundTrip(_ context.Context, handler string, arguments []byte) ([]byte, error) {
	manager := s.managers[s.next.Add(1)%uint64(len(s.managers))]
	stream, err := manager.GetStream()
	if err != nil {
		return nil, err
	}
	defer manager.PutBack(stream)
	if err := send(stream, handler, arguments); err != nil {
		return nil, err
	}
	_, result, err := receive(stream)
	return result, err
}

// send writes the length of the body, that of the handler's name, the name and
// the body.
func send(stream *shmipc.Stream, handler string, body []byte) error {
	w := stream.BufferWriter()
	header, err := w.Reserve(5)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(header, uint32(len(body)))
	header[4] = byte(len(handler))
	if err := w.WriteString(handler); err != nil {
		return err
	}
	if _, err := w.WriteBytes(body); err != nil {
		return err
	}
	return stream.Flush(false)
}

// receive reads what send has written. The body is a copy.
func receive(stream *shmipc.Stream) (handler string, body []byte, err error) {
	r := stream.BufferReader()
	defer r.ReleasePreviousRead()
	header, err := r.ReadBytes(5)
	if err != nil {
		return "", nil, err
	}
	length, name := binary.LittleEndian.Uint32(header), int(header[4])
	if name > 0 {
		if handler, err = r.ReadString(name); err != nil {
			return "", nil, err
		}
	}
	view, err := r.ReadBytes(int(length))
	return handler, append([]byte(nil), view...), err
}

func (s *session) Close() error {
	var err error
	for _, m := range s.managers {
		err = errors.Join(err, m.Close())
	}
	for _, stdin := range s.stdins {
		_ = stdin.Close()
	}
	for _, cmd := range s.cmds {
		err = errors.Join(err, cmd.Wait())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
