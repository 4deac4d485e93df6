// Package inspect takes a frame apart for people: field by field, with the fault
// marked where it is, also when package wire refuses the frame.
package inspect

import (
	"errors"
	"strings"

	"github.com/ringwire/ringwire/wire"
)

// FieldPayload names what lies behind a header whose lengths do not say how to
// divide it.
const FieldPayload wire.Field = "payload"

// Report is what can be said of bytes that claim to be one frame.
type Report struct {
	Direction wire.Direction // Responses if the first byte is 2, else Requests
	Rows      []Row          // in the order of their offsets
	Fault     *wire.Error    // why the frame is refused; nil if it is not
}

// Row is a header field, a part of the payload, or what follows the frame.
type Row struct {
	Field  wire.Field
	Offset int    // bytes from the start of the frame
	Bytes  []byte // as many as there are; a view into the input
	Size   uint64 // bytes that the field should have

	header bool
}

// Frame takes b apart, which should be exactly one frame of at most maxMessage
// bytes. Whatever b holds, it does not fail. The report refers to b.
func Frame(b []byte, maxMessage int) Report {
	r := Report{Direction: wire.Requests}
	var err error
	if len(b) > 0 && wire.Type(b[0]) == wire.TypeResponse {
		r.Direction = wire.Responses
		_, err = wire.ParseResponse(b, maxMessage)
	} else {
		_, err = wire.ParseRequest(b, maxMessage)
	}
	errors.As(err, &r.Fault)

	for _, f := range r.Direction.HeaderFields() {
		if f.Offset > len(b) {
			break // the field before is the one that is cut or missing
		}
		r.add(b, Row{Field: f.Name, Offset: f.Offset, Size: uint64(f.Size), header: true})
	}
	if len(b) >= r.Direction.HeaderSize() {
		r.addPayload(b)
	}
	return r
}

// addPayload adds the rows behind a header that is complete. Each length in the
// header is that of one part, in the same order.
func (r *Report) addPayload(b []byte) {
	var parts []Row
	var total uint64
	end := uint64(r.Direction.HeaderSize())
	for _, row := range r.Rows {
		if name, ok := strings.CutSuffix(string(row.Field), "_len"); ok {
			if end <= uint64(len(b)) {
				parts = append(parts, Row{Field: wire.Field(name), Offset: int(end), Size: row.Number()})
			}
			end += row.Number()
		}
		if row.Field == wire.FieldTotalLength {
			total = row.Number()
		}
	}
	if total != end {
		start := r.Direction.HeaderSize()
		parts = []Row{{Field: FieldPayload, Offset: start, Size: uint64(len(b) - start)}}
		end = uint64(len(b))
	}
	for _, part := range parts {
		r.add(b, part)
	}
	if end < uint64(len(b)) {
		r.add(b, Row{Field: wire.FieldTrailing, Offset: int(end), Size: uint64(len(b)) - end})
	}
}

// add cuts the bytes of the row out of b.
func (r *Report) add(b []byte, row Row) {
	row.Bytes = b[row.Offset:min(uint64(row.Offset)+row.Size, uint64(len(b)))]
	r.Rows = append(r.Rows, row)
}

// Complete reports whether all bytes of the field are there.
func (r Row) Complete() bool { return uint64(len(r.Bytes)) == r.Size }

// Number is the value of a header field.
func (r Row) Number() uint64 {
	var n uint64
	for i, b := range r.Bytes {
		n |= uint64(b) << (8 * i)
	}
	return n
}
