package wire

import "slices"

// Direction says which of the two headers frames have.
type Direction uint8

// The directions, with the numbers of spec chapter 08.
const (
	Requests  Direction = 1 // from master to worker: REQUEST, SHUTDOWN, CANCEL
	Responses Direction = 2 // from worker to master: RESPONSE
)

// HeaderField says where a field lies in a header.
type HeaderField struct {
	Name   Field
	Offset int // bytes from the start of the frame
	Size   int // bytes
}

// HeaderSize is the size in bytes of the header of this direction.
func (d Direction) HeaderSize() int {
	if d == Responses {
		return ResponseHeaderSize
	}
	return RequestHeaderSize
}

// HeaderFields lists the fields of the header of this direction, in order and
// without gaps. The slice is the caller's.
func (d Direction) HeaderFields() []HeaderField {
	return slices.Clone(d.headerFields())
}

func (d Direction) headerFields() []HeaderField {
	if d == Responses {
		return responseHeaderFields[:]
	}
	return requestHeaderFields[:]
}

// FrameSize makes the checks of a header that a reader of a stream has to make
// before it waits for the payload (WIRE-001 to WIRE-008), and returns the size in
// bytes of the frame. header starts with the frame's header; the error is an *Error.
//
//spec:req WIRE-033
func (d Direction) FrameSize(header []byte, maxMessage int) (int, error) {
	size, refusal := d.frameSize(header, maxMessage)
	if refusal != nil {
		return 0, refusal
	}
	return size, nil
}

// frameSize makes the checks WIRE-001 to WIRE-008 on the frame that b starts
// with, and is the size in bytes of that frame.
func (d Direction) frameSize(b []byte, maxMessage int) (int, *Error) {
	if d == Responses {
		var h responseHeader
		err := h.read(b, maxMessage)
		return int(h.total), err
	}
	var h requestHeader
	err := h.read(b, maxMessage)
	return int(h.total), err
}

// parseError is why b is not a message.
func (d Direction) parseError(b []byte, maxMessage int) error {
	if d == Responses {
		_, err := ParseResponse(b, maxMessage)
		return err
	}
	_, err := ParseRequest(b, maxMessage)
	return err
}

// truncatedHeader is the refusal of the n bytes of a message that end inside
// its header.
//
//spec:req WIRE-001
func (d Direction) truncatedHeader(n int) *Error {
	var cut Field
	for _, f := range d.headerFields() {
		if f.Offset <= n {
			cut = f.Name
		}
	}
	return refuse(CodeTruncatedHeader, n, cut, uint64(n), uint64(d.HeaderSize()))
}

// part is the name and the length of a part of a payload.
type part struct {
	name   Field
	length uint64
}

// truncatedBody is the refusal of the n bytes of a message that end inside its
// payload, which consists of the parts and begins at the offset start.
//
//spec:req WIRE-009
func truncatedBody(n int, total, start uint64, parts ...part) *Error {
	end := start
	for _, p := range parts {
		end += p.length
		if end > uint64(n) {
			return refuse(CodeTruncatedBody, n, p.name, uint64(n), total)
		}
	}
	panic("wire: truncatedBody called for a message that is complete")
}

// trailing is the refusal of n bytes that hold more than a message of total
// bytes.
//
//spec:req WIRE-010
func trailing(n int, total uint64) *Error {
	return refuse(CodeTrailing, int(total), FieldTrailing, uint64(n), total)
}
