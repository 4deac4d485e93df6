package ring

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"
)

// newMemory returns zeroed, aligned memory for a geometry.
func newMemory(g Geometry) []byte {
	words := make([]uint64, g.RegionSize()/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), g.RegionSize())
}

func newRegion(t testing.TB, g Geometry) *Region {
	t.Helper()
	r, err := Format(newMemory(g), Header{Geometry: g, Generation: 1, PayloadEncoding: PayloadEncodingJSON})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// startAt moves both positions of the request ring, so that the borders of slot
// indexes and of 32 bits are everyday events.
func startAt(r *Region, position uint64) {
	c := newControl(r.mem, requestControlOffset)
	c.writePosition.Store(position)
	c.readPosition.Store(position)
}

// message returns n bytes that tell where in which message they are.
func message(n int, seed uint64) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// sendAll sends one message, calling full whenever the ring is.
func sendAll(t testing.TB, p *Producer, m []byte, full func()) {
	t.Helper()
	if p.Fits(len(m)) {
		for {
			slot, err := p.Claim(len(m))
			if errors.Is(err, ErrFull) {
				full()
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			copy(slot, m)
			p.Commit()
			return
		}
	}
	p.Begin(len(m))
	for len(m) > 0 {
		n, err := p.Write(m)
		if err != nil {
			t.Fatal(err)
		}
		if m = m[n:]; len(m) > 0 {
			full()
		}
	}
}

var small = Geometry{SlotCount: 4, SlotSize: 64, MaxMessage: 4096}

//spec:test RING-001
//spec:test RING-002
//spec:test RING-003
//spec:test RING-004
//spec:test RING-007
//spec:test RING-009
//spec:test RING-011
//spec:test RING-014
func TestEverySizeAtEveryBorder(t *testing.T) {
	for _, start := range []uint64{0, 1, 3, math.MaxUint32 - 8} {
		r := newRegion(t, small)
		startAt(r, start)
		p, c := r.RequestProducer(), r.RequestConsumer()
		for _, n := range []int{1, 7, 8, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 4095, 4096} {
			want := message(n, uint64(n))
			var got []byte
			take := func() {
				m, owned, err := c.Next()
				if err != nil {
					t.Fatalf("start=%d n=%d: %v", start, n, err)
				}
				if m != nil {
					got = bytes.Clone(m)
					if owned != (n > small.SlotSize) {
						t.Fatalf("n=%d: owned=%t", n, owned)
					}
				}
			}
			sendAll(t, p, want, take)
			for got == nil {
				take()
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("start=%d n=%d: message changed on its way", start, n)
			}
			if m, _, err := c.Next(); m != nil || err != nil {
				t.Fatalf("start=%d n=%d: more than was sent: %d bytes, %v", start, n, len(m), err)
			}
		}
	}
}

// TestTwoSides runs both sides at once, so that the race detector and the
// scheduler have a say.
func TestTwoSides(t *testing.T) {
	g := Geometry{SlotCount: 8, SlotSize: 64, MaxMessage: 4096}
	r := newRegion(t, g)
	startAt(r, math.MaxUint32-100)
	p, c := r.RequestProducer(), r.RequestConsumer()
	const count = 20000
	go func() {
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range uint64(count) {
			n := 1 + rng.IntN(64)
			if i%16 == 0 {
				n = 1 + rng.IntN(g.MaxMessage)
			}
			sendAll(t, p, message(n, i), runtime.Gosched)
		}
	}()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range uint64(count) {
		n := 1 + rng.IntN(64)
		if i%16 == 0 {
			n = 1 + rng.IntN(g.MaxMessage)
		}
		for {
			m, _, err := c.Next()
			if err != nil {
				t.Fatal(err)
			}
			if m == nil {
				runtime.Gosched()
				continue
			}
			if !bytes.Equal(m, message(n, i)) {
				t.Fatalf("message %d of %d bytes is not what was sent", i, n)
			}
			break
		}
	}
}

//spec:test RING-006
func TestFullRing(t *testing.T) {
	r := newRegion(t, small)
	p, c := r.RequestProducer(), r.RequestConsumer()
	for i := range small.SlotCount {
		slot, err := p.Claim(1)
		if err != nil {
			t.Fatalf("slot %d: %v", i, err)
		}
		slot[0] = byte(i)
		p.Commit()
	}
	if _, err := p.Claim(1); !errors.Is(err, ErrFull) {
		t.Fatalf("claim on a full ring: %v", err)
	}
	if m, _, err := c.Next(); err != nil || m[0] != 0 {
		t.Fatalf("first message: %v %v", m, err)
	}
	if _, err := p.Claim(1); err != nil {
		t.Fatalf("claim after a release: %v", err)
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	r := newRegion(t, small)
	p, c := r.RequestProducer(), r.RequestConsumer()
	if _, err := p.Claim(5); err != nil {
		t.Fatal(err)
	}
	p.Abort()
	if m, _, err := c.Next(); m != nil || err != nil {
		t.Fatalf("aborted message arrived: %v %v", m, err)
	}
	sendAll(t, p, []byte("next"), nil)
	if m, _, _ := c.Next(); string(m) != "next" {
		t.Fatalf("got %q", m)
	}
}

//spec:test LIFE-052
//spec:test RING-013
func TestReleasedTellsWhatWasTaken(t *testing.T) {
	r := newRegion(t, small)
	p, c := r.RequestProducer(), r.RequestConsumer()
	sendAll(t, p, message(1, 1), nil)
	first := p.Position() - 1
	sendAll(t, p, message(130, 2), nil)
	second := p.Position() - 1
	for want := range 3 {
		released, err := p.Released()
		if err != nil {
			t.Fatal(err)
		}
		if taken := released > first; taken != (want > 0) {
			t.Errorf("after %d messages: first taken=%t", want, taken)
		}
		if taken := released > second; taken != (want > 1) {
			t.Errorf("after %d messages: second taken=%t", want, taken)
		}
		if want < 2 {
			if m, _, err := c.Next(); m == nil || err != nil {
				t.Fatal(m, err)
			}
		}
	}
}

//spec:test BELL-001
//spec:test BELL-002
//spec:test BELL-003
func TestNeedWakeup(t *testing.T) {
	r := newRegion(t, small)
	p, c := r.RequestProducer(), r.RequestConsumer()
	sendAll(t, p, []byte("a"), nil)
	if p.NeedsWakeup() {
		t.Error("wake-up wanted by a consumer that is awake")
	}
	if c.PrepareSleep() {
		t.Error("consumer would sleep although a message is there")
	}
	if !p.NeedsWakeup() {
		t.Error("no wake-up wanted by a consumer about to sleep")
	}
	c.Awake()
	if _, _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	if !c.PrepareSleep() {
		t.Error("consumer does not sleep although nothing is there")
	}
	sendAll(t, p, []byte("b"), nil)
	if !p.NeedsWakeup() {
		t.Error("sleeping consumer would not be woken")
	}
}

//spec:test RING-021
func TestUrge(t *testing.T) {
	r := newRegion(t, small)
	p := r.RequestProducer()
	count := newControl(r.mem, requestControlOffset).urgentCount
	count.Store(math.MaxUint32)
	p.Urge()
	if got := count.Load(); got != 0 {
		t.Errorf("urgent_count after 2^32 - 1: %d", got)
	}
}

// poke is what a hostile side may do to a ring with one message of one slot in it.
type poke struct {
	name string
	do   func(c control, s slots)
	code Code
}

func slotField(s slots, position uint64, offset int, v uint32) {
	le.PutUint32(s.at(position)[offset:], v)
}

//spec:test RING-015
//spec:test RING-017
//spec:test RING-018
func TestConsumerRefusesTheImpossible(t *testing.T) {
	pokes := []poke{
		{"write_position ahead by slot_count+1", func(c control, _ slots) { c.writePosition.Store(uint64(small.SlotCount) + 1) }, CodeRingPosition},
		{"write_position at the end of 64 bits", func(c control, _ slots) { c.writePosition.Store(math.MaxUint64) }, CodeRingPosition},
		{"message_length 0", func(_ control, s slots) { slotField(s, 0, offSlotMessageLength, 0) }, CodeRingLength},
		{"message_length above max_message", func(_ control, s slots) { slotField(s, 0, offSlotMessageLength, uint32(small.MaxMessage)+1) }, CodeRingLength},
		{"message_length at the end of 32 bits", func(_ control, s slots) { slotField(s, 0, offSlotMessageLength, math.MaxUint32) }, CodeRingLength},
		{"first fragment with an offset", func(_ control, s slots) { slotField(s, 0, offSlotFragmentOffset, 64) }, CodeRingFragment},
	}
	for _, poke := range pokes {
		t.Run(poke.name, func(t *testing.T) {
			r := newRegion(t, small)
			p, c := r.RequestProducer(), r.RequestConsumer()
			sendAll(t, p, []byte("x"), nil)
			poke.do(newControl(r.mem, requestControlOffset), newSlots(r, firstSlotsOffset))
			_, _, err := c.Next()
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) || corrupt.Code != poke.code {
				t.Errorf("got %v, want %s", err, poke.code)
			}
		})
	}
}

//spec:test RING-015
func TestConsumerRefusesAPositionThatGoesBack(t *testing.T) {
	r := newRegion(t, small)
	p, c := r.RequestProducer(), r.RequestConsumer()
	sendAll(t, p, []byte("x"), nil)
	if _, _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	newControl(r.mem, requestControlOffset).writePosition.Store(0)
	_, _, err := c.Next()
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || corrupt.Code != CodeRingPosition {
		t.Errorf("got %v", err)
	}
}

//spec:test RING-018
func TestConsumerRefusesFragmentsThatDoNotFollow(t *testing.T) {
	for _, field := range []struct {
		name   string
		offset int
		value  uint32
	}{
		{"offset repeated", offSlotFragmentOffset, 0},
		{"offset skipped", offSlotFragmentOffset, 128},
		{"length changed", offSlotMessageLength, 131},
		{"length shrunk below what is there", offSlotMessageLength, 1},
	} {
		t.Run(field.name, func(t *testing.T) {
			r := newRegion(t, small)
			p, c := r.RequestProducer(), r.RequestConsumer()
			sendAll(t, p, message(130, 1), nil)
			slotField(newSlots(r, firstSlotsOffset), 1, field.offset, field.value)
			_, _, err := c.Next()
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) || corrupt.Code != CodeRingFragment {
				t.Errorf("got %v", err)
			}
		})
	}
}

//spec:test RING-016
func TestProducerRefusesTheImpossible(t *testing.T) {
	for _, test := range []struct {
		name string
		read uint64
	}{{"beyond the write position", 3}, {"far beyond", math.MaxUint64}, {"back", 0}} {
		t.Run(test.name, func(t *testing.T) {
			r := newRegion(t, small)
			p, c := r.RequestProducer(), r.RequestConsumer()
			sendAll(t, p, []byte("a"), nil)
			sendAll(t, p, []byte("b"), nil)
			if _, _, err := c.Next(); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Released(); err != nil {
				t.Fatal(err)
			}
			newControl(r.mem, requestControlOffset).readPosition.Store(test.read)
			var corrupt *CorruptError
			if _, err := p.Released(); !errors.As(err, &corrupt) || corrupt.Code != CodeRingPosition {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestLengthIsNotBelieved shows that a message that claims to be long costs no
// more memory than a factor of what has arrived.
//
//spec:test RING-019
func TestLengthIsNotBelieved(t *testing.T) {
	g := Geometry{SlotCount: 4, SlotSize: 4096, MaxMessage: 1 << 30}
	r := newRegion(t, g)
	c := r.RequestConsumer()
	s := newSlots(r, firstSlotsOffset)
	slotField(s, 0, offSlotMessageLength, 1<<30)
	newControl(r.mem, requestControlOffset).writePosition.Store(1)
	if m, _, err := c.Next(); m != nil || err != nil {
		t.Fatal(m, err)
	}
	if got := cap(c.partial); got > growth {
		t.Errorf("%d bytes claimed for %d that arrived", got, len(c.partial))
	}
}

func TestMisuseOfAProducerPanics(t *testing.T) {
	for name, misuse := range map[string]func(p *Producer){
		"claim of nothing":     func(p *Producer) { p.Claim(0) },
		"claim beyond a slot":  func(p *Producer) { p.Claim(65) },
		"claim twice":          func(p *Producer) { p.Claim(1); p.Claim(1) },
		"commit without claim": func(p *Producer) { p.Commit() },
		"begin of nothing":     func(p *Producer) { p.Begin(0) },
		"begin beyond limit":   func(p *Producer) { p.Begin(4097) },
		"begin while claimed":  func(p *Producer) { p.Claim(1); p.Begin(100) },
		"write beyond message": func(p *Producer) { p.Begin(2); p.Write([]byte("abc")) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse(newRegion(t, small).RequestProducer())
		})
	}
}

// TestAllocations keeps the hot path free of them.
func TestAllocations(t *testing.T) {
	r := newRegion(t, Geometry{}.WithDefaults())
	p, c := r.RequestProducer(), r.RequestConsumer()
	m := message(100, 1)
	if n := testing.AllocsPerRun(1000, func() {
		sendAll(t, p, m, nil)
		if got, _, err := c.Next(); got == nil || err != nil {
			t.Fatal(got, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per message", n)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, n := range []int{64, 4096, 65536, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := newRegion(b, Geometry{}.WithDefaults())
			p, c := r.RequestProducer(), r.RequestConsumer()
			m := message(n, 1)
			take := func() {
				if _, _, err := c.Next(); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				sendAll(b, p, m, take)
				take()
			}
		})
	}
}
