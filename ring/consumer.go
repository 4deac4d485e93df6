package ring

// Consumer is the reading end of a ring. It is not safe for concurrent use.
//
// It copies each message out of shared memory before anyone looks at it, so the
// other side cannot change it between check and use, and releases the slots at
// once. It is made for the master: a worker that must not take a message early
// needs a view and a release of its own (LIFE-011).
type Consumer struct {
	control
	slots
	maxMessage int

	read    uint64 // own copy of read_position
	write   uint64 // last write_position loaded
	short   []byte // holds the last message of one slot
	partial []byte // fragments of the current longer message so far
	total   int    // its message_length, 0: none
	scanned uint64 // position up to which LookAhead has looked
}

// growth bounds the memory that a message may claim before its bytes have
// arrived: this much, or growthFactor times what is there.
const (
	growth       = 4 << 20
	growthFactor = 4
)

func newConsumer(r *Region, controlOffset, slotsOffset int) *Consumer {
	c := &Consumer{
		control:    newControl(r.mem, controlOffset),
		slots:      newSlots(r, slotsOffset),
		maxMessage: r.MaxMessage,
		short:      make([]byte, r.SlotSize),
	}
	c.read = c.readPosition.Load()
	c.write = c.read
	return c
}

// Next takes the next message. It returns nil if there is none yet.
//
// A message of at most SlotSize bytes lies in a buffer that is used again: it is
// good until the next call. A longer one is the caller's to keep (owned).
//
//spec:req RING-011 RING-012 RING-014 RING-023
func (c *Consumer) Next() (message []byte, owned bool, err error) {
	for {
		if c.read == c.write {
			if err := c.load(); err != nil {
				return nil, false, err
			}
			if c.read == c.write {
				return nil, false, nil
			}
		}
		slot := c.at(c.read)
		length := le.Uint32(slot[offSlotMessageLength:])
		offset := le.Uint32(slot[offSlotFragmentOffset:])
		if err := c.check(length, offset); err != nil {
			return nil, false, err
		}
		if c.total == 0 && int(length) <= c.size {
			message = c.short[:length]
			copy(message, slot[slotHeaderSize:])
			c.release()
			return message, false, nil
		}
		c.total = int(length)
		n := min(c.total-len(c.partial), c.size)
		c.grow(n)
		c.partial = append(c.partial, slot[slotHeaderSize:slotHeaderSize+n]...)
		c.release()
		if len(c.partial) == c.total {
			message = c.partial
			c.partial, c.total = nil, 0
			return message, true, nil
		}
	}
}

// load looks at the producer's position.
//
//spec:req RING-015
func (c *Consumer) load() error {
	write := c.writePosition.Load()
	if write < c.write || write-c.read > c.count {
		return &CorruptError{CodeRingPosition, "write_position", write, c.read}
	}
	c.write = write
	return nil
}

// check judges a slot header against the message under way.
//
//spec:req RING-017 RING-018
func (c *Consumer) check(length, offset uint32) error {
	switch {
	case length == 0 || uint64(length) > uint64(c.maxMessage):
		return &CorruptError{CodeRingLength, "message_length", uint64(length), uint64(c.maxMessage)}
	case int64(offset) != int64(len(c.partial)):
		return &CorruptError{CodeRingFragment, "fragment_offset", uint64(offset), uint64(len(c.partial))}
	case c.total != 0 && int(length) != c.total:
		return &CorruptError{CodeRingFragment, "message_length", uint64(length), uint64(c.total)}
	}
	return nil
}

// grow makes room for n more bytes without believing the rest of the length.
//
//spec:req RING-019
func (c *Consumer) grow(n int) {
	if cap(c.partial)-len(c.partial) >= n {
		return
	}
	room := max(growth, growthFactor*len(c.partial))
	bigger := make([]byte, len(c.partial), min(c.total, max(room, len(c.partial)+n)))
	copy(bigger, c.partial)
	c.partial = bigger
}

func (c *Consumer) release() {
	c.read++
	c.readPosition.Store(c.read)
}

// Ready reports whether Next has a slot to look at. It is one load, made for
// spinning. An impossible position counts as ready: Next reports it.
func (c *Consumer) Ready() bool { return c.read != c.writePosition.Load() }

// PrepareSleep asks the producer for a doorbell and looks once more. If it
// returns false there is something to read already. Either way, call Awake before
// going on.
//
//spec:req BELL-001
func (c *Consumer) PrepareSleep() bool {
	c.needWakeup.Store(1)
	return !c.Ready()
}

// Awake tells the producer that no doorbell is needed.
func (c *Consumer) Awake() { c.needWakeup.Store(0) }
