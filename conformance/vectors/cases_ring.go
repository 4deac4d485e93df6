package vectors

import (
	"fmt"
	"strconv"
	"strings"
)

// text returns n bytes of which neighbours differ, so that a fragment in the
// wrong place is seen.
func text(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte(byte('!' + i%89))
	}
	return b.String()
}

func (c *cases) rings() {
	play := func(id, comment, requirements, flags string, steps func(*scenario)) {
		s := newScenario(defaultParams())
		steps(s)
		c.scenario("ring-"+id, comment, Valid, s, requirements, flags)
	}
	const slots = "RING-001 RING-003 RING-004"
	for _, n := range []int{1, 63, 64, 65, 127, 128, 129, 255, 256} {
		play(fmt.Sprintf("message-of-%d", n), fmt.Sprintf("a message of %d bytes in slots of 64", n), slots+" RING-002 RING-007 ABI-013 ABI-014", "Fragments", func(s *scenario) {
			s.push("request", text(n), false, strconv.Itoa(n))
			s.pop("request", strconv.Itoa(n))
			s.pop("request", "0")
		})
	}
	play("response-ring", "the response ring has its own control block and slots", slots, "Layout", func(s *scenario) {
		s.push("response", text(100), false, "100")
		s.pop("request", "0")
		s.pop("response", "100")
	})
	play("both-rings", "the rings do not disturb one another", slots+" RING-006", "Layout", func(s *scenario) {
		s.push("request", text(65), false, "65")
		s.push("response", text(130), false, "130")
		s.pop("request", "65")
		s.pop("response", "130")
	})
	play("order", "messages are popped one by one, in order", "RING-002 RING-011", "", func(s *scenario) {
		s.push("request", "first", false, "5")
		s.push("request", "second", false, "6")
		s.push("request", text(70), false, "70")
		s.pop("request", "5")
		s.pop("request", "6")
		s.pop("request", "70")
		s.pop("request", "0")
	})
	play("full", "a full ring takes nothing until a slot is released", "RING-006", "Full", func(s *scenario) {
		for range 4 {
			s.push("request", "x", false, "1")
		}
		s.push("request", "y", false, "0")
		s.pop("request", "1")
		s.push("request", "y", false, "1")
		s.push("request", "z", false, "0")
	})
	play("fragments-wait-for-slots", "a message goes on as slots become free", "RING-002 RING-006 RING-009", "Fragments Full", func(s *scenario) {
		s.push("request", "a", false, "1")
		s.push("request", "b", false, "1")
		s.push("request", text(200), false, "128")
		s.push("request", text(200), false, "128")
		s.pop("request", "1")
		s.push("request", text(200), false, "192")
		s.pop("request", "1")
		s.push("request", text(200), false, "200")
		s.pop("request", "200")
	})
	play("larger-than-the-ring", "a message of 1,000 bytes through a ring of 256", "RING-002 RING-009 RING-014", "Fragments Full", func(s *scenario) {
		message := text(1000)
		for _, done := range []string{"256", "512", "768"} {
			s.push("request", message, false, done)
			s.pop("request", "0")
		}
		s.push("request", message, false, "1000")
		s.pop("request", "1000")
	})
	play("greatest-message", "a message of exactly max_message bytes", "RING-005 RING-017 LIMIT-001", "Fragments Limit", func(s *scenario) {
		message := text(1024)
		for _, done := range []string{"256", "512", "768"} {
			s.push("request", message, false, done)
			s.pop("request", "0")
		}
		s.push("request", message, false, "1024")
		s.pop("request", "1024")
	})
	play("old-bytes-stay", "a short message leaves the rest of its slot as it was", "ABI-013", "", func(s *scenario) {
		s.position("request", 4)
		s.push("request", text(64), false, "64")
		s.pop("request", "64")
		s.position("request", 8)
		s.push("request", "abc", false, "3")
		s.pop("request", "3")
	})
	for _, p := range []struct {
		id       string
		position uint64
	}{
		{"index", 3}, {"at-2-32", 1<<32 - 2}, {"at-2-31", 1<<31 - 1}, {"at-2-63", 1<<63 - 2}, {"above-2-53", 1<<53 + 1},
	} {
		play("position-wraps-"+p.id, fmt.Sprintf("positions go on from %d", p.position), "RING-001 RING-008 RING-012", "Positions", func(s *scenario) {
			s.position("request", p.position)
			s.push("request", text(150), false, "150")
			s.pop("request", "150")
			s.push("request", "next", false, "4")
			s.pop("request", "4")
			s.pop("request", "0")
		})
	}
	odd := newScenario(RingParams{SlotCount: 2, SlotSize: 72, MaxMessage: 1024, Generation: 1})
	odd.push("request", text(144), false, "144")
	odd.push("response", text(73), false, "73")
	odd.pop("request", "144")
	odd.pop("response", "73")
	c.scenario("ring-stride-is-not-size", "slots of 72 bytes lie 128 bytes apart", Valid, odd, slots, "Layout")

	play("urgent-counted", "an urgent message is counted after it is published", "RING-021", "Urgent", func(s *scenario) {
		s.push("request", "cancel", true, "6")
		s.push("request", "plain", false, "5")
		s.push("request", "cancel", true, "6")
		s.pop("request", "6")
	})
	play("urgent-counted-when-complete", "an urgent message of several fragments is counted once, when its last fragment is published", "RING-021", "Urgent Fragments Full", func(s *scenario) {
		s.push("request", "a", false, "1")
		s.push("request", text(200), true, "192")
		s.pop("request", "1")
		s.push("request", text(200), true, "200")
	})
	play("urgent-count-wraps", "urgent_count is a count modulo 2^32", "RING-021", "Urgent Positions", func(s *scenario) {
		s.write(requestControl+urgentCount, le32(0xFFFFFFFF))
		s.push("request", "cancel", true, "6")
	})
	play("urgent-not-counted-when-full", "an urgent message that finds no slot is not counted", "RING-021 RING-006", "Urgent Full", func(s *scenario) {
		for range 4 {
			s.push("request", "x", false, "1")
		}
		s.push("request", "cancel", true, "0")
	})
	play("bell-due", "the doorbell is due when the consumer says that it sleeps", "BELL-002", "Doorbell", func(s *scenario) {
		s.write(requestControl+needWakeup, le32(1))
		s.push("request", "a", false, "1")
		s.write(requestControl+needWakeup, le32(0))
		s.push("request", "b", false, "1")
	})
	play("bell-due-when-not-zero", "any value of need_wakeup but 0 means that the doorbell is due", "BELL-002", "Doorbell", func(s *scenario) {
		s.write(requestControl+needWakeup, le32(0x100))
		s.push("request", "a", false, "1")
	})
	play("bell-of-the-other-ring", "the flag of one ring says nothing about the other", "BELL-002", "Doorbell Layout", func(s *scenario) {
		s.write(requestControl+needWakeup, le32(1))
		s.push("response", "a", false, "1")
		s.push("request", "b", false, "1")
	})
	play("bell-not-due-when-full", "what publishes nothing rings nothing", "BELL-002", "Doorbell Full", func(s *scenario) {
		for range 4 {
			s.push("request", "x", false, "1")
		}
		s.write(requestControl+needWakeup, le32(1))
		s.push("request", "y", false, "0")
	})
	play("bell-due-for-a-part", "a part of a message wakes the consumer too, which would otherwise never release its slots", "BELL-002 RING-009", "Doorbell Fragments Full", func(s *scenario) {
		s.write(requestControl+needWakeup, le32(1))
		s.push("request", text(400), false, "256")
	})
	play("reserved-bytes-ignored", "reserved bytes of the control blocks and the worker block do not matter and are not changed", "REGION-012 REGION-013", "Layout", func(s *scenario) {
		s.write(requestControl+16, []byte("reserved"))
		s.write(requestControl+136, []byte("reserved"))
		s.write(1536+104, []byte("reserved"))
		s.push("request", text(65), false, "65")
		s.pop("request", "65")
	})
	play("full-by-position", "write_position may be ahead by exactly slot_count", "RING-015", "Positions Full", func(s *scenario) {
		s.position("request", 10)
		s.push("request", text(256), false, "256")
		s.pop("request", "256")
	})
	play("first-fragment-only", "a message of which only the first fragment has come is waited for", "RING-009 RING-019", "Fragments", func(s *scenario) {
		s.write(s.slotOffset("request", 0), append(le32(1024), le32(0)...))
		s.write(requestControl+writePosition, le64(1))
		s.pop("request", "0")
		s.pop("request", "0")
	})
	s := newScenario(defaultParams())
	s.push("request", text(1025), false, "TOO_LARGE")
	s.push("request", "small", false, "5")
	c.scenario("ring-message-too-large", "a message above max_message is not sent, not even in part, and the lane stays usable", Invalid, s, "RING-005 ABI-016 LIMIT-002", "Limit")
}

func (c *cases) ringCorruption() {
	corrupt := func(id, comment, requirements, flags string, steps func(*scenario)) {
		s := newScenario(defaultParams())
		steps(s)
		c.scenario("ring-corrupt-"+id, comment, Invalid, s, requirements+" RING-020 ABI-015", flags)
	}
	const request = "request"
	// twice asks again after the fault was repaired: a lane stays corrupt.
	twice := func(s *scenario, code string) {
		s.pop(request, code)
		s.write(requestControl+writePosition, le64(s.consumers[request].own))
		s.pop(request, code)
	}
	for _, t := range []struct {
		id, comment     string
		position, write uint64
	}{
		{"write-position-behind", "write_position is one less than the consumer's read position", 10, 9},
		{"write-position-zero", "write_position went back to 0", 10, 0},
		{"write-position-ahead", "write_position is ahead by slot_count plus 1", 10, 15},
		{"write-position-far-ahead", "write_position is the greatest number", 10, 1<<64 - 1},
		{"write-position-high-half", "write_position equals the read position in its low 32 bits only", 10, 10 + 1<<32},
		{"write-position-sign", "write_position is negative for a reader with signed numbers", 10, 1 << 63},
	} {
		corrupt(t.id, t.comment, "RING-015 REGION-014", "Positions Hostile", func(s *scenario) {
			s.position(request, t.position)
			s.write(requestControl+writePosition, le64(t.write))
			twice(s, "RING_POSITION")
		})
	}
	for _, t := range []struct {
		id, comment string
		read        uint64
	}{
		{"read-position-ahead", "read_position is one more than the producer's write position", 12},
		{"read-position-far-ahead", "read_position is the greatest number", 1<<64 - 1},
		{"read-position-back", "read_position is less than the one loaded before", 9},
		{"read-position-zero", "read_position went back to 0", 0},
		{"read-position-high-half", "read_position is right in its low 32 bits only", 10 + 1<<32},
	} {
		corrupt(t.id, t.comment, "RING-016 REGION-014", "Positions Hostile", func(s *scenario) {
			s.position(request, 10)
			s.push(request, "good", false, "4")
			s.write(requestControl+readPosition, le64(t.read))
			s.push(request, "more", false, "RING_POSITION")
			s.write(requestControl+readPosition, le64(10))
			s.push(request, "more", false, "RING_POSITION")
		})
	}
	for _, t := range []struct {
		id, comment string
		length      uint32
	}{
		{"message-length-0", "a message of 0 bytes", 0},
		{"message-length-above-limit", "a message_length of max_message plus 1", 1025},
		{"message-length-greatest", "the greatest message_length", 0xFFFFFFFF},
		{"message-length-sign", "a message_length that is negative for a reader with signed numbers", 0x80000000},
	} {
		corrupt(t.id, t.comment, "RING-017 REGION-014", "Hostile Limit", func(s *scenario) {
			s.push(request, "good", false, "4")
			s.write(s.slotOffset(request, 0), le32(t.length))
			twice(s, "RING_LENGTH")
		})
	}
	for _, t := range []struct {
		id, comment string
		n           int
		slot        uint64
		at          uint64
		value       uint32
	}{
		{"first-fragment-offset", "the first fragment does not begin at 0", 10, 0, 4, 64},
		{"first-fragment-offset-1", "the first fragment begins at 1", 200, 0, 4, 1},
		{"fragment-repeated", "the second fragment says that it is the first", 200, 1, 4, 0},
		{"fragment-one-short", "the second fragment overlaps the first by a byte", 200, 1, 4, 63},
		{"fragment-one-long", "the second fragment leaves out a byte", 200, 1, 4, 65},
		{"fragment-skipped", "the second fragment is missing", 200, 1, 4, 128},
		{"fragment-offset-greatest", "the greatest fragment_offset", 200, 1, 4, 0xFFFFFFFF},
		{"last-fragment-offset", "the last fragment begins where the one before it did", 200, 3, 4, 128},
		{"fragment-length-grows", "the second fragment belongs to a longer message", 200, 1, 0, 201},
		{"fragment-length-shrinks", "the second fragment belongs to a shorter message", 200, 1, 0, 100},
		{"last-fragment-length", "the last fragment belongs to another message", 200, 3, 0, 199},
	} {
		corrupt(t.id, t.comment, "RING-018 REGION-014 ABI-014", "Hostile Fragments", func(s *scenario) {
			s.push(request, text(t.n), false, strconv.Itoa(t.n))
			s.write(s.slotOffset(request, t.slot)+t.at, le32(t.value))
			s.pop(request, "RING_FRAGMENT")
			s.write(s.slotOffset(request, t.slot), append(le32(uint32(t.n)), le32(uint32(64*t.slot))...))
			s.pop(request, "RING_FRAGMENT")
		})
	}
	for _, t := range []struct {
		id, comment string
		slot        uint64
		header      []byte
	}{
		{"fragment-length-0", "the second fragment says that its message has 0 bytes: the length is judged before what it should be", 1, append(le32(0), le32(64)...)},
		{"length-before-offset", "message_length is above max_message and fragment_offset is wrong: the length is judged first", 0, append(le32(1025), le32(64)...)},
	} {
		corrupt(t.id, t.comment, "RING-017 RING-018 REGION-014 ABI-014", "Hostile Limit Precedence", func(s *scenario) {
			s.push(request, text(200), false, "200")
			s.write(s.slotOffset(request, t.slot), t.header)
			s.pop(request, "RING_LENGTH")
		})
	}
	corrupt("message-interrupted", "a new message begins inside another", "RING-018", "Hostile Fragments", func(s *scenario) {
		s.push(request, text(128), false, "128")
		s.write(s.slotOffset(request, 1), append(le32(5), le32(0)...))
		s.pop(request, "RING_FRAGMENT")
	})
	corrupt("length-changes-between-parts", "the length of a message changes after its first fragment was released", "RING-018", "Hostile Fragments", func(s *scenario) {
		s.push(request, text(400), false, "256")
		s.pop(request, "0")
		s.push(request, text(400), false, "400")
		s.write(s.slotOffset(request, 4), le32(300))
		s.pop(request, "RING_FRAGMENT")
	})
	corrupt("good-message-first", "the message before the fault is delivered", "RING-017", "Hostile", func(s *scenario) {
		s.push(request, "good", false, "4")
		s.push(request, "bad", false, "3")
		s.write(s.slotOffset(request, 1), le32(0))
		s.pop(request, "4")
		s.pop(request, "RING_LENGTH")
	})
	corrupt("other-ring-unharmed-until-told", "a fault in one ring is found by whoever reads that ring", "RING-015", "Hostile", func(s *scenario) {
		s.write(requestControl+writePosition, le64(99))
		s.push("response", "good", false, "4")
		s.pop("response", "4")
		s.pop(request, "RING_POSITION")
	})
}
