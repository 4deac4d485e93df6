package wasm

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/ringwire/ringwire/conformance/vectors"
)

// lane plays ring scenarios on an instance: a conformance.Lane. It keeps the
// image and the records of the sides between calls, and the first fault.
type lane struct {
	*asker
	image   []byte
	maximum uint64
	sides   map[string]*side // "push request", "pop response", …
	fault   error
}

type side struct {
	record []byte
	out    []byte // of pops: what has been received of the message
}

func newLane(a *asker) *lane { return &lane{asker: a, sides: map[string]*side{}} }

// Image implements conformance.Lane.
func (l *lane) Image() []byte { return l.image }

// SetImage implements conformance.Lane.
func (l *lane) SetImage(image []byte) { l.image = image }

// returned names a result; a fault takes the place of one.
func (l *lane) returned(result int32, err error) string {
	if err != nil {
		if l.fault == nil {
			l.fault = err
		}
		return err.Error()
	}
	if result >= 0 {
		return strconv.Itoa(int(result))
	}
	name, known := l.tables.codes[result]
	if !known {
		return fmt.Sprintf("%d, which is no code", result)
	}
	return name
}

// Init implements conformance.Lane. The memory is not zero before: a master that
// relies on that is found out.
func (l *lane) Init(p *vectors.RingParams) string {
	params := make([]byte, 32)
	le := binary.LittleEndian
	le.PutUint32(params, uint32(p.SlotCount))
	le.PutUint32(params[4:], uint32(p.SlotSize))
	le.PutUint32(params[8:], uint32(p.MaxMessage))
	le.PutUint32(params[12:], uint32(p.WorkerID))
	le.PutUint64(params[16:], uint64(p.Generation))
	le.PutUint32(params[24:], uint32(p.SpinNs))
	dirty := make([]byte, regionSize(p))
	for i := range dirty {
		dirty[i] = 0x5A
	}
	l.maximum = uint64(p.MaxMessage)
	image, in := &block{data: dirty, mode: output}, &block{data: params}
	result, err := l.invoke("rw_ring_init", []*block{image, in}, func() []uint32 {
		return []uint32{image.at, length(image), in.at, length(in)}
	})
	l.image = image.data
	l.Restart("request", 0)
	l.Restart("response", 0)
	return l.returned(result, err)
}

// regionSize is how much room a host must offer (spec chapter 02).
func regionSize(p *vectors.RingParams) uint64 {
	up := func(n, unit uint64) uint64 { return (n + unit - 1) / unit * unit }
	slots := uint64(p.SlotCount) * up(8+uint64(p.SlotSize), 64)
	return up(up(4096+slots, 4096)+slots, 4096)
}

// Check implements conformance.Lane.
func (l *lane) Check() string {
	image := &block{data: l.image}
	return l.returned(l.invoke("rw_region_check", []*block{image}, func() []uint32 {
		return []uint32{image.at, length(image)}
	}))
}

// Restart implements conformance.Lane.
func (l *lane) Restart(ring string, position uint64) {
	for _, verb := range []string{"push ", "pop "} {
		record := make([]byte, sideSize)
		binary.LittleEndian.PutUint64(record, position)
		binary.LittleEndian.PutUint64(record[8:], position)
		l.sides[verb+ring] = &side{record: record}
	}
}

func number(ring string) uint32 {
	if ring == "response" {
		return 2
	}
	return 1
}

// Push implements conformance.Lane.
func (l *lane) Push(ring string, message []byte, urgent bool) (string, bool) {
	s := l.sides["push "+ring]
	flag := uint32(0)
	if urgent {
		flag = 1
	}
	image, record, in := &block{data: l.image, mode: state}, &block{data: s.record, mode: state}, &block{data: message}
	result, err := l.invoke("rw_ring_push", []*block{image, record, in}, func() []uint32 {
		return []uint32{image.at, length(image), number(ring), record.at, in.at, length(in), flag}
	})
	l.image, s.record = image.data, record.data
	return l.returned(result, err), result >= 0 && binary.LittleEndian.Uint32(s.record[20:]) != 0
}

// Pop implements conformance.Lane.
func (l *lane) Pop(ring string) (string, []byte) {
	s := l.sides["pop "+ring]
	if s.out == nil {
		s.out = make([]byte, min(l.maximum, 1<<20))
	}
	image, record, out := &block{data: l.image, mode: state}, &block{data: s.record, mode: state}, &block{data: s.out, mode: state}
	result, err := l.invoke("rw_ring_pop", []*block{image, record, out}, func() []uint32 {
		return []uint32{image.at, length(image), number(ring), record.at, out.at, length(out)}
	})
	l.image, s.record, s.out = image.data, record.data, out.data
	text := l.returned(result, err)
	if err != nil || result <= 0 {
		return text, nil
	}
	if int(result) > len(s.out) {
		return fmt.Sprintf("%d, more than the room of %d bytes", result, len(s.out)), nil
	}
	message := s.out[:result]
	s.out = nil
	return text, message
}
