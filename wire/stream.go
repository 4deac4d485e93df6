package wire

import "io"

// Stream cuts the bytes of a stream into frames. It does no I/O: the caller
// pushes what has arrived, in pieces of any size, and takes the frames that are
// complete.
//
//	stream.Push(chunk)
//	for {
//		frame, err := stream.Next()
//		if frame == nil || err != nil {
//			break // wait for the next chunk, or give up
//		}
//		request, err := wire.ParseRequest(frame, maxMessage)
//		…
//	}
//
// Stream judges headers only, because that is what finding the next frame needs;
// what a frame holds is for ParseRequest or ParseResponse to judge. Its memory
// grows with the bytes that have arrived, never with what a header announces.
type Stream struct {
	direction  Direction
	maxMessage int
	buf        []byte // buf[next:] has arrived and was not given out
	next       int
	ended      bool
	err        error // the refusal or io.EOF, for good
}

// NewStream returns a Stream for frames of at most maxMessage bytes.
func NewStream(direction Direction, maxMessage int) *Stream {
	return &Stream{direction: direction, maxMessage: maxMessage}
}

// Push hands over the bytes that arrived next. They are copied. After End, or
// once Next has returned an error, they are dropped.
func (s *Stream) Push(chunk []byte) {
	if s.ended || s.err != nil {
		return
	}
	s.commit(copy(s.claim(len(chunk)), chunk))
}

// End says that no more bytes will arrive.
func (s *Stream) End() { s.ended = true }

// Next returns the next whole frame; nil without an error asks for more bytes.
// The frame is good until the next Push. The error is io.EOF after End where a
// frame could begin, and otherwise an *Error, whose offset counts from the start
// of the frame. Every later call returns the same error: after a refusal nobody
// knows where the next frame begins.
//
//spec:req WIRE-032
//spec:req WIRE-033
//spec:req WIRE-034
//spec:req WIRE-035
func (s *Stream) Next() ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	rest := s.buf[s.next:]
	if len(rest) == 0 && s.ended {
		return nil, s.fail(io.EOF)
	}
	if len(rest) < s.direction.HeaderSize() && !s.ended {
		return nil, nil
	}
	size, refusal := s.direction.frameSize(rest, s.maxMessage)
	if refusal != nil {
		return nil, s.fail(refusal)
	}
	if size <= len(rest) {
		s.next += size
		return rest[:size:size], nil
	}
	if s.ended {
		return nil, s.fail(s.direction.parseError(rest, s.maxMessage))
	}
	return nil, nil
}

func (s *Stream) fail(err error) error {
	s.err = err
	s.buf, s.next = nil, 0
	return err
}

// claim returns at least n bytes, and not none, to be filled with what arrives.
// It overwrites the frames that were given out, but for what follows them.
func (s *Stream) claim(n int) []byte {
	n = max(n, 1)
	rest := s.buf[s.next:]
	if len(rest) == 0 && cap(s.buf) > streamBufferKeep {
		s.buf = nil
	}
	if len(rest) == 0 || cap(s.buf)-len(s.buf) < n {
		if need := len(rest) + n; need > cap(s.buf) {
			s.buf = make([]byte, 0, max(need, 2*cap(s.buf), streamBufferMin))
		}
		s.buf = s.buf[:copy(s.buf[:cap(s.buf)], rest)]
		s.next = 0
	}
	return s.buf[len(s.buf):cap(s.buf)]
}

// commit says that the first n bytes of the last claim are filled.
func (s *Stream) commit(n int) { s.buf = s.buf[:len(s.buf)+n] }
