package wire

import "math"

// Status codes a response may carry (WIRE-023, WIRE-024): HTTP's classes for
// success and for errors of either side. The others mean nothing here.
const (
	statusSuccessMin Status = 200
	statusSuccessMax Status = 299
	statusFailureMin Status = 400
	statusFailureMax Status = 599
)

const (
	// streamBufferMin, in bytes, lets one read fetch many small frames.
	streamBufferMin = 16 << 10
	// streamBufferKeep, in bytes, is the largest buffer that a stream keeps
	// when it has nothing in it, so that one huge frame is not paid for until
	// the stream ends.
	streamBufferKeep = 1 << 20
)

// frameLimit is maxMessage as the codec applies it: never more than
// total_length can say, and nothing at all if it is negative.
func frameLimit(maxMessage int) uint64 {
	return min(uint64(max(maxMessage, 0)), math.MaxUint32)
}
