package ring

import (
	"errors"
	"fmt"
)

// ErrFull says that the ring has too few free slots at the moment. Nothing was
// written; try again after the consumer has released some.
var ErrFull = errors.New("ring: full")

// CorruptError says that the other side of a lane wrote something that no
// correct implementation writes. The lane is lost: its handles must not be used
// again (RING-020).
type CorruptError struct {
	Code  Code   // what is impossible
	Field string // the shared field, as the specification names it
	Value uint64 // what it held
	Bound uint64 // what it was checked against
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("ring: lane is corrupt: code=%s field=%s value=%d bound=%d", e.Code, e.Field, e.Value, e.Bound)
}

// RegionError says why a region header or a geometry is not acceptable.
type RegionError struct {
	Field string // as the specification names it
	Value uint64
	Want  string
}

func (e *RegionError) Error() string {
	return fmt.Sprintf("ring: region refused: %s must be %s: %s=%d", e.Field, e.Want, e.Field, e.Value)
}
