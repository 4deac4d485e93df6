package ring

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

// asWorker makes the test binary be the worker of a lane whose region is
// descriptor 3: it sends each request back, or swallows it. A request of one byte
// ends it.
const asWorker = "RINGWIRE_TEST_WORKER"

// emulator is a command in front of the test binary, where the system cannot run
// it by itself.
const emulator = "RINGWIRE_TEST_EMULATOR"

func TestMain(m *testing.M) {
	if mode := os.Getenv(asWorker); mode != "" {
		if err := work(mode == "echo"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func work(echo bool) error {
	shared := os.NewFile(3, "region")
	info, err := shared.Stat()
	if err != nil {
		return err
	}
	mem, err := sys.Map(shared, int(info.Size()))
	if err != nil {
		return err
	}
	r, err := Attach(mem)
	if err != nil {
		return err
	}
	c, p := r.RequestConsumer(), r.ResponseProducer()
	master := os.Getppid()
	var idle patience
	for {
		m, _, err := c.Next()
		switch {
		case err != nil:
			return err
		case m == nil && os.Getppid() != master:
			return fmt.Errorf("the master is gone")
		case m == nil:
			idle.wait()
			continue
		case len(m) == 1:
			return nil
		}
		idle = patience{}
		for sent := !echo; !sent; {
			if sent, err = offer(p, &m); err != nil {
				return err
			}
			if !sent {
				idle.wait()
			}
		}
	}
}

// offer sends what there is room for of a message, and reports whether that was
// all. The rest is left in m.
func offer(p *Producer, m *[]byte) (sent bool, err error) {
	if p.Left() == 0 {
		p.Begin(len(*m))
	}
	n, err := p.Write(*m)
	*m = (*m)[n:]
	return err == nil && len(*m) == 0, err
}

// patience looks again at once for a while and then ever more rarely, as a side
// without a doorbell may (BELL-007, RING-010).
type patience struct{ looks int }

func (w *patience) wait() {
	switch w.looks++; {
	case w.looks < 1000:
	case w.looks < 2000:
		_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
	default:
		time.Sleep(50 * time.Microsecond)
	}
}

// newWorker starts a process on a new region, and ends it with the test.
func newWorker(t testing.TB, g Geometry, mode string) *Region {
	t.Helper()
	shared, err := sys.NewSharedMemory("ring-test", g.RegionSize())
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	mem, err := sys.Map(shared, g.RegionSize())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sys.Unmap(mem) })
	r, err := Format(mem, Header{
		Geometry: g, Generation: 1, PayloadEncoding: PayloadEncodingJSON, RequestDoorbell: -1, ResponseDoorbell: -1, Lifeline: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	command := append(strings.Fields(os.Getenv(emulator)), os.Args[0])
	worker := exec.Command(command[0], command[1:]...)
	worker.Env = append(os.Environ(), asWorker+"="+mode)
	worker.ExtraFiles = []*os.File{shared}
	worker.Stderr = os.Stderr
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			_ = worker.Process.Kill()
		}
		if err := worker.Wait(); err != nil {
			t.Errorf("worker: %v", err)
		}
	})
	return r
}

// TestAcrossProcesses sends messages of every length at every border to another
// process and back, as many at a time as the rings hold.
//
//spec:test RING-001 RING-002 RING-003 RING-004 RING-007 RING-009 RING-011 RING-014 RING-023 RING-024
func TestAcrossProcesses(t *testing.T) {
	lengths := []int{2, 7, 8, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300, 1000, 4095, 4096}
	r := newWorker(t, small, "echo")
	p, c := r.RequestProducer(), r.ResponseConsumer()
	const messages = 2000
	var outgoing []byte
	var idle patience
	for sent, received := 0, 0; received < messages || sent < messages+1; {
		progress := false
		if outgoing == nil && sent < messages {
			outgoing = message(lengths[sent*7919%len(lengths)], uint64(sent))
		} else if outgoing == nil && received == messages {
			outgoing = []byte{0}
		}
		if before := len(outgoing); before > 0 {
			done, err := offer(p, &outgoing)
			if err != nil {
				t.Fatal(err)
			}
			if progress = len(outgoing) < before; done {
				outgoing = nil
				sent++
			}
		}
		got, _, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got != nil {
			if !bytes.Equal(got, message(lengths[received*7919%len(lengths)], uint64(received))) {
				t.Fatalf("message %d of %d bytes changed on its way", received, len(got))
			}
			received++
			progress = true
		}
		if progress {
			idle = patience{}
		} else {
			idle.wait()
		}
	}
	if !slices.Equal(r.mem[:regionHeaderSize], formatted(r.Header)) {
		t.Error("the region header has changed")
	}
}

// formatted returns the bytes of a region header.
func formatted(h Header) []byte {
	b := make([]byte, regionHeaderSize)
	h.put(b)
	return b
}

// BenchmarkLargeMessagesAcrossProcesses is the same with a reader in another
// process, which can work while the writer does: with a processor for each, the two
// copies overlap.
func BenchmarkLargeMessagesAcrossProcesses(b *testing.B) {
	const n, batch = 1 << 20, 32
	r := newWorker(b, Geometry{}.WithDefaults(), "swallow")
	p := r.RequestProducer()
	send := func(m []byte) {
		for idle := (patience{}); ; idle.wait() {
			before := len(m)
			done, err := offer(p, &m)
			if err != nil {
				b.Fatal(err)
			}
			if done {
				return
			}
			if len(m) < before {
				idle = patience{}
			}
		}
	}
	m := message(n, 1)
	window, out := make([]byte, n), make([]byte, n)
	ring, memcpy := compare(b, func() {
		for range batch {
			send(m)
		}
		for idle := (patience{}); ; idle.wait() {
			if released, err := p.Released(); err != nil || released == p.Position() {
				return
			}
		}
	}, func() {
		for range batch {
			copy(window, m)
			copy(out, window)
		}
	})
	send([]byte{0})
	b.ReportMetric(float64(ring)/float64(memcpy), "x-memcpy")
	b.ReportMetric(batch*n/ring.Seconds()/1e9, "GB/s")
	b.ReportMetric(0, "ns/op")
}
