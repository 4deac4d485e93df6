//go:build linux

package live

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
)

// process is a worker process in a group of its own.
type process struct {
	pid    int
	child  *os.Process
	group  *sys.Group
	stdout *tail
	stderr *tail

	mu     sync.Mutex
	reaped bool
	exited chan struct{} // closed when wait is known
	wait   syscall.WaitStatus
}

// startProcess starts a command with files as its descriptors from 3 on.
func startProcess(argv, env []string, files []*os.File) (_ *process, err error) {
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, err
	}
	var closers []*os.File
	defer func() {
		for _, f := range closers {
			_ = f.Close()
		}
	}()
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	closers = append(closers, nothing)
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	closers = append(closers, outWrite)
	errRead, errWrite, err := os.Pipe()
	if err != nil {
		_ = outRead.Close()
		return nil, err
	}
	closers = append(closers, errWrite)
	started, err := os.StartProcess(program, argv, &os.ProcAttr{
		Env:   env,
		Files: append([]*os.File{nothing, outWrite, errWrite}, files...),
		Sys:   sys.OwnGroup(),
	})
	if err != nil {
		_ = outRead.Close()
		_ = errRead.Close()
		return nil, err
	}
	group, err := sys.NewGroup(started)
	if err != nil {
		return nil, err // never on the systems that the kit knows
	}
	p := &process{pid: started.Pid, child: started, group: group, stdout: newTail(outRead), stderr: newTail(errRead), exited: make(chan struct{})}
	go p.reap()
	return p, nil
}

func (p *process) reap() {
	_ = p.group.AwaitExit()
	p.mu.Lock()
	_ = p.group.Kill() // the children that it left
	state, err := p.child.Wait()
	p.reaped = true
	p.mu.Unlock()
	if err == nil {
		p.wait, _ = state.Sys().(syscall.WaitStatus)
	}
	p.stdout.finish()
	p.stderr.finish()
	close(p.exited)
}

// signal sends a signal to the process, if it is there to get it.
func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = p.child.Signal(s)
	}
}

// kill ends the process with its group and waits for its end.
func (p *process) kill() {
	p.mu.Lock()
	if !p.reaped {
		_ = p.group.Kill()
	}
	p.mu.Unlock()
	<-p.exited
}

func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// exitedWith reports whether the process, which is gone, exited with a code.
func (p *process) exitedWith(code ring.ExitCode) bool {
	return p.wait.Exited() && p.wait.ExitStatus() == int(code)
}

// end says how the process ended; it must have.
func (p *process) end() string {
	var text string
	switch {
	case p.wait.Exited():
		code := ring.ExitCode(p.wait.ExitStatus())
		text = "exit code " + strconv.Itoa(int(code))
		switch code {
		case ring.ExitOK, ring.ExitRegionRefused, ring.ExitStartupFailed, ring.ExitProtocol, ring.ExitLifeline:
			text += " (" + code.String() + ")"
		}
	case p.wait.Signaled():
		text = sys.SignalName(p.wait.Signal())
	default:
		text = "unknown end"
	}
	if said := p.stderr.lastLines(6); said != "" {
		text += "; standard error:\n" + said
	}
	return text
}

// schedulerState returns the letter that the system has for the process: R runs,
// S sleeps, T is stopped.
func (p *process) schedulerState() (byte, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return 0, err
	}
	// The command name may contain anything, so look behind its last parenthesis.
	at := bytes.LastIndexByte(data, ')') + 2
	if at >= len(data) {
		return 0, errors.New("read process state: unknown form")
	}
	return data[at], nil
}
