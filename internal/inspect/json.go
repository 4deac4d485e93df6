package inspect

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"

	"github.com/ringwire/ringwire/wire"
)

// MarshalJSON writes one object with the fields as spec chapter 01 names them,
// in the order of the frame, as far as they are there in full. Header fields are
// numbers. Parts of the payload are strings, or objects {"hex": "…"} where their
// bytes are not UTF-8. A frame that is refused has the member error, with code,
// category, offset, field and message.
func (r Report) MarshalJSON() ([]byte, error) {
	o := object{}
	for _, row := range r.Rows {
		if !row.Complete() || row.Field == FieldPayload || row.Field == wire.FieldTrailing {
			continue
		}
		switch {
		case row.header:
			o.add(string(row.Field), row.Number())
		case utf8.Valid(row.Bytes):
			o.add(string(row.Field), string(row.Bytes))
		default:
			o.add(string(row.Field), map[string]string{"hex": hex.EncodeToString(row.Bytes)})
		}
	}
	if r.Fault != nil {
		o.add("error", fault{
			Code:     r.Fault.Code.String(),
			Category: r.Fault.Category(),
			Offset:   r.Fault.Offset,
			Field:    r.Fault.Field,
			Message:  r.Fault.Error(),
		})
	}
	return o.close()
}

type fault struct {
	Code     string        `json:"code"`
	Category wire.Category `json:"category"`
	Offset   int           `json:"offset"`
	Field    wire.Field    `json:"field"`
	Message  string        `json:"message"`
}

// object is a JSON object whose members keep their order.
type object struct {
	text bytes.Buffer
	err  error
}

func (o *object) add(name string, value any) {
	if o.err != nil {
		return
	}
	separator := byte(',')
	if o.text.Len() == 0 {
		separator = '{'
	}
	o.text.WriteByte(separator)
	member, err := json.Marshal(value)
	o.err = err
	o.text.WriteString(`"` + name + `":`)
	o.text.Write(member)
}

func (o *object) close() ([]byte, error) {
	if o.text.Len() == 0 {
		o.text.WriteByte('{')
	}
	o.text.WriteByte('}')
	return o.text.Bytes(), o.err
}
