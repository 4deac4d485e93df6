package wasm

import (
	"bytes"
	"fmt"
)

const pageSize = 65536

// placement says where the buffers of a call lie.
type placement struct {
	name string
	// shift is the distance of each buffer from a multiple of 16.
	shift uint32
	// flush is the number of the buffer that ends with the last byte of the
	// memory, so that touching one byte more is a trap; -1: none.
	flush int
}

// placements returns the ways in which a call with n buffers is tried.
func placements(n int) []placement {
	out := []placement{{"aligned", 0, -1}, {"unaligned", 1, -1}}
	for k := range n {
		out = append(out, placement{fmt.Sprintf("buffer %d flush with the end of memory", k), 3, k})
	}
	return out
}

// block is a buffer of a call: what it holds, and when the module may change it.
type block struct {
	data []byte
	mode mode
	at   uint32
}

// mode says when a module may change a buffer.
type mode int

const (
	input  mode = iota // never
	output             // when it does not refuse
	state              // always
)

// canary fills the room between buffers. A module that writes there is found
// out; one that reads there reads bytes that are no text and no length.
const canary = 0xA5

// margin is the least room between two buffers, in bytes.
const margin = 32

// arena is the host's own room in a module's memory: pages that the host added
// at the end. A call uses a window of it, the last bytes of the memory.
type arena struct {
	base, size uint32
	// window is where the buffers of the current call lie, and before what it
	// held when the call began.
	window uint32
	before []byte
}

// lay puts the blocks into the arena of the instance, and sets their addresses.
func (i *instance) lay(p placement, blocks []*block) error {
	need := uint64(2 * margin)
	for _, b := range blocks {
		need += uint64(len(b.data)) + 2*margin
	}
	need = (need + 15) / 16 * 16
	if err := i.reserve(need); err != nil {
		return err
	}
	a := &i.arena
	end := a.base + a.size
	a.window = end - uint32(need)
	view, ok := i.memory.Read(a.window, uint32(need))
	if !ok {
		return fmt.Errorf("wasm: memory shrank: end=%d", end)
	}
	fill(view)
	next := uint32(margin)
	for k, b := range blocks {
		offset := next/16*16 + p.shift
		if k == p.flush {
			offset = uint32(need) - uint32(len(b.data))
		} else {
			next = offset + uint32(len(b.data)) + margin
		}
		copy(view[offset:], b.data)
		b.at = a.window + offset
	}
	a.before = bytes.Clone(view)
	return nil
}

// reserve makes an arena of at least n bytes that ends with the memory.
func (i *instance) reserve(n uint64) error {
	end := uint64(i.memory.Size())
	a := &i.arena
	own := a.size > 0 && uint64(a.base)+uint64(a.size) == end // nobody added pages since
	if own && uint64(a.size) >= n {
		return nil
	}
	missing := n
	if own {
		missing -= uint64(a.size)
	} else {
		a.base, a.size = uint32(end), 0
	}
	pages := (missing + pageSize - 1) / pageSize
	if _, ok := i.memory.Grow(uint32(pages)); !ok {
		return fmt.Errorf("wasm: the module's memory cannot grow by pages=%d: let its maximum be larger", pages)
	}
	a.size += uint32(pages * pageSize)
	if view, ok := i.memory.Read(uint32(end), uint32(pages*pageSize)); ok {
		fill(view)
	}
	return nil
}

func fill(view []byte) {
	for k := range view {
		view[k] = canary
	}
}

// canaries is a stretch to compare with.
var canaries = bytes.Repeat([]byte{canary}, pageSize)

// untouched returns how many bytes of view are canaries before the first that is
// not; all of them, if none is.
func untouched(view []byte) int {
	for at := 0; at < len(view); {
		n := min(len(view)-at, len(canaries))
		if !bytes.Equal(view[at:at+n], canaries[:n]) {
			for view[at] == canary {
				at++
			}
			return at
		}
		at += n
	}
	return len(view)
}

// take reads the blocks back and reports what the module changed without being
// allowed to: anything in the arena outside of the buffers it may write.
func (i *instance) take(blocks []*block, refused bool) *fault {
	a := &i.arena
	after, ok := i.memory.Read(a.window, uint32(len(a.before)))
	rest, alsoOK := i.memory.Read(a.base, a.window-a.base)
	if !ok || !alsoOK {
		return &fault{"ABI-004", "the memory shrank during the call"}
	}
	defer fill(after)
	if at := untouched(rest); at < len(rest) {
		defer fill(rest)
		return &fault{"ABI-008", fmt.Sprintf("wrote to memory that the host had added, at address %d", int(a.base)+at)}
	}
	expected := a.before
	for _, b := range blocks {
		if b.mode == state || b.mode == output && !refused {
			offset := b.at - a.window
			b.data = bytes.Clone(after[offset : offset+uint32(len(b.data))])
			copy(expected[offset:], b.data)
		}
	}
	if bytes.Equal(expected, after) {
		return nil
	}
	at := 0
	for expected[at] == after[at] {
		at++
	}
	for k, b := range blocks {
		offset := int(b.at - a.window)
		switch {
		case at >= offset && at < offset+len(b.data) && b.mode == output:
			return &fault{"ABI-006", fmt.Sprintf("refused and changed byte %d of its output (buffer %d)", at-offset, k)}
		case at >= offset && at < offset+len(b.data):
			return &fault{"ABI-005", fmt.Sprintf("changed byte %d of its input (buffer %d)", at-offset, k)}
		case at < offset && at >= offset-margin:
			return &fault{"ABI-004", fmt.Sprintf("wrote %d bytes in front of buffer %d", offset-at, k)}
		case at >= offset+len(b.data) && at < offset+len(b.data)+margin:
			return &fault{"ABI-004", fmt.Sprintf("wrote at byte %d of buffer %d, which has %d bytes", at-offset, k, len(b.data))}
		}
	}
	return &fault{"ABI-004", fmt.Sprintf("wrote outside the buffers that it was given, at address %d", int(a.window)+at)}
}
