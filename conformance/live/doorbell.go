//go:build linux

package live

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/internal/sys"
)

var doorbells = []scenario{
	{
		group: "doorbell", name: "rung-when-needed", run: rungWhenNeeded,
		comment:      "a master that sleeps is rung for each response",
		requirements: "BELL-002",
	},
	{
		group: "doorbell", name: "full", run: fullDoorbell,
		comment:      "a response doorbell that cannot be rung any further is rung already",
		requirements: "BELL-006",
	},
	{
		group: "doorbell", name: "spurious", run: spuriousRings,
		comment:      "rings without messages, one or a thousand, are hints",
		requirements: "BELL-005",
	},
	{
		group: "doorbell", name: "lost", run: lostRing,
		comment:      "a ring that was due is lost; the next one brings both messages",
		requirements: "BELL-005 BELL-010",
	},
	{
		group: "doorbell", name: "late", run: lateRing,
		comment:      "the ring comes long after the message",
		requirements: "BELL-005",
	},
	{
		group: "doorbell", name: "sleep-race", run: sleepRace,
		comment:      "messages that meet a worker just as it goes to sleep wake it",
		requirements: "BELL-001 RING-024",
	},
	{
		group: "doorbell", name: "pipes", run: pipeDoorbells,
		comment:      "doorbells are pipes, and the response pipe is full",
		requirements: "BELL-002 BELL-006",
	},
	{
		group: "doorbell", name: "none", run: noDoorbells,
		comment:      "without doorbells the worker looks for itself",
		requirements: "BELL-007",
	},
	{
		group: "doorbell", name: "idle", run: idleWorker,
		comment:      "an idle worker sleeps",
		requirements: "BELL-009",
	},
}

func rungWhenNeeded(t *trial) {
	l := t.start(setup{})
	for i := range 50 {
		want := fmt.Sprintf(`{"i":%d}`, i)
		c := l.call("echo", want)
		l.sleepFor(c, "BELL-002")
		l.result(c, want)
	}
	l.shutdown()
}

func fullDoorbell(t *trial) {
	l := t.start(setup{})
	for range 3 {
		l.wakeMaster.fill()
		l.word32(layout.ResponseControl + layout.NeedWakeup).Store(1)
		l.alive()
		l.word32(layout.ResponseControl + layout.NeedWakeup).Store(0)
	}
	l.shutdown()
}

func spuriousRings(t *trial) {
	l := t.start(setup{})
	for _, n := range []int{1, 2, 1000} {
		for range n {
			l.wakeWorker.ring()
		}
		t.linger(5 * time.Millisecond)
		l.mustLive("after rings without messages")
		l.alive()
	}
	l.wakeWorker.fill()
	t.linger(5 * time.Millisecond)
	l.alive()
	l.shutdown()
}

func lostRing(t *trial) {
	l := t.start(setup{})
	for range 5 {
		l.asleep()
		l.nextID += 2
		first := l.publish(l.request(l.nextID-1, module, "echo", `{"n":1}`), l.nextID-1)
		t.linger(5 * time.Millisecond)
		second := l.publish(l.request(l.nextID, module, "echo", `{"n":2}`), l.nextID)
		l.wakeWorker.ring()
		l.result(first, `{"n":1}`)
		l.result(second, `{"n":2}`)
	}
	l.shutdown()
}

func lateRing(t *trial) {
	l := t.start(setup{})
	for range 5 {
		l.asleep()
		l.nextID++
		c := l.publish(l.request(l.nextID, module, "nothing", ""), l.nextID)
		t.linger(20 * time.Millisecond)
		l.wakeWorker.ring()
		l.result(c, "null")
	}
	l.shutdown()
}

func sleepRace(t *trial) {
	l := t.start(setup{})
	random := rand.New(rand.NewPCG(t.kit.config.Seed, 2))
	for i := range 800 {
		for range random.IntN(200) {
			runtime.Gosched()
		}
		c := l.call("nothing", "")
		if !l.await(c) {
			state := "asleep, as need_wakeup says"
			if l.word32(layout.RequestControl+layout.NeedWakeup).Load() == 0 {
				state = "not asleep, as need_wakeup says"
			}
			l.fatalf("BELL-001", "message %d was not answered within %v; the worker is %s: the wake-up was lost", i, t.patience(), state)
		}
	}
	l.shutdown()
}

func pipeDoorbells(t *trial) {
	l := t.start(setup{bells: pipeBells})
	for i := range 20 {
		want := fmt.Sprintf(`{"i":%d}`, i)
		c := l.call("echo", want)
		l.sleepFor(c, "BELL-002")
		l.result(c, want)
	}
	l.wakeMaster.fill()
	l.word32(layout.ResponseControl + layout.NeedWakeup).Store(1)
	l.alive()
	l.word32(layout.ResponseControl + layout.NeedWakeup).Store(0)
	l.shutdown()
}

func noDoorbells(t *trial) {
	l := t.start(setup{bells: noBells})
	for _, n := range []int{1, small.SlotSize, 3 * small.SlotCount * small.SlotSize} {
		l.echoFrame(echoOverhead + n)
		l.fillFrame(fillOverhead + n)
		t.linger(5 * time.Millisecond)
	}
	l.shutdown()
}

// idleWorker looks at the worker while there is nothing to do, until it has seen
// it quiet: what goes on once is no period.
func idleWorker(t *trial) {
	l := t.start(setup{})
	l.alive()
	l.asleep()
	var unrest string
	for range 4 {
		if unrest = l.unrest(); unrest == "" {
			break
		}
	}
	if unrest != "" {
		l.failf("", "the worker has nothing to do, and %s", unrest)
	}
	l.alive()
	l.shutdown()
}

// unrest watches the worker for a while and says what it does. A consumer that
// polls gives the processor up all the time; one that spins never does, and uses
// it instead.
func (l *lane) unrest() string {
	const (
		watch = 500 * time.Millisecond
		most  = 40 // a second; the limit is 20, and something may go on at the edges
	)
	before, usage, start := switches(l.pid), cpu(l.pid), time.Now()
	l.linger(watch)
	took := time.Since(start)
	l.mustLive("while it had nothing to do")
	for thread, n := range switches(l.pid) {
		if had, ok := before[thread]; ok && float64(n-had) > most*took.Seconds() {
			return fmt.Sprintf("its thread %s woke up %d times in %v", thread, n-had, took.Round(time.Millisecond))
		}
	}
	if used := cpu(l.pid) - usage; used > took/4 {
		return fmt.Sprintf("used %v of processor time in %v", used, took.Round(time.Millisecond))
	}
	return ""
}

func cpu(pid int) time.Duration {
	u, err := sys.ProcessUsage(pid)
	if err != nil {
		return 0
	}
	return u.CPU
}

// switches returns the voluntary context switches of each thread.
func switches(pid int) map[string]int {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		return nil
	}
	count := map[string]int{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		_, rest, _ := strings.Cut(string(data), "voluntary_ctxt_switches:")
		var n int
		if _, err := fmt.Sscan(rest, &n); err == nil {
			count[filepath.Base(filepath.Dir(file))] = n
		}
	}
	return count
}
