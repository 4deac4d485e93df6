//go:build linux

package executor_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// TestHostileMemory plays workers that write anything anywhere in their lanes at
// any time: another mapping of the region is scribbled on while a real worker
// serves. The master must not panic, hang, allocate what it is merely told of, or
// let the damage reach another lane.
//
// Of three workers the first has bytes of every kind changed, so its calls may end
// in any way at all: who writes a lane can answer its calls with what it likes.
// The second has everything changed but request ids and whole slots, so its calls
// must fail or return their own results, or damaged ones whose checksums show it.
// The third is left alone: its calls must not notice.
//
// RINGWIRE_HOSTILE=10m makes it last longer.
//
//spec:test REGION-014
//spec:test RING-015
//spec:test RING-016
//spec:test RING-017
//spec:test RING-018
//spec:test RING-019
//spec:test RING-020
//spec:test SEC-001 SEC-002
func TestHostileMemory(t *testing.T) {
	length := 5 * time.Second
	if s := os.Getenv("RINGWIRE_HOSTILE"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	// An interpreter that keeps a second descriptor of the region, for the test to map.
	python := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(python, []byte("#!/bin/sh\nexec python3 \"$@\" 9<&3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var log eventLog
	p := newPool(t, executor.Config{
		Transport: executor.TransportRing,
		Logger:    slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Workers:   3, Python: python, Allow: []string{"checked:*"}, Preload: []string{"checked"},
		SlotCount: slotCount, SlotSize: slotSize,
		MaxMessage:   maxMessage,      // so that believing a length would show
		CancelGrace:  5 * time.Second, // far longer than a call takes on a busy machine
		DrainTimeout: -1,
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h := &hostileRun{pool: p, honest: p.Workers()[2]}
	stop := make(chan struct{})
	var scribblers, callers sync.WaitGroup
	for worker := range 2 {
		s := &scribbler{run: h, worker: worker, anything: worker == 0, rng: rand.New(rand.NewPCG(uint64(worker), 4))}
		scribblers.Go(func() { s.work(stop) })
	}
	scribblers.Go(func() { h.watch(stop) })
	for g := range 24 {
		rng := rand.New(rand.NewPCG(uint64(g), 5))
		callers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					h.call(ctx, t, rng, g*1_000_000_000+i)
				}
			}
		})
	}
	time.Sleep(length) // the duration of the test
	close(stop)
	cancel()
	ended := make(chan struct{})
	go func() {
		callers.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Error("calls hang")
	}
	scribblers.Wait()

	t.Logf("%d scribbles: %d calls done, of them %d by the worker left alone, %d damaged, %d failed; %d protocol errors, %d restarts, %d late, at most %d MiB of heap; kept waiting for up to %s",
		h.scribbles.Load(), h.done.Load(), h.byHonest.Load(), h.damaged.Load(), h.failed.Load(), h.protocol.Load(), p.Stats().Restarts, p.Stats().Late, h.heap.Load()>>20, time.Duration(h.pause.Load()))
	if h.byHonest.Load() == 0 || h.protocol.Load() == 0 {
		t.Error("load and damage did not meet")
	}
	if limit := uint64(64 << 20); h.heap.Load() > limit {
		t.Errorf("heap of %d bytes, limit %d", h.heap.Load(), limit)
	}
	for _, w := range p.Workers() {
		if w.Worker == h.honest.Worker && w.Generation != h.honest.Generation {
			t.Errorf("the worker left alone was replaced: %+v\n%s", w, log.of(h.honest.Generation))
		}
	}
}

// hostileRun is what the goroutines of the test share.
type hostileRun struct {
	pool   *executor.Pool
	honest executor.WorkerInfo

	scribbles, done, byHonest, damaged, failed, protocol atomic.Int64

	heap    atomic.Uint64 // the largest seen, bytes
	pause   atomic.Int64  // the longest time in which this process did not run, ns
	lawless sync.Map      // process ids of workers whose answers mean nothing
}

// eventLog keeps what a pool has logged.
type eventLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *eventLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(line))
	return len(line), nil
}

// of returns what was said of the worker with this generation.
func (l *eventLog) of(generation uint64) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, line := range l.lines {
		if strings.Contains(line, fmt.Sprintf("generation=%d ", generation)) {
			b.WriteString(line)
		}
	}
	return b.String()
}

type checkedAnswer struct {
	Call int    `json:"call"`
	PID  int    `json:"pid"`
	Data string `json:"data"`
	CRC  uint32 `json:"crc"`
}

func (h *hostileRun) call(ctx context.Context, t *testing.T, rng *rand.Rand, id int) {
	letters := func(n int) string { // of one call only
		unit := fmt.Sprintf("%d,", id)
		return strings.Repeat(unit, n/len(unit)+1)[:n]
	}
	n, size := 1+rng.IntN(300), rng.IntN(300)
	if rng.IntN(8) == 0 {
		n, size = 1+rng.IntN(30_000), rng.IntN(30_000)
	}
	data := letters(n)
	sum := crc32.ChecksumIEEE(fmt.Appendf(nil, "%d:%d:%s", id, size, data))
	// A call whose answer was destroyed ends by its deadline.
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var a checkedAnswer
	err := h.pool.Call(ctx, "checked:checked", args("call", id, "crc", sum, "data", data, "size", size), &a)

	var call *executor.CallError
	switch {
	case err == nil && crc32.ChecksumIEEE(fmt.Appendf(nil, "%d:%d:%s", a.Call, a.PID, a.Data)) != a.CRC:
		h.damaged.Add(1)
	case err == nil:
		if _, lawless := h.lawless.Load(a.PID); !lawless && (a.Call != id || len(a.Data) != size) {
			t.Errorf("call %d got the result of call %d, %d bytes instead of %d, from process %d", id, a.Call, len(a.Data), size, a.PID)
		}
		h.done.Add(1)
		if a.PID == h.honest.PID {
			h.byHonest.Add(1)
		}
	case !errors.As(err, &call) || !typed(err):
		t.Errorf("call %d: %v", id, err)
	default:
		h.failed.Add(1)
		if errors.Is(err, executor.ErrProtocol) {
			h.protocol.Add(1)
		}
		// A call may come from a worker that was lost with its deadline near, or with
		// the end of the test; everything else is damage.
		if call.Worker == h.honest.Worker && !errors.Is(err, executor.ErrExpired) && !errors.Is(err, executor.ErrCanceled) {
			t.Errorf("call %d of the worker left alone: %v", id, err)
		}
	}
}

// typed reports whether an error says what happened.
func typed(err error) bool {
	for _, target := range []error{
		executor.ErrWorkerLost, executor.ErrExpired, executor.ErrRaised, executor.ErrBadArguments, executor.ErrBadResult,
		executor.ErrNotFound, executor.ErrForbidden, executor.ErrTooLarge, executor.ErrUnavailable, executor.ErrCanceled,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// watch notes the largest heap, and how long the machine keeps this process waiting.
func (h *hostileRun) watch(stop <-chan struct{}) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for last := time.Now(); ; last = time.Now() {
		select {
		case <-stop:
			return
		case <-time.After(2 * time.Millisecond):
		}
		h.pause.Store(max(h.pause.Load(), int64(time.Since(last))))
		metrics.Read(sample)
		if n := sample[0].Value.Uint64(); n > h.heap.Load() {
			h.heap.Store(n)
		}
	}
}

// scribbler writes on the region of one worker, and of its successors.
type scribbler struct {
	run      *hostileRun
	worker   int
	anything bool
	rng      *rand.Rand

	generation uint64
	mem        []byte
	lives      int // regions so far
	focus      int // the only kind of change made for a while, if there is such a kind
}

// The region, as the specification's tables have it.
const (
	requestControl  = 512
	responseControl = 1024
	workerBlock     = 1536
	requestSlots    = 4096
	responseSlots   = (requestSlots + slotCount*stride + 4095) / 4096 * 4096
	slotCount       = 16
	slotSize        = 256
	maxMessage      = 512 << 20
	stride          = (8 + slotSize + 63) / 64 * 64
)

func (s *scribbler) work(stop <-chan struct{}) {
	defer s.detach()
	for {
		pause := time.Duration(s.rng.ExpFloat64() * float64(time.Millisecond))
		if s.attach() {
			// Let it get some work first.
			pause = time.Duration(s.rng.IntN(150)) * time.Millisecond
		}
		select {
		case <-stop:
			return
		case <-time.After(pause):
		}
		if s.mem == nil {
			continue
		}
		if s.lives == 1 {
			s.publish(maxMessage) // whatever else happens, this does
			s.lives++
			continue
		}
		if s.rng.IntN(100) == 0 {
			s.focus = s.rng.IntN(20)
		}
		for range 1 + s.rng.IntN(50) {
			s.scribble()
			s.run.scribbles.Add(1)
		}
	}
}

// attach maps the region of the present worker, and reports whether that is new.
// A worker that has died meanwhile keeps being written on, as by a child that it
// left behind.
func (s *scribbler) attach() bool {
	for _, w := range s.run.pool.Workers() {
		if w.Worker != s.worker || w.Generation == s.generation {
			continue
		}
		if s.anything {
			s.run.lawless.Store(w.PID, true)
		}
		f, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/9", w.PID), os.O_RDWR, 0)
		if err != nil {
			return false // it has died already
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return false
		}
		mem, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		if err != nil {
			return false
		}
		s.detach()
		s.mem, s.generation = mem, w.Generation
		s.lives++
		return true
	}
	return false
}

func (s *scribbler) detach() {
	if s.mem != nil {
		_ = syscall.Munmap(s.mem)
		s.mem = nil
	}
}

// scribble makes one change.
func (s *scribbler) scribble() {
	rng, le := s.rng, binary.LittleEndian
	control := []int{requestControl, responseControl}[rng.IntN(2)]
	slot := []int{requestSlots, responseSlots}[rng.IntN(2)] + rng.IntN(slotCount)*stride
	kinds := 7
	if s.anything {
		kinds = 11
	}
	kind := s.focus
	if kind >= kinds {
		kind = rng.IntN(kinds)
	}
	switch kind {
	case 0, 1: // positions
		field := s.mem[control+[]int{0, 128}[rng.IntN(2)]:]
		le.PutUint64(field, s.position(le.Uint64(field)))
	case 2: // urgent_count, need_wakeup
		le.PutUint32(s.mem[control+[]int{8, 256}[rng.IntN(2)]:], []uint32{0, 1, rng.Uint32()}[rng.IntN(3)])
	case 3: // slot headers
		field := s.mem[slot+4*rng.IntN(2):]
		le.PutUint32(field, s.length(le.Uint32(field)))
	case 4: // arguments and results, behind the frame's header and names
		s.mem[slot+8+40+rng.IntN(stride-8-40)] = byte(rng.Uint32())
	case 5: // region header, worker block, what is reserved
		at := []int{rng.IntN(256), workerBlock + rng.IntN(512), 2048 + rng.IntN(2048), control + 12 + rng.IntN(100)}[rng.IntN(4)]
		s.mem[at] = byte(rng.Uint32())
	case 6:
		s.publish(s.length(slotSize))
	case 7, 8: // anything anywhere
		at := rng.IntN(len(s.mem))
		for range min(1+rng.IntN(64), len(s.mem)-at) {
			s.mem[at] = byte(rng.Uint32())
			at++
		}
	case 9: // a slot over another one: a message again, or in the wrong place
		other := []int{requestSlots, responseSlots}[rng.IntN(2)] + rng.IntN(slotCount)*stride
		copy(s.mem[slot:slot+stride], s.mem[other:other+stride])
	case 10: // everything, now and then
		if rng.IntN(20) == 0 {
			fill := []byte{0, 0xff, byte(rng.Uint32())}[rng.IntN(3)]
			for i := range s.mem {
				s.mem[i] = fill
			}
		}
	}
}

// publish adds a slot to the responses, with what lies there and a header that is
// new, and insists on it for a while: the worker does not know, and goes on to use
// the slot itself.
func (s *scribbler) publish(length uint32) {
	le := binary.LittleEndian
	position := le.Uint64(s.mem[responseControl:])
	slot := responseSlots + int(position%slotCount)*stride
	for began := time.Now(); time.Since(began) < 20*time.Millisecond; {
		le.PutUint32(s.mem[slot:], length)
		le.PutUint32(s.mem[slot+4:], 0)
		le.PutUint64(s.mem[responseControl:], position+1)
		if le.Uint64(s.mem[responseControl+128:]) > position {
			return
		}
	}
}

func (s *scribbler) position(old uint64) uint64 {
	const count = slotCount
	return []uint64{
		old - 1, old + 1, old + count, old + count + 1, old - count, 0, 1 << 32, 1 << 63, ^uint64(0), s.rng.Uint64(), old + s.rng.Uint64N(count),
	}[s.rng.IntN(11)]
}

func (s *scribbler) length(old uint32) uint32 {
	return []uint32{
		0, 1, 20, 255, 256, 257, maxMessage, maxMessage + 1, 1 << 31, ^uint32(0), old + 1, old - 1, old ^ 256, s.rng.Uint32(),
	}[s.rng.IntN(14)]
}
