//go:build linux

package executor_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ringwire/ringwire/executor"
	"github.com/ringwire/ringwire/internal/sys"
)

// The frames of testdata/large.py, as the specification's tables have them.
const (
	requestOverhead    = 21 + len("large") + len("large")
	responseOverhead   = 20 + attachmentOverhead
	attachmentOverhead = 16 + 12
	smallFrame         = 150 // has room for all arguments but data, and for a result
)

// exchange is a call with frames of these lengths.
type exchange struct {
	request, response int
	beside            bool // data travels as an attachment, not as JSON
}

// kwargs returns arguments that make the request's frame as long as it shall be,
// and the checksum of what is in it.
func (x exchange) kwargs(seed int) (kwargs any, crc uint32) {
	size := x.response - responseOverhead
	data := func(n int) []byte {
		unit := fmt.Sprintf("%d;", seed)
		return []byte(strings.Repeat(unit, n/len(unit)+1)[:n])
	}
	if x.beside {
		text := len(`{"crc":1234567890,"size":}`) + len(fmt.Sprint(size))
		for ; ; seed += 1_000_000 { // until the checksum has ten digits
			d := data(x.request - requestOverhead - attachmentOverhead - len("data") - text)
			if crc = crc32.ChecksumIEEE(d); crc >= 1_000_000_000 {
				return args("crc", crc, "data", d, "size", size), crc
			}
		}
	}
	frame := func(crc uint32, d []byte) json.RawMessage {
		return fmt.Appendf(nil, `{"crc":%-10d,"data":"%s","size":%d}`, crc, d, size)
	}
	d := data(x.request - requestOverhead - len(frame(0, nil)))
	crc = crc32.ChecksumIEEE(d)
	return frame(crc, d), crc
}

func (x exchange) run(t *testing.T, p *executor.Pool, seed int) bool {
	kwargs, crc := x.kwargs(seed)
	got, err := executor.CallAs[[]byte](t.Context(), p, "large:large", kwargs)
	if err != nil || !bytes.Equal(got, x.answer(crc)) {
		t.Errorf("%+v: %d bytes of result, %v", x, len(got), err)
		return false
	}
	return true
}

// answer is what large.py makes of data with this checksum.
func (x exchange) answer(crc uint32) []byte {
	unit := bytes.Repeat(fmt.Appendf(nil, "%08x", crc), 32)[:251]
	size := x.response - responseOverhead
	return bytes.Repeat(unit, size/len(unit)+1)[:size]
}

// borders returns the lengths at which something changes, and their neighbours.
func borders(slotCount, slotSize, maxMessage int) (lengths []int) {
	capacity := slotCount * slotSize
	for _, at := range []int{slotSize, 2 * slotSize, 3 * slotSize, capacity - slotSize, capacity, capacity + slotSize, 2 * capacity, maxMessage} {
		for _, n := range []int{at - 1, at, at + 1} {
			if n >= smallFrame && n <= maxMessage {
				lengths = append(lengths, n)
			}
		}
	}
	return lengths
}

// TestLargeMessages sends frames of every length at every border, both ways and
// both inside JSON and beside it, while short calls go on in the same lanes.
//
//spec:test LIMIT-001 LIMIT-002 LIFE-017
//spec:test RING-001 RING-009 RING-010 RING-014 RING-023 BELL-011
func TestLargeMessages(t *testing.T) {
	for _, cfg := range []executor.Config{
		{SlotCount: 4, SlotSize: 64, MaxMessage: 4096},
		{SlotCount: 2, SlotSize: 1024, MaxMessage: 100_001},
		{SlotCount: 256, SlotSize: 4096, MaxMessage: 3<<20 + 5},
	} {
		t.Run(fmt.Sprintf("%dx%d", cfg.SlotCount, cfg.SlotSize), func(t *testing.T) {
			cfg.Workers, cfg.Allow = 2, []string{"large:*"}
			p := newPool(t, cfg)
			var work []exchange
			for _, n := range borders(cfg.SlotCount, cfg.SlotSize, cfg.MaxMessage) {
				for _, beside := range []bool{false, true} {
					work = append(work, exchange{n, smallFrame, beside}, exchange{smallFrame, n, beside}, exchange{n, n, beside})
				}
			}
			rand.Shuffle(len(work), func(i, j int) { work[i], work[j] = work[j], work[i] })
			var next, short atomic.Int64
			var long, others sync.WaitGroup
			for range 6 {
				long.Go(func() {
					for i := int(next.Add(1)) - 1; i < len(work); i = int(next.Add(1)) - 1 {
						if !work[i].run(t, p, i+1) {
							return
						}
					}
				})
			}
			stop := make(chan struct{})
			for g := range 2 {
				others.Go(func() {
					for i := 0; ; i++ {
						select {
						case <-stop:
							return
						default:
						}
						if !(exchange{smallFrame, smallFrame, i%2 == 0}).run(t, p, 10_000+2*i+g) {
							return
						}
						short.Add(1)
					}
				})
			}
			long.Wait()
			close(stop)
			others.Wait()
			t.Logf("%d exchanges at borders, %d short calls meanwhile", len(work), short.Load())

			for _, beside := range []bool{false, true} {
				for _, x := range []exchange{{cfg.MaxMessage + 1, smallFrame, beside}, {smallFrame, cfg.MaxMessage + 1, beside}} {
					kwargs, _ := x.kwargs(1)
					err := p.Call(t.Context(), "large:large", kwargs, nil)
					var call *executor.CallError
					if !errors.Is(err, executor.ErrTooLarge) || !errors.As(err, &call) {
						t.Errorf("%+v: %v", x, err)
					} else if sent := call.Outcome != executor.OutcomeNotStarted; sent != (x.request == smallFrame) {
						t.Errorf("%+v: outcome %s", x, call.Outcome)
					}
				}
			}
			if s := p.Stats(); s.Restarts != 0 || s.Late != 0 || s.Lost != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestStuckLargeMessagesKeepOtherLanesFree stops a worker in the middle of a large
// message, first one to it and then one from it: until it goes on, all calls are
// done by the other worker.
func TestStuckLargeMessagesKeepOtherLanesFree(t *testing.T) {
	python := t.TempDir() + "/python"
	// The test looks at the positions of the region through descriptor 9.
	if err := os.WriteFile(python, []byte("#!/bin/sh\nexec python3 \"$@\" 9<&3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	const large = 48 << 20
	for _, x := range []exchange{{large, smallFrame, true}, {smallFrame, large, true}} {
		p := newPool(t, executor.Config{Workers: 2, Transport: executor.TransportRing, Python: python, Allow: []string{"large:*"}})
		kwargs, crc := x.kwargs(1)
		var future *executor.Future
		var pid int
		for stuck := false; !stuck; {
			if pid = p.Workers()[0].PID; x.request == large {
				pause(t, pid) // an idle pool gives a call to its first worker
			}
			future = p.Submit(t.Context(), "large:large", kwargs)
			if x.response == large {
				for published(t, pid) == 0 && p.Workers()[1].Sent == 0 {
					runtime.Gosched()
				}
				pause(t, pid)
			}
			select {
			case <-future.Done(): // it was faster: once more
				if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
					t.Fatal(err)
				}
				_ = p.Close()
				p = newPool(t, executor.Config{Workers: 2, Python: python, Allow: []string{"large:*"}})
			default:
				stuck = true
			}
		}
		for i := range 100 {
			(exchange{smallFrame, smallFrame, i%2 == 0}).run(t, p, 100+i)
			(exchange{50_000, 50_000, i%2 == 0}).run(t, p, 100+i)
		}
		select {
		case <-future.Done():
			t.Error("the message has passed although its worker is stopped")
		default:
		}
		for _, w := range p.Workers() {
			if calls := w.Sent; (w.PID == pid) != (calls == 1) {
				t.Errorf("worker with pid=%d got %d calls; stopped is pid=%d", w.PID, calls, pid)
			}
		}
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		var got []byte
		if err := future.Result(&got); err != nil || !bytes.Equal(got, x.answer(crc)) {
			t.Errorf("%+v: %d bytes of result, %v", x, len(got), err)
		}
	}
}

// pause stops a process and returns when it stands still.
func pause(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		if fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); fields[0] == "T" {
			return
		}
		runtime.Gosched()
	}
}

// published returns the write position of a worker's responses.
func published(t *testing.T, pid int) uint64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/fd/9", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [8]byte
	if _, err := f.ReadAt(b[:], responseControl); err != nil {
		t.Fatal(err)
	}
	return binary.LittleEndian.Uint64(b[:])
}

// TestLargeMessagesLeaveNoMemory sends far more than the memory that both sides
// may have grown by in the end.
func TestLargeMessagesLeaveNoMemory(t *testing.T) {
	const (
		length    = 4 << 20
		rounds    = 12
		together  = 3
		mayRemain = 32 << 20 // of 288 MiB in all
	)
	p := newPool(t, executor.Config{Workers: 1, Allow: []string{"large:*"}})
	exchanges := func(n int) {
		var group sync.WaitGroup
		for g := range together {
			group.Go(func() {
				for i := range n {
					(exchange{length + i, length + g, i%2 == 0}).run(t, p, i*together+g)
				}
			})
		}
		group.Wait()
	}
	live := func() int64 {
		runtime.GC()
		runtime.GC() // what a sync.Pool held survives one
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	resident := func() int64 {
		u, err := sys.ProcessUsage(p.Workers()[0].PID)
		if err != nil {
			t.Fatal(err)
		}
		return u.RSS
	}
	exchanges(4)
	heap, rss := live(), resident()
	exchanges(rounds)
	heap, rss = live()-heap, resident()-rss
	t.Logf("after %d MiB each way: %+d KiB of heap, %+d KiB in the worker", rounds*together*length>>20, heap>>10, rss>>10)
	if heap > mayRemain || rss > mayRemain {
		t.Errorf("memory has grown: heap %+d bytes, worker %+d bytes", heap, rss)
	}
}
