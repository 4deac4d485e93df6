package vectors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
)

// Offsets of spec chapters 02 and 03 that scenarios patch.
const (
	requestControl  = 512
	responseControl = 1024
	firstSlots      = 4096

	writePosition = 0
	urgentCount   = 8
	readPosition  = 128
	needWakeup    = 256
)

// defaultParams is the region of most scenarios: small enough to read.
func defaultParams() RingParams {
	return RingParams{SlotCount: 4, SlotSize: 64, MaxMessage: 1024, WorkerID: 0, Generation: 1}
}

func roundUp(n, unit uint64) uint64 { return (n + unit - 1) / unit * unit }

func stride(p RingParams) uint64 { return roundUp(8+uint64(p.SlotSize), 64) }

func responseSlots(p RingParams) uint64 {
	return roundUp(firstSlots+uint64(p.SlotCount)*stride(p), 4096)
}

func regionSize(p RingParams) uint64 {
	return roundUp(responseSlots(p)+uint64(p.SlotCount)*stride(p), 4096)
}

// newImage lays out a region as chapter 02 says.
func newImage(p RingParams) []byte {
	b := make([]byte, regionSize(p))
	le := binary.LittleEndian
	u32 := func(at int, v Number) { le.PutUint32(b[at:], uint32(v)) }
	u64 := func(at int, v uint64) { le.PutUint64(b[at:], v) }
	copy(b, "RINGWIRE")
	le.PutUint16(b[8:], 1)
	le.PutUint16(b[10:], 0)
	u32(12, 256)
	u64(16, regionSize(p))
	u64(24, uint64(p.Generation))
	u32(32, p.WorkerID)
	u32(36, p.SlotCount)
	u32(40, p.SlotSize)
	u32(44, Number(stride(p)))
	u32(48, p.MaxMessage)
	u32(52, 1)
	u64(56, 0)
	u32(64, requestControl)
	u32(68, responseControl)
	u32(72, 1536)
	u64(80, firstSlots)
	u64(88, responseSlots(p))
	for _, descriptor := range []int{96, 100, 104} {
		u32(descriptor, 0xFFFFFFFF)
	}
	u32(108, p.SpinNs)
	return b
}

// side is what a producer or a consumer remembers.
type side struct {
	own, other   uint64
	done, length uint32
	corrupt      string
}

// scenario builds the steps of a ring vector by playing them on a plain model.
type scenario struct {
	params    RingParams
	image     []byte
	producers map[string]*side
	consumers map[string]*side
	steps     []RingStep
}

func newScenario(p RingParams) *scenario {
	s := &scenario{params: p, image: newImage(p), producers: map[string]*side{}, consumers: map[string]*side{}}
	for _, ring := range []string{"request", "response"} {
		s.producers[ring], s.consumers[ring] = &side{}, &side{}
	}
	s.steps = append(s.steps, RingStep{
		Do: "init", Params: &p, Returns: strconv.FormatUint(regionSize(p), 10),
		Changes: diff(make([]byte, len(s.image)), s.image),
	})
	return s
}

// position makes both sides of a ring stand at p.
func (s *scenario) position(ring string, p uint64) {
	before := bytes.Clone(s.image)
	n := Number(p)
	s.put64(ring, writePosition, p)
	s.put64(ring, readPosition, p)
	*s.producers[ring] = side{own: p, other: p}
	*s.consumers[ring] = side{own: p, other: p}
	s.steps = append(s.steps, RingStep{Do: "position", Ring: ring, Position: &n, Changes: diff(before, s.image)})
}

// write puts bytes into the image that no side of the subject wrote.
func (s *scenario) write(offset uint64, b []byte) {
	copy(s.image[offset:], b)
	s.steps = append(s.steps, RingStep{Do: "write", Writes: []Patch{{Number(offset), b}}})
}

func (s *scenario) size(n uint64) {
	size := Number(n)
	s.steps = append(s.steps, RingStep{Do: "size", Size: &size})
}

// check judges the region header.
func (s *scenario) check(want string) {
	s.steps = append(s.steps, RingStep{Do: "check", Returns: want})
}

func control(ring string) uint64 {
	if ring == "response" {
		return responseControl
	}
	return requestControl
}

func (s *scenario) put64(ring string, field uint64, v uint64) {
	binary.LittleEndian.PutUint64(s.image[control(ring)+field:], v)
}

func (s *scenario) get64(ring string, field uint64) uint64 {
	return binary.LittleEndian.Uint64(s.image[control(ring)+field:])
}

func (s *scenario) get32(ring string, field uint64) uint32 {
	return binary.LittleEndian.Uint32(s.image[control(ring)+field:])
}

// slotOffset returns where the slot of a position lies in the image.
func (s *scenario) slotOffset(ring string, position uint64) uint64 {
	start := uint64(firstSlots)
	if ring == "response" {
		start = responseSlots(s.params)
	}
	return start + position%uint64(s.params.SlotCount)*stride(s.params)
}

// push goes on with sending a message; want is what it must return.
func (s *scenario) push(ring, message string, urgent bool, want string) {
	before := bytes.Clone(s.image)
	got, bell := s.playPush(ring, message, urgent)
	expect("push", want, got)
	in := Bytes(message)
	s.steps = append(s.steps, RingStep{Do: "push", Ring: ring, Input: &in, Urgent: urgent, Returns: want, Bell: &bell, Changes: diff(before, s.image)})
}

func (s *scenario) playPush(ring, message string, urgent bool) (string, bool) {
	p := s.producers[ring]
	if p.corrupt != "" {
		return p.corrupt, false
	}
	if uint64(len(message)) > uint64(s.params.MaxMessage) {
		return "TOO_LARGE", false
	}
	read := s.get64(ring, readPosition)
	if read > p.own || read < p.other {
		p.corrupt = "RING_POSITION"
		return p.corrupt, false
	}
	p.other = read
	published := false
	for int(p.done) < len(message) && p.own-read < uint64(s.params.SlotCount) {
		slot := s.image[s.slotOffset(ring, p.own):]
		binary.LittleEndian.PutUint32(slot, size(message))
		binary.LittleEndian.PutUint32(slot[4:], p.done)
		n := copy(slot[8:8+s.params.SlotSize], message[p.done:])
		p.done += uint32(n)
		p.own++
		published = true
	}
	done := p.done
	if int(p.done) == len(message) {
		p.done = 0
	}
	if !published {
		return strconv.Itoa(int(done)), false
	}
	s.put64(ring, writePosition, p.own)
	if int(done) == len(message) && urgent {
		binary.LittleEndian.PutUint32(s.image[control(ring)+urgentCount:], s.get32(ring, urgentCount)+1)
	}
	return strconv.Itoa(int(done)), s.get32(ring, needWakeup) != 0
}

// pop goes on with receiving; want is what it must return.
func (s *scenario) pop(ring, want string) {
	before := bytes.Clone(s.image)
	message, got := s.playPop(ring)
	expect("pop", want, got)
	step := RingStep{Do: "pop", Ring: ring, Returns: want, Changes: diff(before, s.image)}
	if message != nil {
		out := Bytes(message)
		step.Output = &out
	}
	s.steps = append(s.steps, step)
}

func (s *scenario) playPop(ring string) ([]byte, string) {
	c := s.consumers[ring]
	if c.corrupt != "" {
		return nil, c.corrupt
	}
	corrupt := func(code string) ([]byte, string) {
		c.corrupt = code
		return nil, code
	}
	write := s.get64(ring, writePosition)
	if write < c.own || write-c.own > uint64(s.params.SlotCount) {
		return corrupt("RING_POSITION")
	}
	for c.own < write {
		slot := s.image[s.slotOffset(ring, c.own):]
		length, offset := binary.LittleEndian.Uint32(slot), binary.LittleEndian.Uint32(slot[4:])
		switch {
		case length == 0 || uint64(length) > uint64(s.params.MaxMessage):
			return corrupt("RING_LENGTH")
		case offset != c.done || c.done != 0 && length != c.length:
			return corrupt("RING_FRAGMENT")
		}
		c.length = length
		c.done += min(length-c.done, uint32(s.params.SlotSize))
		c.own++
		s.put64(ring, readPosition, c.own)
		if c.done == length {
			c.done = 0
			return s.message(ring, c.own, length), strconv.Itoa(int(length))
		}
	}
	return nil, "0"
}

// message gathers the message that ends before a position. It is still there:
// nothing was pushed since, apart from fragments that a longer message than the
// ring lost, which the model keeps in the image of the producer's input.
func (s *scenario) message(ring string, end uint64, length uint32) []byte {
	slots := roundUp(uint64(length), uint64(s.params.SlotSize)) / uint64(s.params.SlotSize)
	if slots > uint64(s.params.SlotCount) {
		return s.lastPushed(ring)
	}
	var out []byte
	for at := end - slots; at < end; at++ {
		slot := s.image[s.slotOffset(ring, at):]
		out = append(out, slot[8:8+s.params.SlotSize]...)
	}
	return out[:length]
}

func (s *scenario) lastPushed(ring string) []byte {
	for i := len(s.steps) - 1; i >= 0; i-- {
		if s.steps[i].Do == "push" && s.steps[i].Ring == ring {
			return *s.steps[i].Input
		}
	}
	panic("vectors: a pop without a push")
}

// expect panics when the model and the author of a case disagree.
func expect(what, want, got string) {
	if want != got {
		panic(fmt.Sprintf("vectors: the model's %s returns %s, the case says %s", what, got, want))
	}
}

// gap is how many unchanged bytes two runs of a diff may have between them to
// be written as one: numbers then stay in one piece.
const gap = 8

// diff covers all bytes in which after differs from before.
func diff(before, after []byte) []Patch {
	patches := []Patch{}
	for i := 0; i < len(after); i++ {
		if before[i] == after[i] {
			continue
		}
		end := i + 1 // behind the last difference of the run
		for j := end; j < len(after) && j-end <= gap; j++ {
			if before[j] != after[j] {
				end = j + 1
			}
		}
		patches = append(patches, Patch{Number(i), bytes.Clone(after[i:end])})
		i = end
	}
	return patches
}
