package ring

import "fmt"

// Producer is the writing end of a ring. It is not safe for concurrent use.
//
// A message of at most SlotSize bytes is claimed, filled and committed in place.
// A longer one is begun with its length and written piece by piece, as the
// consumer makes room. Neither blocks.
type Producer struct {
	control
	slots
	maxMessage int

	write    uint64 // own copy of write_position; the next slot to fill
	read     uint64 // last read_position loaded
	claimed  int    // bytes of the claimed message, 0: none
	total    int    // bytes of the begun message, 0: none
	written  int    // bytes of it written so far
	fragment int    // bytes in the slot being filled
}

func newProducer(r *Region, controlOffset, slotsOffset int) *Producer {
	p := &Producer{
		control:    newControl(r.mem, controlOffset),
		slots:      newSlots(r, slotsOffset),
		maxMessage: r.MaxMessage,
	}
	p.write = p.writePosition.Load()
	p.read = p.readPosition.Load()
	return p
}

// Position returns the position after the last slot published. Together with
// Released it tells whether a message has been taken: it has if Released is
// greater than the position of its last slot.
func (p *Producer) Position() uint64 { return p.write }

// Released loads the consumer's read position, or returns a [*CorruptError] if
// it is not plausible.
//
//spec:req RING-016
func (p *Producer) Released() (uint64, error) {
	read := p.readPosition.Load()
	if read < p.read || read > p.write {
		bound := p.write
		if read < p.read {
			bound = p.read
		}
		return p.read, &CorruptError{CodeRingPosition, "read_position", read, bound}
	}
	p.read = read
	return read, nil
}

// Free returns how many slots can be filled now. It loads the read position only
// when the last known one leaves less than want.
func (p *Producer) Free(want uint64) (uint64, error) {
	free := p.count - (p.write - p.read)
	if free >= want {
		return free, nil
	}
	read, err := p.Released()
	if err != nil {
		return 0, err
	}
	return p.count - (p.write - read), nil
}

// Slots returns how many slots a message of n bytes takes.
func (p *Producer) Slots(n int) uint64 { return p.needed(n) }

// Fits reports whether a message of n bytes may be claimed, that is, takes one slot.
func (p *Producer) Fits(n int) bool { return n <= p.size }

// Claim reserves the next slot for a message of n bytes, from 1 to SlotSize, and
// returns its data bytes to be filled, all n of them. They are the caller's until
// Commit or Abort. ErrFull means that no slot is free.
func (p *Producer) Claim(n int) ([]byte, error) {
	if n < 1 || n > p.size || n > p.maxMessage {
		panic(fmt.Sprintf("ring: claim of a bad length: n=%d slot_size=%d max_message=%d", n, p.size, p.maxMessage))
	}
	p.mustBeIdle("claim")
	free, err := p.Free(1)
	if err != nil {
		return nil, err
	}
	if free == 0 {
		return nil, ErrFull
	}
	p.claimed = n
	slot := p.at(p.write)
	return slot[slotHeaderSize : slotHeaderSize+n : slotHeaderSize+n], nil
}

// Commit publishes the claimed message.
//
//spec:req RING-001 RING-003 RING-004 RING-007
func (p *Producer) Commit() {
	if p.claimed == 0 {
		panic("ring: commit without claim")
	}
	p.putHeader(p.claimed, 0)
	p.claimed = 0
	p.write++
	p.writePosition.Store(p.write)
}

// Abort gives the claimed slot back. The consumer sees nothing of it.
func (p *Producer) Abort() { p.claimed = 0 }

// Begin starts a message of total bytes, from 1 to MaxMessage, to be given with
// Write. A message that has been begun must be finished before anything else can
// be sent.
func (p *Producer) Begin(total int) {
	if total < 1 || total > p.maxMessage {
		panic(fmt.Sprintf("ring: begin of a bad length: total=%d max_message=%d", total, p.maxMessage))
	}
	p.mustBeIdle("begin")
	p.total, p.written, p.fragment = total, 0, 0
}

// Write copies as much of b into the ring as there is room for, publishes every
// slot that is complete, and returns the number of bytes copied. Fewer than
// len(b) means that the ring is full: wait and go on with the rest. The message
// is sent when total bytes have been written.
//
//spec:req RING-001 RING-002 RING-003 RING-004 RING-006 RING-007 RING-009
func (p *Producer) Write(b []byte) (int, error) {
	if len(b) > p.total-p.written {
		panic(fmt.Sprintf("ring: write beyond the message: len=%d left=%d", len(b), p.total-p.written))
	}
	copied := 0
	for copied < len(b) {
		if p.fragment == 0 {
			free, err := p.Free(1)
			if err != nil {
				return copied, err
			}
			if free == 0 {
				return copied, nil
			}
			p.putHeader(p.total, p.written)
		}
		n := copy(p.at(p.write)[slotHeaderSize+p.fragment:], b[copied:])
		copied += n
		p.written += n
		p.fragment += n
		if p.fragment == p.size || p.written == p.total {
			p.fragment = 0
			p.write++
			p.writePosition.Store(p.write)
		}
	}
	if p.written == p.total {
		p.total = 0
	}
	return copied, nil
}

// Left returns how many bytes of the begun message have not been written.
func (p *Producer) Left() int {
	if p.total == 0 {
		return 0
	}
	return p.total - p.written
}

// Urge counts the message just published as urgent, so that the consumer looks
// ahead for it.
//
//spec:req RING-021
func (p *Producer) Urge() { p.urgentCount.Add(1) }

// NeedsWakeup reports whether the consumer sleeps or is about to, so that its
// doorbell must be rung. Ask after publishing: the store of write_position is the
// full fence before this load.
//
//spec:req BELL-002 BELL-003
func (p *Producer) NeedsWakeup() bool { return p.needWakeup.Load() != 0 }

func (p *Producer) putHeader(messageLength, fragmentOffset int) {
	slot := p.at(p.write)
	le.PutUint32(slot[offSlotMessageLength:], uint32(messageLength))
	le.PutUint32(slot[offSlotFragmentOffset:], uint32(fragmentOffset))
}

func (p *Producer) mustBeIdle(verb string) {
	if p.claimed != 0 || p.total != 0 {
		panic("ring: " + verb + " while another message is unfinished")
	}
}
