//go:build linux

package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
)

// Descriptors that a worker inherits.
const (
	fdRegion = 3 + iota
	fdRequestDoorbell
	fdResponseDoorbell
	fdLifeline
)

const configVariable = "RINGWIRE_WORKER_CONFIG"

// setup says what is particular about a lane; the zero value is nothing.
type setup struct {
	geometry ring.Geometry // zero: small
	allow    []string      // nil: the live profile
	members  map[string]any
	noConfig bool
	bells    bellKind
	spin     time.Duration
	// unarmed leaves it to the worker to notice the end of the lifeline.
	unarmed bool
	// size is how large the shared memory is, 0: as the geometry says.
	size int
	// early is done to the fresh region, before to the lane when the worker is about
	// to start.
	early, before func(*lane)
}

// small makes fragments, full rings and laps everyday events.
var small = ring.Geometry{SlotCount: 8, SlotSize: 128, MaxMessage: 64 << 10}

// lane is the kit's end of one worker's region. It is for one goroutine.
type lane struct {
	*trial
	*process
	mem        []byte
	region     *ring.Region
	requests   *ring.Producer
	responses  *ring.Consumer
	wakeWorker *bell
	wakeMaster *bell
	lifeline   *os.File // the kit's end
	inherited  []*os.File
	env        []string
	armed      bool

	calls  map[uint32]*call
	nextID uint32
	state  ring.State // seen last

	// What the region must still hold at the end.
	header   []byte
	cancels  uint32
	read     uint64 // read_position of the response ring
	tampered bool   // the kit has broken the rules itself
	lawless  bool   // ... also those of the response ring, so that no answer counts

	closed bool
}

// start makes a lane, starts its worker and waits until that is ready.
func (t *trial) start(s setup) *lane {
	l := t.launch(s)
	l.ready()
	return l
}

// launch makes a lane and starts its worker.
func (t *trial) launch(s setup) *lane {
	if s.geometry == (ring.Geometry{}) {
		s.geometry = small
	}
	h := ring.Header{
		Geometry:         s.geometry,
		Generation:       t.kit.generation.Add(1),
		PayloadEncoding:  ring.PayloadEncodingJSON,
		RequestDoorbell:  fdRequestDoorbell,
		ResponseDoorbell: fdResponseDoorbell,
		Lifeline:         fdLifeline,
		Spin:             s.spin,
	}
	if s.bells == noBells {
		h.RequestDoorbell, h.ResponseDoorbell = -1, -1
	}
	size := s.size
	if size == 0 {
		size = h.RegionSize()
	}
	l := t.newLane(size, s)
	region, err := ring.Format(l.mem[:h.RegionSize()], h)
	if err != nil {
		t.broken(err)
	}
	l.region = region
	if s.early != nil {
		s.early(l)
	}
	l.open()
	if s.before != nil {
		s.before(l)
	}
	l.spawn()
	return l
}

// newLane makes what a lane is made of, apart from the contents of its region.
func (t *trial) newLane(size int, s setup) *lane {
	l := &lane{trial: t, calls: map[uint32]*call{}, armed: !s.unarmed}
	t.lanes = append(t.lanes, l)
	shared, err := sys.NewSharedMemory("ringwire-conform", size)
	if err != nil {
		t.broken(err)
	}
	l.inherited = append(l.inherited, shared)
	if size > 0 {
		if l.mem, err = sys.Map(shared, size); err != nil {
			t.broken(err)
		}
	}
	if l.wakeWorker, err = newBell(s.bells, false); err != nil {
		t.broken(err)
	}
	if l.wakeMaster, err = newBell(s.bells, true); err != nil {
		t.broken(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.broken(err)
	}
	l.lifeline = write
	for _, b := range []*bell{l.wakeWorker, l.wakeMaster} {
		if b.worker == nil { // something has to stand at the number
			b.worker = shared
		}
	}
	l.inherited = append(l.inherited, l.wakeWorker.worker, l.wakeMaster.worker, read)
	l.env = t.kit.environment(s)
	return l
}

// environment is that of the worker: the kit's own and the configuration.
func (k *Subject) environment(s setup) []string {
	var env []string
	for _, v := range k.config.Env {
		if !strings.HasPrefix(v, configVariable+"=") {
			env = append(env, v)
		}
	}
	if s.noConfig {
		return env
	}
	members := map[string]any{"path": []string{k.dir}, "allow": []string{"ringwire_conformance:*"}}
	if s.allow != nil {
		members["allow"] = s.allow
	}
	for name, value := range s.members {
		members[name] = value
	}
	text, err := json.Marshal(members)
	if err != nil {
		panic(err) // strings and arrays of them
	}
	return append(env, configVariable+"="+string(text))
}

func (l *lane) word64(offset int) *atomic.Uint64 { return layout.Word64(l.mem, offset) }
func (l *lane) word32(offset int) *atomic.Uint32 { return layout.Word32(l.mem, offset) }

// open takes the kit's ends of the rings, and remembers what it hands over.
func (l *lane) open() {
	if l.requests == nil {
		l.requests = l.region.RequestProducer()
		l.responses = l.region.ResponseConsumer()
	}
	l.header = bytes.Clone(l.mem[:layout.HeaderSize])
	l.read = l.word64(layout.ResponseControl + layout.ReadPosition).Load()
}

// spawn starts the worker. What only it needs is closed here.
func (l *lane) spawn() {
	argv := append(append([]string(nil), l.kit.config.Command...), "fd:3", "0")
	p, err := startProcess(argv, l.env, l.inherited)
	if err != nil {
		l.broken(err)
	}
	l.process = p
	if err := l.wakeWorker.started(); err != nil {
		l.broken(err)
	}
	if err := l.wakeMaster.started(); err != nil {
		l.broken(err)
	}
	lifeline := l.inherited[fdLifeline-fdRegion]
	if l.armed {
		// A worker that has ended already needs no lifeline.
		if err := sys.ArmLifeline(lifeline, p.pid); err != nil && !errors.Is(err, syscall.ESRCH) {
			l.broken(err)
		}
	}
	_ = lifeline.Close()
	_ = l.inherited[0].Close()
	l.inherited = nil
}

// ready waits until the worker is.
func (l *lane) ready() {
	ready := l.until(l.kit.config.StartPatience, func() bool {
		return l.look() == ring.StateReady || l.gone()
	})
	switch {
	case l.look() == ring.StateReady && !l.gone():
		l.introduced()
	case !ready:
		l.kit.startFailures.Add(1)
		l.fatalf("LIFE-003", "the worker was not READY after %v; its state is %s", l.kit.config.StartPatience, l.look())
	default:
		l.kit.startFailures.Add(1)
		l.fatalf("LIFE-003", "the worker ended instead of becoming READY: %s", l.end())
	}
}

// look loads the worker's state and notices a transition that is not allowed.
func (l *lane) look() ring.State {
	now := l.region.Worker().State()
	if now != l.state {
		if !reachable(l.state, now) {
			l.failf("LIFE-004", "the state went from %s to %s", l.state, now)
		}
		l.state = now
	}
	return now
}

// close ends the worker, looks at what it left, and gives everything back.
func (l *lane) close() {
	if l.closed {
		return
	}
	l.closed = true
	if l.process != nil {
		l.kill()
		if l.region != nil {
			l.leftBehind()
		}
	}
	for _, f := range l.inherited {
		_ = f.Close()
	}
	if l.lifeline != nil {
		_ = l.lifeline.Close()
	}
	for _, b := range []*bell{l.wakeWorker, l.wakeMaster} {
		if b != nil {
			b.close()
		}
	}
	if l.mem != nil {
		_ = sys.Unmap(l.mem)
		l.mem = nil
	}
}
