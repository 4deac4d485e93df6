//go:build linux

package live

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

var soak = []scenario{{
	group: "soak", name: "mixed", run: soakMixed,
	comment:      "calls of all sorts and sizes at random, with cancellations and pauses; every answer is checked",
	requirements: "LIFE-010 LIFE-012 LIFE-016 RING-001 RING-014 RING-018 BELL-001 BELL-002",
}}

// asked is a call in flight with what its answer must be.
type asked struct {
	*call
	sum      [sha256.Size]byte // of the result
	status   wire.Status       // 0: a result
	canceled bool              // 499 would do as well
}

func soakMixed(t *trial) {
	random := rand.New(rand.NewPCG(t.kit.config.Seed, 5))
	l := t.start(setup{geometry: ring.Geometry{SlotCount: 16, SlotSize: 256, MaxMessage: 64 << 10}, spin: 20 * time.Microsecond})
	var flight []*asked
	deadline := time.Now().Add(t.kit.config.Soak)
	for count := 0; count < 100 || time.Now().Before(deadline); count++ {
		a := l.ask(random)
		flight = append(flight, a)
		if random.IntN(20) == 0 {
			l.cancel(a.call)
			a.canceled = true
		}
		if random.IntN(50) == 0 {
			l.signal(syscall.SIGSTOP)
			for range random.IntN(5) {
				l.wakeWorker.ring()
			}
			l.signal(syscall.SIGCONT)
		}
		for len(flight) > 0 && (len(flight) > random.IntN(40) || flight[0].response != nil) {
			l.settle(flight[0])
			flight = flight[1:]
		}
	}
	for _, a := range flight {
		l.settle(a)
	}
	l.shutdown()
}

// ask sends a call of some sort.
func (l *lane) ask(random *rand.Rand) *asked {
	size := random.IntN(100)
	switch random.IntN(20) {
	case 0:
		size = random.IntN(60_000)
	case 1, 2:
		size = random.IntN(2000)
	}
	switch random.IntN(8) {
	case 0:
		want := `"` + strings.Repeat("x", size) + `"`
		return &asked{call: l.call("fill", fmt.Sprintf(`{"size":%d}`, size)), sum: sha256.Sum256([]byte(want))}
	case 1:
		return &asked{call: l.call("sleep", fmt.Sprintf(`{"ms":%d}`, random.IntN(20))), sum: sha256.Sum256([]byte("null"))}
	case 2:
		return &asked{call: l.call("fail", `{"message":"asked for"}`), status: wire.StatusRaised}
	case 3:
		l.nextID++
		return &asked{call: l.send(append([]byte{9}, l.request(l.nextID, module, "echo", "")[1:]...), l.nextID), status: wire.StatusBadRequest}
	default:
		noise := make([]byte, size/2)
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		kwargs := `{"t":"` + hex.EncodeToString(noise) + `"}`
		return &asked{call: l.call("echo", kwargs), sum: sha256.Sum256([]byte(kwargs))}
	}
}

// settle waits for the answer to a call and compares it.
func (l *lane) settle(a *asked) {
	r := l.expect(a.call)
	delete(l.calls, a.id)
	switch {
	case a.canceled && r.Status == wire.StatusCanceled:
	case a.status != 0:
		if r.Status != a.status {
			l.failf("", "request_id %d: want status %d, got %d: %s", a.id, a.status, r.Status, clip(string(r.ErrorMessage)))
		}
	case !r.Success:
		l.failf("", "request_id %d: want a result, got status %d: %s", a.id, r.Status, clip(string(r.ErrorMessage)))
	default:
		if sha256.Sum256(compact(r.Body)) != a.sum {
			l.failf("", "request_id %d: the checksum of its result differs: %s", a.id, clip(string(r.Body)))
		}
	}
	if len(l.findings) > 5 {
		panic(abort{})
	}
}

// compact returns a JSON value without white space; an empty one is null.
func compact(body []byte) []byte {
	if len(body) == 0 {
		return []byte("null")
	}
	var b bytes.Buffer
	if err := json.Compact(&b, body); err != nil {
		return body
	}
	return b.Bytes()
}
