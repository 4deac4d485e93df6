package executor

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/ringwire/ringwire/payload"
)

// encoder is a reusable JSON encoder with its buffer, and what goes beside it. It
// must not be copied.
type encoder struct {
	buf         bytes.Buffer
	json        *json.Encoder
	attachments []payload.Attachment // of the last encode; they point into its kwargs
}

func (e *encoder) init() {
	e.json = json.NewEncoder(&e.buf)
	e.json.SetEscapeHTML(false)
}

// maxPooledBuffer keeps one giant call from pinning its memory for ever.
const maxPooledBuffer = 1 << 20

// reset makes the encoder ready for use again. The bytes that encode returned are
// gone then.
func (e *encoder) reset() {
	clear(e.attachments)
	e.attachments = e.attachments[:0]
	if e.buf.Cap() <= maxPooledBuffer {
		e.buf.Reset()
	} else {
		e.buf = bytes.Buffer{}
	}
}

// arguments are encoded kwargs, in the order in which they are sent. The JSON
// text is the end, so that arguments whose end is missing are never good ones
// (see lane.send).
type arguments struct {
	head        []byte // everything, if there are no attachments
	attachments []payload.Attachment
	text        []byte
}

// more is how many bytes follow the head.
func (a *arguments) more() int { return payload.Size(a.attachments) + len(a.text) }

// appendMore appends them.
func (a *arguments) appendMore(dst []byte) []byte {
	for i := range a.attachments {
		dst = append(append(dst, a.attachments[i].Name...), a.attachments[i].Data...)
	}
	return append(dst, a.text...)
}

// encode returns kwargs as a payload that is good until reset. Raw JSON is passed
// on as it is; whether it is an object is for the worker to say. jsonOnly means
// payload encoding 1.
//
//spec:req PAYLOAD-001 PAYLOAD-017
func (e *encoder) encode(kwargs any, jsonOnly bool) (arguments, error) {
	switch v := kwargs.(type) {
	case nil:
		return arguments{}, nil
	case json.RawMessage:
		return arguments{head: v}, nil
	}
	if !jsonOnly {
		kwargs = e.extract(kwargs)
	}
	head := 0
	if len(e.attachments) > 0 {
		head = payload.HeadSize(len(e.attachments))
		e.buf.Grow(head)
		e.buf.Write(e.buf.AvailableBuffer()[:head])
	}
	if err := e.json.Encode(kwargs); err != nil {
		return arguments{}, fmt.Errorf("%w: encode kwargs: %w", ErrBadArguments, err)
	}
	b := e.buf.Bytes()
	b = b[:len(b)-1] // without the encoder's newline
	if head > 0 {
		payload.PutHead(b, len(b)-head, e.attachments)
		return arguments{b[:head], e.attachments, b[head:]}, nil
	}
	if string(b) == "null" {
		b = nil // a nil map or pointer
	}
	return arguments{head: b}, nil
}

// decodeFailure turns a failed response into a *PythonError. A body that is not
// a failure object costs the details, not the error.
//
//spec:req PAYLOAD-010
func decodeFailure(r *result) *PythonError {
	e := new(PythonError)
	if len(r.body) == 0 || json.Unmarshal(r.body, e) != nil {
		*e = PythonError{}
	}
	e.Status = r.status
	if e.Type == "" && e.Message == "" {
		e.Message = r.message
	}
	return e
}
