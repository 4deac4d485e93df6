//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

import "errors"

// ProcessUsage returns errors.ErrUnsupported: these systems tell only programs
// that are linked with their C library.
func ProcessUsage(int) (Usage, error) { return Usage{}, errors.ErrUnsupported }
