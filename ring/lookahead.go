package ring

// Position returns the position of the slot that Next looks at next: all slots
// before it are released.
func (c *Consumer) Position() uint64 { return c.read }

// Urgent loads how many urgent messages the producer has counted. When it has
// changed, LookAhead finds them.
func (c *Consumer) Urgent() uint32 { return c.urgentCount.Load() }

// LookAhead shows each published message of exactly n bytes, at most SlotSizeMin,
// that lies beyond what Next has taken or begun to take, with its position, and
// releases nothing. It shows each message once in the life of the Consumer. The
// bytes are good until see returns.
//
//spec:req RING-022
func (c *Consumer) LookAhead(n int, see func(position uint64, message []byte)) error {
	if err := c.load(); err != nil {
		return err
	}
	begun := c.needed(c.total - len(c.partial)) // slots of the message under way
	c.scanned = max(c.scanned, c.read+begun)
	var copied [slotHeaderSize + SlotSizeMin]byte
	for c.scanned < c.write {
		position := c.scanned
		slot := c.at(position)
		message := copied[:copy(copied[:slotHeaderSize+n], slot)]
		length := le.Uint32(message[offSlotMessageLength:])
		switch offset := le.Uint32(message[offSlotFragmentOffset:]); {
		case length == 0 || uint64(length) > uint64(c.maxMessage):
			return &CorruptError{CodeRingLength, "message_length", uint64(length), uint64(c.maxMessage)}
		case offset != 0:
			return &CorruptError{CodeRingFragment, "fragment_offset", uint64(offset), 0}
		}
		c.scanned += c.needed(int(length))
		if int(length) == n {
			see(position, message[slotHeaderSize:])
		}
	}
	return nil
}
