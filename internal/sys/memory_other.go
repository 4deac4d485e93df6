//go:build !linux

package sys

import (
	"errors"
	"os"
)

// NewSealedFile returns errors.ErrUnsupported: only Linux has such files.
func NewSealedFile(string, []byte) (*os.File, error) { return nil, errors.ErrUnsupported }
