package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"syscall"
	"time"
)

// Frames, little-endian: a request is the length of the JSON, the id of the call
// (four bytes each), the handler's place in socketHandlers (one byte) and the JSON;
// a response is length, id and JSON.
const (
	requestHeader  = 9
	responseHeader = 8
)

var socketHandlers = []string{"add", "echo", "echo_base64", "add_async", "echo_async"}

func appendRequest(b []byte, id uint32, handler string, arguments []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(arguments)))
	b = binary.LittleEndian.AppendUint32(b, id)
	b = append(b, byte(slices.Index(socketHandlers, handler)))
	return append(b, arguments...)
}

// frameConn is a connection to a worker.
type frameConn struct {
	*net.UnixConn
	raw  syscall.RawConn
	spin time.Duration // how long a read looks for bytes before it sleeps

	request    []byte // of roundTrip
	buffer     []byte
	start, end int // of what is read and not used yet
}

func dialFrames(ctx context.Context, socket string, spin time.Duration) (*frameConn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	c := &frameConn{UnixConn: conn.(*net.UnixConn), spin: spin, buffer: make([]byte, 64<<10)}
	if c.raw, err = c.SyscallConn(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// roundTrip is for a lone caller. The result is good until the next one.
func (c *frameConn) roundTrip(handler string, arguments []byte) ([]byte, error) {
	c.request = appendRequest(c.request[:0], 0, handler, arguments)
	if _, err := c.Write(c.request); err != nil {
		return nil, err
	}
	_, result, err := c.next()
	return result, err
}

// next returns the next response; result is good until the next call.
func (c *frameConn) next() (id uint32, result []byte, err error) {
	if err := c.fill(responseHeader); err != nil {
		return 0, nil, err
	}
	header := c.buffer[c.start:]
	size := responseHeader + int(binary.LittleEndian.Uint32(header))
	id = binary.LittleEndian.Uint32(header[4:])
	if err := c.fill(size); err != nil {
		return 0, nil, err
	}
	result = c.buffer[c.start+responseHeader : c.start+size]
	c.start += size
	return id, result, nil
}

// fill reads until there are n bytes.
func (c *frameConn) fill(n int) error {
	if c.start == c.end {
		c.start, c.end = 0, 0
	}
	if c.start+n > len(c.buffer) {
		buffer := c.buffer
		if n > len(buffer) {
			buffer = make([]byte, n)
		}
		c.start, c.end, c.buffer = 0, copy(buffer, c.buffer[c.start:c.end]), buffer
	}
	for c.end-c.start < n {
		read, err := c.read(c.buffer[c.end:])
		if err != nil {
			return err
		}
		c.end += read
	}
	return nil
}
