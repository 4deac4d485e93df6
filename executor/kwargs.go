package executor

import (
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"github.com/ringwire/ringwire/payload"
)

// Which parts of kwargs travel beside the JSON text instead of in it: members
// that are a []byte, because Python gets bytes then, and strings that are long
// enough for it to be cheaper.

// longText is from how many bytes on a string is an attachment. It takes JSON
// about 5 ns a byte to write and read one, and an attachment about 2 µs.
const longText = 512

// extract takes out what travels beside the JSON text. It returns kwargs without
// those members, or with zero values in their place, which the attachments
// replace (PAYLOAD-017). The attachments point into kwargs.
func (e *encoder) extract(kwargs any) any {
	switch m := kwargs.(type) {
	case map[string]any:
		return extractFromMap(e, m)
	case map[string]string:
		return extractFromMap(e, m)
	case map[string][]byte:
		return extractFromMap(e, m)
	}
	v := reflect.ValueOf(kwargs)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return kwargs
	}
	return e.extractFromStruct(v, kwargs)
}

func extractFromMap[V any](e *encoder, m map[string]V) any {
	before := len(e.attachments)
	for name, value := range m {
		switch value := any(value).(type) {
		case []byte:
			if value != nil && utf8.ValidString(name) {
				e.attach(payload.KindBytes, name, value)
			}
		case string:
			if len(value) >= longText && utf8.ValidString(value) && utf8.ValidString(name) {
				e.attach(payload.KindText, name, view(value))
			}
		}
	}
	if len(e.attachments) == before {
		return m
	}
	rest := maps.Clone(m)
	for _, a := range e.attachments[before:] {
		delete(rest, string(a.Name))
	}
	return rest
}

func (e *encoder) extractFromStruct(v reflect.Value, kwargs any) any {
	var rest reflect.Value
	for _, f := range attachable(v.Type()) {
		value := v.Field(f.index)
		if f.bytes {
			b := value.Bytes()
			if b == nil || len(b) == 0 && f.omitEmpty {
				continue
			}
			e.attach(payload.KindBytes, f.name, b)
		} else if s := value.String(); len(s) >= longText && utf8.ValidString(s) {
			e.attach(payload.KindText, f.name, view(s))
		} else {
			continue
		}
		if !rest.IsValid() {
			rest = reflect.New(v.Type()).Elem()
			rest.Set(v)
		}
		rest.Field(f.index).SetZero()
	}
	if !rest.IsValid() {
		return kwargs
	}
	return rest.Interface()
}

func (e *encoder) attach(kind payload.Kind, name string, data []byte) {
	e.attachments = append(e.attachments, payload.Attachment{Kind: kind, Name: view(name), Data: data})
}

// view is the bytes of a string without a copy. Nobody writes to an attachment.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// attachableField is a field of a struct that can be an attachment.
type attachableField struct {
	index     int
	name      string // of the member
	bytes     bool   // a []byte; otherwise a string
	omitEmpty bool
}

var attachableFields sync.Map // reflect.Type to []attachableField

// attachable returns the fields of a struct that encoding/json turns into members
// by its plain rules. Whatever it treats in another way is left to it: structs
// with embedded ones, types that encode themselves, options.
func attachable(t reflect.Type) []attachableField {
	if known, ok := attachableFields.Load(t); ok {
		return known.([]attachableField)
	}
	fields := findAttachable(t)
	attachableFields.Store(t, fields)
	return fields
}

func findAttachable(t reflect.Type) []attachableField {
	if encodesItself(t) {
		return nil
	}
	var fields []attachableField
	count := map[string]int{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			return nil // its fields may share names with those of t
		}
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if !f.IsExported() || tag == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		count[name]++
		isBytes := f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Uint8
		switch {
		case !isBytes && f.Type.Kind() != reflect.String:
		case encodesItself(f.Type), isBytes && encodesItself(f.Type.Elem()):
		case options != "" && options != "omitempty":
		case strings.ContainsFunc(name, notPlain):
		default:
			fields = append(fields, attachableField{i, name, isBytes, options == "omitempty"})
		}
	}
	// Members of the same name cancel each other out.
	return slices.DeleteFunc(fields, func(f attachableField) bool { return count[f.name] > 1 })
}

// notPlain reports whether encoding/json might not take the rune in a name.
func notPlain(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// encodesItself reports whether a type has a say in its JSON.
func encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonMarshaler) || p.Implements(textMarshaler) ||
		p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler)
}
