package executor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
)

// encoder is a reusable JSON encoder with its buffer.
type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := new(encoder)
	e.json = json.NewEncoder(&e.buf)
	e.json.SetEscapeHTML(false)
	return e
}}

// maxPooledBuffer keeps one giant call from pinning its memory for ever.
const maxPooledBuffer = 1 << 20

// free gives the encoder back. The bytes that encode returned are gone then.
func (e *encoder) free() {
	if e.buf.Cap() <= maxPooledBuffer {
		e.buf.Reset()
		encoders.Put(e)
	}
}

// encode returns kwargs as JSON, good until free. nil means no arguments. Raw
// JSON is passed on as it is; whether it is an object is for the worker to say.
//
//spec:req PAYLOAD-001
func (e *encoder) encode(kwargs any) ([]byte, error) {
	switch v := kwargs.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		return v, nil
	}
	if err := e.json.Encode(kwargs); err != nil {
		return nil, fmt.Errorf("%w: encode kwargs: %w", ErrBadArguments, err)
	}
	b := e.buf.Bytes()
	b = b[:len(b)-1] // without the encoder's newline
	if string(b) == "null" {
		return nil, nil // a nil map or pointer
	}
	return b, nil
}

// decode stores a result where out points. body is the pool's memory unless
// owned, so raw JSON is copied then.
//
//spec:req PAYLOAD-003
func decode(body []byte, owned bool, out any) error {
	if out == nil {
		return nil
	}
	if len(body) == 0 {
		body = []byte("null")
	}
	if raw, ok := out.(*json.RawMessage); ok {
		if !owned {
			body = bytes.Clone(body)
		}
		*raw = body
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%w: decode result into %T: %w", ErrBadResult, out, err)
	}
	return nil
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
