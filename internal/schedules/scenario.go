package schedules

// The sides of a ring, as indexes.
const (
	Producer = 0
	Consumer = 1
)

// Scenario is what the explorer lets happen.
type Scenario struct {
	Slots    int
	Messages []Message

	Buffered bool // stores wait in a buffer, as on x86-64
	Weak     bool // and leave it out of order, save for releases
	Spurious int  // rings by nobody
	Bounded  bool // the consumer's sleeps end by themselves, at the latest when nothing else moves
	Early    int  // how many of them may end before that
	Lossy    bool // any ring may be lost
	Kill     [2]bool

	// JudgeAtDeath plants a bug in the master: it judges before the last stores
	// of the dead consumer have landed.
	JudgeAtDeath bool
}

// Message is one that the producer sends.
type Message struct {
	Fragments int
	Cancels   int // which message it cancels, counting from 1; 0: none, it is not urgent
}

// lastSlot returns the position of the last slot of message m.
func (s *Scenario) lastSlot(m int) uint64 {
	slots := 0
	for _, message := range s.Messages[:m+1] {
		slots += message.Fragments
	}
	return uint64(slots - 1)
}

// canceled tells whether a later message cancels m.
func (s *Scenario) canceled(m int) bool {
	for _, message := range s.Messages {
		if message.Cancels == m+1 {
			return true
		}
	}
	return false
}

// SlotSize is the slot size of every scenario, the smallest that there is.
const SlotSize = 64

const maxMessage = 1024

// Length returns the length in bytes of a message.
func (m Message) Length() int { return m.Fragments * SlotSize }

// Word returns the first 8 data bytes of a fragment of message m.
func (s *Scenario) Word(m, fragment int) uint64 {
	word := uint64(m+1)<<8 | uint64(fragment)
	if target := s.Messages[m].Cancels; target > 0 {
		word |= s.Word(target-1, 0) << 32
	}
	return word
}

// Identify returns the number of the message that these words are, or Garbage.
func (s *Scenario) Identify(words []uint64) uint64 {
	for m, message := range s.Messages {
		if len(words) != message.Fragments {
			continue
		}
		same := true
		for fragment, word := range words {
			same = same && word == s.Word(m, fragment)
		}
		if same {
			return uint64(m)
		}
	}
	return Garbage
}
