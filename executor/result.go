package executor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/ringwire/ringwire/payload"
)

// rawResult is a result that will be decoded later.
type rawResult struct{ body []byte }

// decode stores a result where out points. body is the pool's memory unless
// owned, so what is not decoded is copied then. jsonOnly means payload encoding 1.
//
//spec:req PAYLOAD-003 PAYLOAD-018
func decode(body []byte, owned, jsonOnly bool, out any) error {
	if out == nil {
		return nil
	}
	if jsonOnly && isEnvelope(body) {
		return fmt.Errorf("%w: an envelope, where the payload encoding is JSON", ErrBadResult)
	}
	later, isLater := out.(*rawResult)
	_, isRaw := out.(*json.RawMessage)
	if !owned && (isLater || isRaw || isEnvelope(body)) {
		body = bytes.Clone(body)
	}
	if isLater {
		later.body = body
		return nil
	}
	text, attachments, err := payload.Parse(body)
	switch {
	case err != nil:
	case attachments != nil && len(text) > 0:
		err = decodeMembers(text, attachments, out)
	case attachments != nil:
		err = decodeWhole(attachments, out)
	default:
		err = decodeJSON(text, out)
	}
	if err != nil {
		return fmt.Errorf("%w: decode result into %T: %w", ErrBadResult, out, err)
	}
	return nil
}

// isEnvelope reports whether a body is no JSON but an envelope.
//
//spec:req PAYLOAD-015
func isEnvelope(body []byte) bool { return len(body) > 0 && body[0] == 0 }

func decodeJSON(text []byte, out any) error {
	if len(text) == 0 {
		text = []byte("null")
	}
	if raw, ok := out.(*json.RawMessage); ok {
		*raw = text
		return nil
	}
	return unmarshal(text, out)
}

// decodeWhole stores a result that is an attachment.
func decodeWhole(attachments []payload.Attachment, out any) error {
	a := attachments[0]
	if len(attachments) > 1 || len(a.Name) > 0 {
		return fmt.Errorf("%w: a result without JSON text is one attachment without name", payload.ErrMalformed)
	}
	v := reflect.ValueOf(out)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		if done, err := store(a, v.Elem()); done || err != nil {
			return err
		}
	}
	return decodeJSON(asJSON(a), out)
}

// decodeMembers stores a result of which some members are attachments.
//
//spec:req PAYLOAD-017 PAYLOAD-020
func decodeMembers(text []byte, attachments []payload.Attachment, out any) error {
	// encoding/json would take null for an object, and leave a map nil.
	if start := bytes.TrimLeft(text, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return fmt.Errorf("%w: the JSON text is not an object", payload.ErrMalformed)
	}
	if v := reflect.ValueOf(out); v.Kind() == reflect.Pointer && !v.IsNil() {
		switch into := out.(type) {
		case *any:
			m := map[string]any{}
			if err := decodeMembers(text, attachments, &m); err != nil {
				return err
			}
			*into = m
			return nil
		case *map[string]any:
			if err := unmarshal(text, into); err != nil {
				return err
			}
			for _, a := range attachments {
				(*into)[string(a.Name)] = value(a)
			}
			return nil
		}
		if fields := matching(attachments, v.Elem()); fields != nil {
			if err := unmarshal(text, out); err != nil {
				return err
			}
			for i, a := range attachments {
				if _, err := store(a, v.Elem().Field(fields[i])); err != nil {
					return err
				}
			}
			return nil
		}
	}
	// Some other type: it gets JSON with everything in it.
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	for _, a := range attachments {
		members[string(a.Name)] = asJSON(a)
	}
	whole, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return decodeJSON(whole, out)
}

// matching returns which field of the struct v each attachment goes to, or nil
// if there is one that goes to none.
func matching(attachments []payload.Attachment, v reflect.Value) []int {
	if v.Kind() != reflect.Struct {
		return nil
	}
	fields := attachable(v.Type())
	indexes := make([]int, len(attachments))
	for i, a := range attachments {
		// As encoding/json: by the very name, or else by one that differs in case.
		j := slices.IndexFunc(fields, func(f attachableField) bool { return f.name == string(a.Name) })
		if j < 0 {
			j = slices.IndexFunc(fields, func(f attachableField) bool { return strings.EqualFold(f.name, string(a.Name)) })
		}
		if j < 0 || fields[j].bytes && a.Kind == payload.KindText {
			return nil
		}
		indexes[i] = fields[j].index
	}
	return indexes
}

// store puts an attachment into v, if it has a type for it.
func store(a payload.Attachment, v reflect.Value) (done bool, err error) {
	t := v.Type()
	isBytes := t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
	switch {
	case t.Kind() == reflect.Interface && t.NumMethod() == 0:
		v.Set(reflect.ValueOf(value(a)))
	case encodesItself(t):
		return false, nil
	case isBytes && a.Kind == payload.KindBytes:
		v.SetBytes(a.Data)
	case t.Kind() == reflect.String && a.Kind == payload.KindText:
		v.SetString(text(a.Data))
	case t.Kind() == reflect.String:
		return false, fmt.Errorf("bytes do not go into a %s: take a []byte", t)
	default:
		return false, nil
	}
	return true, nil
}

// value is an attachment as a []byte or a string.
func value(a payload.Attachment) any {
	if a.Kind == payload.KindText {
		return text(a.Data)
	}
	return a.Data
}

// text is data as a string without a copy: it is the result's own memory, and
// nobody else has this part of it.
func text(data []byte) string { return unsafe.String(unsafe.SliceData(data), len(data)) }

// asJSON is an attachment as encoding/json would have it: bytes in base64.
func asJSON(a payload.Attachment) json.RawMessage {
	encoded, err := json.Marshal(value(a))
	if err != nil {
		panic(err) // a string or a []byte always has JSON
	}
	return encoded
}
