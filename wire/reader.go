package wire

import "io"

// emptyReadsMax is how many reads without bytes and without an error are borne
// before a source is declared broken; bufio draws the same line.
const emptyReadsMax = 100

// Reader takes frames from an io.Reader, through a [Stream]. It reads ahead, so
// the source must carry nothing but frames.
type Reader struct {
	source  io.Reader
	stream  Stream
	pending error // came with bytes, to be returned after them
}

// NewReader returns a Reader for frames of at most maxMessage bytes.
func NewReader(source io.Reader, direction Direction, maxMessage int) *Reader {
	return &Reader{source: source, stream: Stream{direction: direction, maxMessage: maxMessage}}
}

// Next returns the next frame, reading as often as that takes. The frame is good
// until the next call. The error is io.EOF where the source ends between two
// frames, an *Error where Stream.Next gives one, and otherwise the error of the
// source, after which Next may be called again if the source recovers, as from a
// read deadline.
func (r *Reader) Next() ([]byte, error) {
	for {
		frame, err := r.stream.Next()
		if frame != nil || err != nil {
			return frame, err
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads once, or as often as it takes to get a byte or an error. An error
// that comes with bytes is kept until those bytes were looked at.
func (r *Reader) fill() error {
	if err := r.pending; err != nil {
		r.pending = nil
		return err
	}
	for range emptyReadsMax {
		n, err := r.source.Read(r.stream.claim(1))
		r.stream.commit(n)
		switch {
		case err == io.EOF:
			r.stream.End()
			return nil
		case n > 0:
			r.pending = err
			return nil
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}
