package schedules

import "encoding/binary"

// state is everything at one moment.
type state struct {
	cells Cells
	bell  bool
	sides [2]side

	next    int    // the message to be delivered next
	ran     uint32 // which messages were delivered to run
	rings   int    // spurious rings that may still happen
	bounds  int    // sleeps that may still end early
	judged  bool   // the verdict was given, and this is what it saw
	verdict uint64
}

// side is one process with its store buffer.
type side struct {
	node   node
	buffer []pending // oldest first; never changed in place
	dead   bool
}

// pending is a store that has not landed.
type pending struct {
	Write
	release bool
}

// key encodes s, so that equal states have equal keys.
func (s *state) key(b []byte) []byte {
	b = b[:0]
	for _, value := range s.cells {
		b = binary.AppendUvarint(b, value)
	}
	for i := range s.sides {
		side := &s.sides[i]
		b = binary.AppendUvarint(b, uint64(side.node))
		b = append(b, bit(side.dead), byte(len(side.buffer)))
		for _, store := range side.buffer {
			b = append(b, byte(store.Cell)<<1|bit(store.release))
			b = binary.AppendUvarint(b, store.Value)
		}
	}
	b = append(b, bit(s.bell), byte(s.next), byte(s.rings), byte(s.bounds), bit(s.judged))
	b = binary.AppendUvarint(b, s.verdict)
	return binary.AppendUvarint(b, uint64(s.ran))
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// push puts a store into the buffer.
func (side *side) push(store pending) {
	side.buffer = append(side.buffer[:len(side.buffer):len(side.buffer)], store)
}

// view is memory as a side sees it: its own stores are ahead of the others'.
func (s *state) view(i int) Cells {
	cells := s.cells
	for _, store := range s.sides[i].buffer {
		cells[store.Cell] = store.Value
	}
	return cells
}

// mayLand tells whether the store at index may leave the buffer next.
func (side *side) mayLand(index int, weak bool) bool {
	if index == 0 {
		return true
	}
	store := side.buffer[index]
	if !weak || store.release {
		return false
	}
	for _, earlier := range side.buffer[:index] {
		if earlier.Cell == store.Cell {
			return false
		}
	}
	return true
}

// land lets the store at index reach memory.
func (s *state) land(i, index int) {
	side := &s.sides[i]
	store := side.buffer[index]
	s.cells[store.Cell] = store.Value
	rest := make([]pending, 0, len(side.buffer)-1)
	rest = append(rest, side.buffer[:index]...)
	side.buffer = append(rest, side.buffer[index+1:]...)
}
