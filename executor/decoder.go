package executor

import (
	"encoding/json"
	"io"
	"sync"
)

// decoder decodes JSON text as json.Unmarshal does, without its allocations.
type decoder struct {
	text []byte // not read yet
	json *json.Decoder
}

var decoders = sync.Pool{New: func() any {
	d := new(decoder)
	d.json = json.NewDecoder(d)
	return d
}}

// shortText is up to how many bytes a text is decoded this way. Of a longer one, the
// copy that the reuse needs costs more than it saves.
const shortText = 4096

func unmarshal(text []byte, out any) error {
	if len(text) > shortText {
		return json.Unmarshal(text, out)
	}
	d := decoders.Get().(*decoder)
	d.text = text
	before := d.json.InputOffset()
	if err := d.json.Decode(out); err != nil || d.json.InputOffset() != before+int64(len(text)) {
		// An error, or something behind the value, be it white space. A decoder of a
		// stream words that differently, and it is not fit for another text now.
		return json.Unmarshal(text, out)
	}
	d.text = nil
	decoders.Put(d)
	return nil
}

// Read is for json only: it gives the text, and then its end.
func (d *decoder) Read(b []byte) (int, error) {
	n := copy(b, d.text)
	d.text = d.text[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
