package schedules

// Cell numbers a shared field: the four of the control block, then three for
// each slot.
type Cell = uint32

// The cells. Slots follow one another from cell FirstSlot; of the data of a slot
// only the first 8 bytes are modelled.
const (
	WritePosition Cell = iota
	UrgentCount
	ReadPosition
	NeedWakeup
	FirstSlot

	MessageLength  Cell = 0 // relative to the slot
	FragmentOffset Cell = 1
	Data           Cell = 2
	cellsOfSlot    Cell = 3
)

const (
	maxSlots = 4
	maxCells = FirstSlot + maxSlots*cellsOfSlot
)

// SlotCell returns a cell of the slot at index.
func SlotCell(index int, field Cell) Cell { return FirstSlot + Cell(index)*cellsOfSlot + field }

// Cells is the contents of shared memory.
type Cells [maxCells]uint64

// Kind says what a subject asks for.
type Kind uint8

// The kinds of request, and what the subject is given for each.
const (
	Load         Kind = iota // the value of Cell
	Store                    // nothing; Value goes into the store buffer
	StoreRelease             // nothing; the same, and lands after all stores before it
	Exchange                 // nothing; the buffer has drained and Value has landed
	Add                      // the sum of Cell and Value, which has landed as with Exchange
	Fence                    // nothing; the buffer has drained
	Ring                     // nothing
	Clear                    // nothing; the doorbell is not readable
	Wait                     // a Reason: the doorbell is readable, or another
	Await                    // a Reason: Cell differs from Value, or another
	Choose                   // 0 or 1, both are tried
	Look                     // nothing; until its next request it may use the slot of index Value
	Deliver                  // nothing; Value is what the user has got, a Delivery
	GiveUp                   // nothing; the subject treats the lane as corrupt
	Done                     // it has ended
	Failed                   // it has broken down: a panic or a trap
)

var kindNames = [...]string{
	"load", "store", "store-release", "exchange", "add", "fence", "ring", "clear", "wait",
	"await", "choose", "look", "deliver", "give up", "done", "failed",
}

func (k Kind) String() string { return kindNames[k] }

// Request is what a subject asks for.
type Request struct {
	Kind  Kind
	Cell  Cell
	Value uint64
}

// Reason is the result of Wait and Await.
const (
	BoundPassed uint64 = iota // only if the scenario bounds sleeps
	Happened                  // the doorbell rang, the cell has changed
	OtherDied                 // the system has reported the death of the other side
)

// Delivery is what a consumer hands to its user: the number of a message, or
// Garbage, and what it knew of its cancellation.
const (
	Garbage   uint64 = 0xff
	Canceled  uint64 = 1 << 8 // it will not run: a CANCEL for it was seen
	Counted   uint64 = 1 << 9 // urgent_count was seen above 0
	messageID uint64 = 0xff
)

// Turn is one result given to a subject.
type Turn struct {
	Result uint64

	// Slot is what the subject sees of the slot that it asked to Look at.
	Slot [cellsOfSlot]uint64
}

// Write is a store that a subject made without asking.
type Write struct {
	Cell  Cell
	Value uint64
}

// Answer is what a subject does next.
type Answer struct {
	Request Request

	// Writes are plain stores made since the last request, if that was to Look at
	// a slot, in order.
	Writes []Write

	// Point names, if it is not empty, all that the subject remembers. Two
	// histories that lead to the same Point and Request have the same future.
	Point string
}

// Subject is one side of a ring.
type Subject interface {
	// Run starts the subject anew, gives it these turns and returns what it asks
	// for then. It is called from one goroutine at a time.
	Run(turns []Turn) (Answer, error)
}
