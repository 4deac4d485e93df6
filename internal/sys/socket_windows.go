package sys

import (
	"errors"
	"net"
	"os"
)

// NewSocketPair returns errors.ErrUnsupported: a child cannot inherit a socket
// here by its number.
func NewSocketPair() (own net.Conn, child *os.File, err error) {
	return nil, nil, errors.ErrUnsupported
}

// InheritsFiles tells whether a child can inherit descriptors besides the
// standard ones.
const InheritsFiles = false
