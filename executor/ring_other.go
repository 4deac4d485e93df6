//go:build !linux

package executor

import (
	"errors"

	"github.com/ringwire/ringwire/ring"
)

func openRing(*worker, ring.Header) (link, error) { return link{}, errors.ErrUnsupported }

// tryRing reports why a ring cannot be made: sealed shared memory without a name
// is Linux's.
func tryRing() error { return errors.ErrUnsupported }
