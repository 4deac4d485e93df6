package executor

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
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
	pool    *Pool
	logger  *slog.Logger
	process *os.Process
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

// The descriptors that a worker inherits besides the standard ones.
const (
	fdRegion = 3 + iota
	fdRequestDoorbell
	fdResponseDoorbell
	fdLifeline
	fdSource
)

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
		PayloadEncoding:  ring.PayloadEncodingJSONAttachments,
		RequestDoorbell:  fdRequestDoorbell,
		ResponseDoorbell: fdResponseDoorbell,
		Lifeline:         fdLifeline,
		Spin:             p.cfg.Spin,
	}
	w.logger = p.cfg.Logger.With("worker", id, "generation", header.Generation)
	w.output = newOutput(w.logger)

	shared, err := sys.NewSharedMemory("ringwire-lane", header.RegionSize())
	if err != nil {
		return nil, err
	}
	children = append(children, shared)
	mem, err := sys.Map(shared, header.RegionSize())
	if err != nil {
		return nil, err
	}
	w.defers(func() { _ = sys.Unmap(mem) })
	region, err := ring.Format(mem, header)
	if err != nil {
		return nil, err
	}

	wakeWorker, childRequest, err := sys.NewDoorbell()
	if err != nil {
		return nil, err
	}
	w.defers(func() { wakeWorker.Close() })
	children = append(children, childRequest)
	wakeMaster, childResponse, err := sys.NewDoorbell()
	if err != nil {
		return nil, err
	}
	w.defers(func() { wakeMaster.Close() })
	children = append(children, childResponse)

	lifelineRead, lifelineWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	w.defers(func() { lifelineWrite.Close() })
	children = append(children, lifelineRead)

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

	w.process, err = os.StartProcess(p.python, []string{p.cfg.Python, "-c", fmt.Sprintf(bootstrap, fdSource), "fd:" + strconv.Itoa(fdRegion), strconv.Itoa(id)}, &os.ProcAttr{
		Env:   p.env,
		Files: []*os.File{nothing, outWrite, errWrite, shared, childRequest, childResponse, lifelineRead, p.source},
		Sys:   sys.OwnGroup(),
	})
	if err != nil {
		outRead.Close()
		errRead.Close()
		return nil, err
	}
	w.lane = newLane(p, id, region, wakeWorker, wakeMaster, w.kill)
	w.output.follow("stdout", outRead, false, w.currentCall)
	w.output.follow("stderr", errRead, true, w.currentCall)

	err = errors.Join(wakeWorker.Start(), wakeMaster.Start())
	if err != nil {
		_ = sys.KillGroup(w.process.Pid)
		_, _ = w.process.Wait()
		w.output.finish()
		return nil, err
	}
	p.group.Go(w.listen)
	p.group.Go(w.read)
	p.group.Go(w.reap)
	w.logger.Debug("worker started", "pid", w.process.Pid)
	if err := sys.ArmLifeline(lifelineRead, w.process.Pid); err != nil {
		w.kill(fmt.Errorf("arm the lifeline: %w", err))
	}
	return w, nil
}

// workerConfig is what the worker reads from its environment (spec chapter 05).
func workerConfig(cfg Config) (string, error) {
	b, err := json.Marshal(struct {
		Allow   []string `json:"allow,omitempty"`
		Path    []string `json:"path,omitempty"`
		Preload []string `json:"preload,omitempty"`
	}{cfg.Allow, cfg.Path, cfg.Preload})
	return "RINGWIRE_WORKER_CONFIG=" + string(b), err
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
	_ = sys.KillGroup(w.process.Pid)
}

// reap waits for the end of the process and settles what it leaves.
//
//spec:req LIFE-050 LIFE-051 LIFE-055
func (w *worker) reap() {
	pid := w.process.Pid
	_ = sys.AwaitExit(pid)
	w.killMu.Lock()
	_ = sys.KillGroup(pid) // the children that it left
	state, err := w.process.Wait()
	w.reaped = true
	cause := w.cause
	w.killMu.Unlock()

	w.stopSending()
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

	w.wakeMaster.Close()
	<-w.stopped
	w.clean()
	close(w.exited)
}
