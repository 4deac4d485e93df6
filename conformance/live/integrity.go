//go:build linux

package live

import (
	"bytes"
	"unicode/utf8"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/ring"
)

// leftBehind looks at what a worker that is gone has left: its last responses,
// and the parts of the region that were not its own to write.
func (l *lane) leftBehind() {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(abort); !ok {
				panic(p)
			}
		}
	}()
	l.look()
	l.untouched()
	if !l.lawless {
		l.collect()
	}
}

// untouched demands that the worker wrote only what is its own.
func (l *lane) untouched() {
	if !bytes.Equal(l.mem[:layout.HeaderSize], l.header) {
		at := 0
		for l.mem[at] == l.header[at] {
			at++
		}
		l.failf("REGION-012", "the worker changed the region header at offset %d", at)
	}
	if l.tampered {
		return
	}
	for _, f := range []struct {
		name      string
		want, got uint64
	}{
		{"write_position of the request ring", l.requests.Position(), l.word64(layout.RequestControl + layout.WritePosition).Load()},
		{"urgent_count of the request ring", uint64(l.cancels), uint64(l.word32(layout.RequestControl + layout.UrgentCount).Load())},
		{"read_position of the response ring", l.read, l.word64(layout.ResponseControl + layout.ReadPosition).Load()},
		{"need_wakeup of the response ring", 0, uint64(l.word32(layout.ResponseControl + layout.NeedWakeup).Load())},
	} {
		if f.want != f.got {
			l.failf("REGION-012", "the worker wrote the %s, which is the master's: want %d, got %d", f.name, f.want, f.got)
		}
	}
	for _, part := range []struct {
		name     string
		from, to int
	}{
		{"between the region header and the control blocks", layout.HeaderSize, layout.RequestControl},
		{"of the request ring's control block", layout.RequestControl + layout.NeedWakeup + 4, layout.ResponseControl},
		{"of the response ring's control block", layout.ResponseControl + layout.NeedWakeup + 4, layout.WorkerBlock},
		{"of the worker block", layout.NameEnd, layout.WorkerBlockEnd},
		{"behind the worker block", layout.WorkerBlockEnd, layout.FirstSlots},
	} {
		for at := part.from; at < part.to; at++ {
			if l.mem[at] != 0 {
				l.failf("REGION-012", "the worker wrote reserved bytes %s: offset %d", part.name, at)
				break
			}
		}
	}
}

// introduced judges what the worker says about itself. It is to be called as
// soon as READY is seen, because it must be there by then.
func (l *lane) introduced() {
	if pid := int(l.word32(layout.PID).Load()); pid != l.pid {
		l.failf("LIFE-002", "pid is %d; the process that was started is %d", pid, l.pid)
	}
	if v := l.word32(layout.Version).Load(); v>>16 != 1 {
		l.failf("LIFE-002", "protocol_version is %d.%d, not 1.something", v>>16, v&0xFFFF)
	}
	name := bytes.Clone(l.mem[layout.Name:layout.NameEnd])
	text, padding, _ := bytes.Cut(name, []byte{0})
	if len(text) == 0 || !utf8.Valid(text) || len(bytes.Trim(padding, "\x00")) > 0 {
		l.failf("LIFE-002", "implementation is not text padded with zero bytes: %s", dump(name))
	}
}

// reachable reports whether a worker may get from one state to another, by one
// transition or by several that nobody has seen.
func reachable(from, to ring.State) bool {
	for next := ring.StateStarting; next <= ring.StateFailed; next++ {
		if from.CanBecome(next) && (next == to || reachable(next, to)) {
			return true
		}
	}
	return false
}
