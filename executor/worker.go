package executor

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
)

// worker is one process with its lane, from its start to the judgement of the
// calls that it leaves behind.
type worker struct {
	*lane
	link    link
	pool    *Pool
	logger  *slog.Logger
	process *os.Process
	group   *sys.Group // the process and its children
	started time.Time
	output  *output
	cleanup []func()

	state  atomic.Int32
	exited chan struct{} // closed after everything has been settled
	exit   *WorkerExitError

	killMu sync.Mutex
	reaped bool
	cause  error // why the pool killed it, or nil
	ooms   int   // kills by the kernel before the start
}

// fdTransport is the first descriptor that a worker inherits besides the standard
// ones: those of its transport, then the lifeline, then the source.
const fdTransport = 3

// link is the pool's end of a transport: what a lane is made of, and what the
// worker's process gets of it.
type link struct {
	region                 *ring.Region
	wakeWorker, wakeMaster *sys.Doorbell

	argument string     // tells the worker where its end is
	files    []*os.File // which it inherits, from fdTransport on
	token    []byte     // which it is told in its configuration, or nil

	// start is called when the process and the lane are there; finish when the
	// process has ended, to bring in what it has left on the way.
	start  func(w *worker) error
	finish func()
}

// startWorker starts a process for a place in the pool. It is not ready yet.
func (p *Pool) startWorker(id int) (_ *worker, err error) {
	w := &worker{pool: p, exited: make(chan struct{}), started: time.Now(), ooms: sys.OOMKills()}
	var children []*os.File // only for the child
	defer func() {
		for _, f := range children {
			f.Close()
		}
		if err != nil {
			w.clean()
		}
	}()

	header := ring.Header{
		Geometry:         p.cfg.geometry(),
		Generation:       p.generation.Add(1),
		WorkerID:         uint32(id),
		PayloadEncoding:  p.cfg.payloadEncoding(),
		RequestDoorbell:  -1,
		ResponseDoorbell: -1,
		Lifeline:         -1,
		Spin:             p.cfg.Spin,
	}
	w.logger = p.cfg.Logger.With("worker", id, "generation", header.Generation)
	w.output = newOutput(w.logger)

	var lifeline *os.File
	if sys.InheritsFiles {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		w.defers(func() { write.Close() })
		children = append(children, read)
		lifeline = read
	}
	open := openStream
	if p.cfg.Transport == TransportRing {
		open = openRing
	}
	w.link, err = open(w, header)
	children = append(children, w.link.files...)
	if err != nil {
		return nil, err
	}

	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	children = append(children, nothing)
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	children = append(children, outWrite)
	errRead, errWrite, err := os.Pipe()
	if err != nil {
		outRead.Close()
		return nil, err
	}
	children = append(children, errWrite)
	files := append([]*os.File{nothing, outWrite, errWrite}, w.link.files...)
	if sys.InheritsFiles {
		files = append(files, lifeline, p.source.file)
	}

	w.process, err = os.StartProcess(p.python, []string{p.cfg.Python, "-c", p.source.bootstrap(len(files) - 1), w.link.argument, strconv.Itoa(id)}, &os.ProcAttr{
		Env:   p.environment(w.link.token),
		Files: files,
		Sys:   sys.OwnGroup(),
	})
	if err != nil {
		outRead.Close()
		errRead.Close()
		return nil, err
	}
	w.lane = newLane(p, id, w.link.region, w.link.wakeWorker, w.link.wakeMaster, w.kill)
	w.output.follow("stdout", outRead, false, w.currentCall)
	w.output.follow("stderr", errRead, true, w.currentCall)

	w.group, err = sys.NewGroup(w.process)
	if err == nil {
		w.defers(func() { w.group.Close() })
		err = w.link.start(w)
	}
	if err != nil {
		_ = w.process.Kill() // it has had no time to start others
		_, _ = w.process.Wait()
		w.output.finish()
		return nil, err
	}
	p.group.Go(w.read)
	p.group.Go(w.reap)
	w.logger.Debug("worker started", "pid", w.process.Pid)
	if lifeline != nil {
		if err := sys.ArmLifeline(lifeline, w.process.Pid); err != nil {
			w.kill(fmt.Errorf("arm the lifeline: %w", err))
		}
	}
	return w, nil
}

// environment is that of a worker, with its configuration (spec chapter 05).
func (p *Pool) environment(token []byte) []string {
	b, err := json.Marshal(struct {
		Allow   []string `json:"allow,omitempty"`
		Path    []string `json:"path,omitempty"`
		Preload []string `json:"preload,omitempty"`
		Token   string   `json:"stream_token,omitempty"`
	}{p.cfg.Allow, p.cfg.Path, p.cfg.Preload, hex.EncodeToString(token)})
	if err != nil {
		panic(err) // strings can be encoded
	}
	return append(slices.Clip(p.env), "RINGWIRE_WORKER_CONFIG="+string(b))
}

func (w *worker) defers(f func()) { w.cleanup = append(w.cleanup, f) }

// clean gives back what was acquired, last first.
func (w *worker) clean() {
	for i := len(w.cleanup) - 1; i >= 0; i-- {
		w.cleanup[i]()
	}
	w.cleanup = nil
}

// become moves the worker to another state. A transition that the table does not
// have is a defect of this package.
func (w *worker) become(next WorkerState) {
	for {
		now := WorkerState(w.state.Load())
		if now == next || now == WorkerExited {
			return
		}
		if !now.CanBecome(next) {
			panic(fmt.Sprintf("executor: worker state %s cannot become %s", now, next))
		}
		if w.state.CompareAndSwap(int32(now), int32(next)) {
			return
		}
	}
}

// kill ends the process and its children, with the first reason given.
func (w *worker) kill(why error) {
	w.killMu.Lock()
	defer w.killMu.Unlock()
	if w.reaped || w.cause != nil {
		return
	}
	w.cause = why
	w.logger.Warn("killing worker", "reason", why)
	_ = w.group.Kill()
}

// reap waits for the end of the process and settles what it leaves.
//
//spec:req LIFE-050 LIFE-051 LIFE-055
func (w *worker) reap() {
	pid := w.process.Pid
	_ = w.group.AwaitExit()
	w.killMu.Lock()
	_ = w.group.Kill() // the children that it left
	state, err := w.process.Wait()
	w.reaped = true
	cause := w.cause
	w.killMu.Unlock()

	w.stopSending()
	w.link.finish()
	w.drainLast()
	verdicts := w.judge()
	w.become(WorkerExited)

	stderr := w.output.finish()
	w.exit = &WorkerExitError{
		Worker:     w.lane.worker,
		Generation: w.generation,
		PID:        pid,
		Code:       -1,
		Uptime:     time.Since(w.started),
		Stderr:     stderr,
		Cause:      cause,
	}
	if err == nil {
		w.exit.Code = state.ExitCode()
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			w.exit.Signal = sys.SignalName(status.Signal())
			w.exit.OOM = cause == nil && status.Signal() == syscall.SIGKILL && sys.OOMKills() > w.ooms
		}
	}
	w.pool.settle(w, verdicts)

	close(w.quit)
	<-w.stopped
	w.clean()
	close(w.exited)
}
