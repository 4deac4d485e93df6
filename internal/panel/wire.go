package panel

import (
	"bytes"
	"io"
	"math"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/internal/wiretest"
	"github.com/ringwire/ringwire/wire"
)

// fieldsOf reads a message to be encoded out of bytes that look like one: a
// whole header, and lengths that do not reach beyond the bytes. Everything else
// may be as wrong as it likes.
func fieldsOf(direction string, b []byte) (numbers map[string]uint64, parts []string, ok bool) {
	header := wiretest.Direction(direction).HeaderFields()
	at := uint64(wiretest.Direction(direction).HeaderSize())
	if uint64(len(b)) < at {
		return nil, nil, false
	}
	numbers = map[string]uint64{}
	for _, f := range header {
		var n uint64
		for i := range f.Size {
			n |= uint64(b[f.Offset+i]) << (8 * i)
		}
		switch f.Name {
		case wire.FieldType, wire.FieldRequestID, wire.FieldStatusCode, wire.FieldSuccess:
			numbers[string(f.Name)] = n
		case wire.FieldTotalLength:
		default: // the length of a part
			if n > uint64(len(b))-at {
				return nil, nil, false
			}
			parts = append(parts, string(b[at:at+n]))
			at += n
		}
	}
	return numbers, parts, true
}

// canHold reports whether the types of package wire can say this at all.
func canHold(direction string, numbers map[string]uint64) bool {
	return direction == slowwire.Request || numbers["type"] == uint64(wire.TypeResponse) && numbers["success"] <= 1
}

func encode(direction string, numbers map[string]uint64, parts []string, maxMessage uint64) encoded {
	id := uint32(numbers["request_id"])
	var b []byte
	var err error
	if direction == slowwire.Response {
		r := wire.Response{
			ID: id, Status: wire.Status(numbers["status_code"]), Success: numbers["success"] == 1,
			Body: []byte(parts[0]), ErrorMessage: []byte(parts[1]),
		}
		b, err = r.Append(nil, limit(maxMessage))
	} else {
		r := wire.Request{
			Type: wire.Type(numbers["type"]), ID: id,
			Module: []byte(parts[0]), Function: []byte(parts[1]), Kwargs: []byte(parts[2]),
		}
		b, err = r.Append(nil, limit(maxMessage))
	}
	return encoded{b, wiretest.Refusal(err)}
}

func stream(direction string, chunks [][]byte, maxMessage uint64) split {
	s := wire.NewStream(wiretest.Direction(direction), limit(maxMessage))
	var got split
	for i := range len(chunks) + 1 {
		if i < len(chunks) {
			s.Push(chunks[i])
		} else {
			s.End()
		}
		for {
			frame, err := s.Next()
			if err == io.EOF || frame == nil && err == nil {
				break
			}
			if err != nil {
				got.Refusal = wiretest.Refusal(err)
				return got
			}
			if v := wiretest.Decode(direction, frame, maxMessage); v.Refusal != nil {
				got.Refusal = v.Refusal
				return got
			}
			got.Frames = append(got.Frames, bytes.Clone(frame))
		}
	}
	return got
}

func limit(maxMessage uint64) int { return int(min(maxMessage, math.MaxInt32)) }
