package ring

import (
	"fmt"
	"testing"
)

// BenchmarkSafety shows what it costs to trust nobody: the ring as it is against
// the same algorithm without the checks of positions, lengths and offsets
// (unchecked), and against one that moreover hands out the bytes of a short message
// where they lie instead of a copy (view). The metrics are ratios of times, so
// x-unchecked of 1.05 means that the checks cost 5 %.
//
//	go test ./ring -run '^$' -bench Safety -benchtime 3s -count 5
func BenchmarkSafety(b *testing.B) {
	for _, n := range []int{64, 1024, 4096, 64 << 10, 1 << 20} {
		messages := max(1, 64<<10/n) // per turn, no more than the ring holds
		messages = min(messages, 128)
		for _, rival := range []string{"unchecked", "view"} {
			if rival == "view" && n > 4096 {
				continue // a longer message lies in pieces, so it has to be copied
			}
			b.Run(fmt.Sprintf("%d/%s", n, rival), func(b *testing.B) {
				m := message(n, 1)
				r := newRegion(b, Geometry{}.WithDefaults())
				p, c := r.RequestProducer(), r.RequestConsumer()
				checked := func() {
					for range messages {
						if err := p.sendForBenchmark(m); err != nil {
							b.Fatal(err)
						}
					}
					for range messages {
						got, _, err := c.Next()
						if err != nil || len(got) != n || touch(got) == 0 {
							b.Fatal(len(got), err)
						}
					}
				}
				r = newRegion(b, Geometry{}.WithDefaults())
				up, uc := uncheckedProducer{r.RequestProducer()}, uncheckedConsumer{r.RequestConsumer()}
				next := uc.next
				if rival == "view" {
					next = uc.nextView
				}
				unchecked := func() {
					for range messages {
						if err := up.send(m); err != nil {
							b.Fatal(err)
						}
					}
					for range messages {
						if got := next(); len(got) != n || touch(got) == 0 {
							b.Fatal(len(got))
						}
					}
				}
				with, without := compare(b, checked, unchecked)
				b.ReportMetric(float64(with)/float64(without), "x-"+rival)
				b.ReportMetric(float64(with-without)/float64(messages), "ns-more/message")
				b.ReportMetric(float64(with)/float64(messages), "ns/message")
				b.ReportMetric(0, "ns/op") // of both together: means nothing
			})
		}
	}
}

// touch reads every byte, as whoever parses a message does.
func touch(m []byte) (sum uint64) {
	for len(m) >= 8 {
		sum += le.Uint64(m) | 1
		m = m[8:]
	}
	return sum + uint64(len(m))
}

// sendForBenchmark sends a message for which there is room.
func (p *Producer) sendForBenchmark(m []byte) error {
	if p.Fits(len(m)) {
		slot, err := p.Claim(len(m))
		if err != nil {
			return err
		}
		copy(slot, m)
		p.Commit()
		return nil
	}
	p.Begin(len(m))
	_, err := p.Write(m)
	return err
}

// uncheckedProducer is Producer, believing the read position.
type uncheckedProducer struct{ *Producer }

func (p uncheckedProducer) free() uint64 {
	if free := p.count - (p.write - p.read); free > 0 {
		return free
	}
	p.read = p.readPosition.Load()
	return p.count - (p.write - p.read)
}

// claim has the checks of Claim that protect callers from themselves.
func (p uncheckedProducer) claim(n int) ([]byte, error) {
	if n < 1 || n > p.size || n > p.maxMessage {
		panic("claim of a bad length")
	}
	p.mustBeIdle("claim")
	if p.free() == 0 {
		return nil, ErrFull
	}
	p.claimed = n
	slot := p.at(p.write)
	return slot[slotHeaderSize : slotHeaderSize+n : slotHeaderSize+n], nil
}

func (p uncheckedProducer) send(m []byte) error {
	if p.Fits(len(m)) {
		slot, err := p.claim(len(m))
		if err != nil {
			return err
		}
		copy(slot, m)
		p.Commit()
		return nil
	}
	p.Begin(len(m))
	for copied := 0; copied < len(m); {
		if p.fragment == 0 {
			if p.free() == 0 {
				return ErrFull
			}
			p.putHeader(p.total, p.written)
		}
		n := copy(p.at(p.write)[slotHeaderSize+p.fragment:], m[copied:])
		copied += n
		p.written += n
		p.fragment += n
		if p.fragment == p.size || p.written == p.total {
			p.fragment = 0
			p.write++
			p.writePosition.Store(p.write)
		}
	}
	p.total = 0
	return nil
}

// uncheckedConsumer is Consumer, believing the write position and the slot headers.
type uncheckedConsumer struct{ *Consumer }

func (c uncheckedConsumer) next() []byte {
	for {
		if c.read == c.write {
			c.write = c.writePosition.Load()
			if c.read == c.write {
				return nil
			}
		}
		slot := c.at(c.read)
		length := int(le.Uint32(slot[offSlotMessageLength:]))
		if c.total == 0 && length <= c.size {
			message := c.short[:length]
			copy(message, slot[slotHeaderSize:])
			c.release()
			return message
		}
		if c.total == 0 {
			c.total = length
			c.partial = make([]byte, 0, length)
		}
		n := min(c.total-len(c.partial), c.size)
		c.partial = append(c.partial, slot[slotHeaderSize:slotHeaderSize+n]...)
		c.release()
		if len(c.partial) == c.total {
			message := c.partial
			c.partial, c.total = nil, 0
			return message
		}
	}
}

// nextView returns a message of one slot where it lies. It has been released
// already, so it is good only because this benchmark sends nothing meanwhile.
func (c uncheckedConsumer) nextView() []byte {
	if c.read == c.write {
		c.write = c.writePosition.Load()
		if c.read == c.write {
			return nil
		}
	}
	slot := c.at(c.read)
	length := int(le.Uint32(slot[offSlotMessageLength:]))
	c.release()
	return slot[slotHeaderSize : slotHeaderSize+length]
}
