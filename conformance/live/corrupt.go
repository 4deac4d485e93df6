//go:build linux

package live

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/ring"
)

// corruptions are what a hostile master may do to a region; the worker must see
// each and exit. The bytes lie in a worker's ring as the names say.
var corruptions = []scenario{
	corruption("write-position-back", "RING-015", "write_position goes back below what was read", func(l *lane) {
		l.word64(layout.RequestControl + layout.WritePosition).Store(l.requests.Position() - 1)
	}),
	corruption("write-position-zero", "RING-015", "write_position becomes 0", func(l *lane) {
		l.word64(layout.RequestControl + layout.WritePosition).Store(0)
	}),
	corruption("write-position-one-too-far", "RING-015", "write_position is slot_count + 1 ahead", func(l *lane) {
		l.word64(layout.RequestControl + layout.WritePosition).Store(l.requests.Position() + uint64(l.region.SlotCount) + 1)
	}),
	corruption("write-position-2-32-ahead", "RING-015", "write_position is 2^32 + 1 ahead: its low half looks right", func(l *lane) {
		l.word64(layout.RequestControl + layout.WritePosition).Store(l.requests.Position() + 1<<32 + 1)
	}),
	corruption("write-position-greatest", "RING-015", "write_position is the greatest number", func(l *lane) {
		l.word64(layout.RequestControl + layout.WritePosition).Store(math.MaxUint64)
	}),
	corruption("length-0", "RING-017", "message_length is 0", func(l *lane) {
		l.tamperSlot(map[int]uint32{layout.MessageLength: 0})
	}),
	corruption("length-above-max-message", "RING-017", "message_length is max_message + 1", func(l *lane) {
		l.tamperSlot(map[int]uint32{layout.MessageLength: uint32(l.region.MaxMessage) + 1})
	}),
	corruption("length-greatest", "RING-017 RING-019", "message_length is the greatest number", func(l *lane) {
		l.tamperSlot(map[int]uint32{layout.MessageLength: math.MaxUint32})
	}),
	corruption("length-sign", "RING-017", "message_length is 2^31", func(l *lane) {
		l.tamperSlot(map[int]uint32{layout.MessageLength: 1 << 31})
	}),
	corruption("offset-in-first-fragment", "RING-018", "the first fragment has an offset", func(l *lane) {
		l.tamperSlot(map[int]uint32{layout.FragmentOffset: 1})
	}),
	corruption("offset-of-next-fragment", "RING-018", "the first fragment claims to be the second", func(l *lane) {
		l.tamperSlot(map[int]uint32{layout.MessageLength: uint32(2 * l.region.SlotSize), layout.FragmentOffset: uint32(l.region.SlotSize)})
	}),
	corruption("offset-repeated", "RING-018", "the second fragment repeats the offset of the first", func(l *lane) {
		l.tamperSecond(map[int]uint32{layout.FragmentOffset: 0})
	}),
	corruption("offset-skipped", "RING-018", "the second fragment leaves a gap", func(l *lane) {
		l.tamperSecond(map[int]uint32{layout.FragmentOffset: uint32(2 * l.region.SlotSize)})
	}),
	corruption("length-changed", "RING-018", "the second fragment has another message_length", func(l *lane) {
		l.tamperSecond(map[int]uint32{layout.MessageLength: uint32(3*l.region.SlotSize - 1)})
	}),
	corruption("length-shrunk", "RING-018", "the second fragment makes the message shorter than what is there", func(l *lane) {
		l.tamperSecond(map[int]uint32{layout.MessageLength: 1})
	}),
	producerCorruption("read-position-beyond", "read_position of the response ring goes past write_position", func(l *lane, published uint64) uint64 {
		return published + 1000
	}),
	producerCorruption("read-position-back", "read_position of the response ring goes back", func(*lane, uint64) uint64 {
		return 1
	}),
	{
		group: "corrupt", name: "scribbled", run: scribbled,
		comment:      "a master that writes anything anywhere it may: the worker goes on, or sees it and exits",
		requirements: "REGION-014 RING-015 RING-016 RING-017 RING-018",
	},
	{
		group: "corrupt", name: "length-not-believed", run: lengthNotBelieved,
		comment:      "a message that claims a gigabyte costs no memory before its bytes arrive",
		requirements: "RING-019",
	},
}

func corruption(name, requirements, comment string, do func(*lane)) scenario {
	return scenario{
		group: "corrupt", name: name, comment: comment, requirements: requirements + " RING-020",
		run: func(t *trial) {
			l := t.start(setup{})
			for range small.SlotCount + 3 { // once round, so that old slots hold old messages
				l.alive()
			}
			l.asleep()
			l.tampered = true
			do(l)
			l.wakeWorker.ring()
			l.exitsAsCorrupt()
		},
	}
}

// producerCorruption harms the ring that the worker fills. It notices when it
// looks for room, at the latest when the ring must be full.
func producerCorruption(name, comment string, readAt func(l *lane, published uint64) uint64) scenario {
	return scenario{
		group: "corrupt", name: name, comment: comment, requirements: "RING-016 RING-020",
		run: func(t *trial) {
			l := t.start(setup{})
			for range 3 * small.SlotCount {
				l.alive()
			}
			l.asleep()
			l.tampered, l.lawless = true, true
			published := l.word64(layout.ResponseControl + layout.WritePosition).Load()
			l.word64(layout.ResponseControl + layout.ReadPosition).Store(readAt(l, published))
			// Not drained, so that the worker has to look.
			for range small.SlotCount - 1 {
				l.publishRaw("nothing")
			}
			l.wakeWorker.ring()
			l.until(t.patience(), func() bool {
				return l.gone() || l.word64(layout.RequestControl+layout.ReadPosition).Load() == l.requests.Position()
			})
			for range 3 {
				l.publishRaw("nothing")
			}
			l.wakeWorker.ring()
			l.exitsAsCorrupt()
		},
	}
}

// publishRaw publishes a short message for which there must be room, without
// looking at anything else.
func (l *lane) publishRaw(function string) {
	l.nextID++
	message := l.request(l.nextID, module, function, "")
	l.calls[l.nextID] = &call{id: l.nextID}
	slot, err := l.requests.Claim(len(message))
	if err != nil {
		return // the worker has gone
	}
	copy(slot, message)
	l.requests.Commit()
}

// exitsAsCorrupt demands what a worker does that finds its lane corrupt.
func (l *lane) exitsAsCorrupt() {
	if !l.until(l.patience(), l.gone) {
		l.fatalf("", "the worker did not notice within %v that its lane is corrupt", l.patience())
	}
	if !l.exitedWith(ring.ExitProtocol) {
		l.fatalf("", "want exit code 72 (EXIT_PROTOCOL), got %s", l.end())
	}
	l.failed()
	if l.stderr.lastLines(1) == "" {
		l.failf("LIFE-006", "nothing on standard error says why the worker exited")
	}
}

// tamperSlot publishes a good message whose slot header is then changed in some
// fields. The worker must be asleep, so that it sees the result only.
func (l *lane) tamperSlot(fields map[int]uint32) {
	l.nextID++
	message := l.request(l.nextID, module, "nothing", "")
	position := l.requests.Position()
	l.fillSlot(position, len(message), 0, message)
	l.setSlot(position, fields)
	l.word64(layout.RequestControl + layout.WritePosition).Store(position + 1)
}

// tamperSecond publishes a message of three fragments, of which the second is
// changed.
func (l *lane) tamperSecond(fields map[int]uint32) {
	l.nextID++
	size := l.region.SlotSize
	empty := len(l.request(l.nextID, module, "echo", `{"t":""}`))
	message := l.request(l.nextID, module, "echo", `{"t":"`+letters(3*size-empty)+`"}`)
	position := l.requests.Position()
	for i := range 3 {
		l.fillSlot(position+uint64(i), len(message), i*size, message[i*size:(i+1)*size])
	}
	l.setSlot(position+1, fields)
	l.word64(layout.RequestControl + layout.WritePosition).Store(position + 3)
}

func (l *lane) fillSlot(position uint64, length, offset int, data []byte) {
	slot := layout.RequestSlot(l.mem, l.region.Geometry, position)
	copy(slot[layout.SlotHeaderSize:], data)
	l.setSlot(position, map[int]uint32{layout.MessageLength: uint32(length), layout.FragmentOffset: uint32(offset)})
}

func (l *lane) setSlot(position uint64, fields map[int]uint32) {
	for at, value := range fields {
		binary.LittleEndian.PutUint32(layout.RequestSlot(l.mem, l.region.Geometry, position)[at:], value)
	}
}

// scribbled changes what a master may write while the worker works with it.
func scribbled(t *trial) {
	random := rand.New(rand.NewPCG(t.kit.config.Seed, 6))
	for range 5 {
		l := t.start(setup{})
		l.alive()
		l.tampered, l.lawless = true, true
		for range 400 {
			l.publishRaw("nothing")
			if random.IntN(4) == 0 {
				l.scribble(random)
			}
			l.wakeWorker.ring()
			if l.gone() {
				break
			}
			if random.IntN(8) == 0 {
				t.linger(100 * time.Microsecond)
			}
			// Nobody drains the responses, so that the worker looks at this too.
			at := l.word64(layout.ResponseControl + layout.ReadPosition)
			at.Store(max(at.Load(), l.word64(layout.ResponseControl+layout.WritePosition).Load()))
		}
		// Alive, or ended for that reason: it may wait for the rest of a message that
		// nobody will send. SHUTDOWN is not beyond chance.
		t.linger(20 * time.Millisecond)
		if l.gone() && !l.exitedWith(ring.ExitProtocol) && !l.exitedWith(ring.ExitOK) {
			l.fatalf("", "want a worker that goes on, or exit code 72 (EXIT_PROTOCOL); got %s", l.end())
		}
		l.kill()
	}
}

// scribble changes one number that is the master's.
func (l *lane) scribble(random *rand.Rand) {
	slot := layout.RequestSlot(l.mem, l.region.Geometry, random.Uint64())
	change := func(v uint64) uint64 {
		switch random.IntN(6) {
		case 0:
			return v + 1
		case 1:
			return v - 1
		case 2:
			return v ^ 1<<random.IntN(64)
		case 3:
			return 0
		case 4:
			return math.MaxUint64
		default:
			return random.Uint64()
		}
	}
	le := binary.LittleEndian
	switch random.IntN(8) {
	case 0:
		at := l.word64(layout.RequestControl + layout.WritePosition)
		at.Store(change(at.Load()))
	case 1:
		at := l.word64(layout.ResponseControl + layout.ReadPosition)
		at.Store(change(at.Load()))
	case 2:
		at := l.word32(layout.RequestControl + layout.UrgentCount)
		at.Store(uint32(change(uint64(at.Load()))))
	case 3, 4:
		le.PutUint32(slot[layout.MessageLength:], uint32(change(uint64(le.Uint32(slot[layout.MessageLength:])))))
	case 5:
		le.PutUint32(slot[layout.FragmentOffset:], uint32(change(uint64(le.Uint32(slot[layout.FragmentOffset:])))))
	default:
		// A length in the header of the frame.
		at := layout.SlotHeaderSize + 1 + 4*random.IntN(5)
		le.PutUint32(slot[at:], uint32(change(uint64(le.Uint32(slot[at:])))))
	}
}

func lengthNotBelieved(t *trial) {
	g := ring.Geometry{SlotCount: 8, SlotSize: 4096, MaxMessage: ring.MaxMessageMax}
	l := t.start(setup{geometry: g})
	for range 20 {
		l.alive()
	}
	l.asleep()
	before := virtualSize(l.pid)
	l.tampered = true // the message will never be whole
	position := l.requests.Position()
	for i := range 3 {
		l.fillSlot(position+uint64(i), g.MaxMessage, i*g.SlotSize, nil)
	}
	l.word64(layout.RequestControl + layout.WritePosition).Store(position + 3)
	l.wakeWorker.ring()
	if !l.until(t.patience(), func() bool {
		return l.gone() || l.word64(layout.RequestControl+layout.ReadPosition).Load() >= position+2
	}) {
		l.failf("RING-023", "the worker released no fragment of a message longer than the ring within %v", t.patience())
	}
	l.asleep()
	// The system counts what was asked for, also if no page of it was touched.
	if grown := virtualSize(l.pid) - before; grown >= int64(g.MaxMessage)/2 {
		l.failf("RING-019", "%d MiB of memory for a message of which %d bytes have arrived", grown>>20, 3*g.SlotSize)
	}
}

// virtualSize returns the bytes of a process's address space.
func virtualSize(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var pages int64
	if _, err := fmt.Sscan(string(data), &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
