// Package slowwire is a second answer to what bytes mean: a decoder that is slow
// and plain, messages at every border, and ways to break them. It is written from
// spec/ alone and does not import package wire, so that the two can disagree. Its
// errors are panics, because only tests use it.
package slowwire

import "strings"

// Verdict is what a decoder says of some bytes: either the fields of a message
// or a refusal.
type Verdict struct {
	Numbers map[string]uint64 // header fields by name
	Parts   map[string]string // parts of the payload by name
	Refusal *Refusal          // nil for a message
}

// Refusal is an error of spec chapter 01.
type Refusal struct {
	Code     string
	Category string
	Offset   int
	Field    string
}

// Decode judges b as one message of the direction, "request" or "response",
// the way a reader of the specification would with pencil and paper: field by
// field out of the registry, one requirement after the other.
func Decode(direction string, b []byte, maxMessage uint64) Verdict {
	d := &decoder{registry: load(), b: b, n: uint64(len(b)), max: maxMessage}
	d.header = d.Headers[direction]
	d.direction = direction
	if d.head(); d.refusal == nil {
		d.extent()
	}
	if d.refusal == nil {
		d.content()
	}
	if d.refusal != nil {
		return Verdict{Refusal: d.refusal}
	}
	return Verdict{Numbers: d.numbers, Parts: d.parts}
}

// Header makes only the checks that need no more than the header, WIRE-001 to
// WIRE-008, and returns total_length.
func Header(direction string, b []byte, maxMessage uint64) (uint64, *Refusal) {
	d := &decoder{registry: load(), b: b, n: uint64(len(b)), max: maxMessage, direction: direction}
	d.header = d.Headers[direction]
	d.head()
	return d.numbers["total_length"], d.refusal
}

type decoder struct {
	*registry
	header
	direction string
	b         []byte
	n         uint64
	max       uint64
	numbers   map[string]uint64
	parts     map[string]string
	refusal   *Refusal
}

// refuse keeps the first refusal.
func (d *decoder) refuse(code string, offset uint64, field string) {
	if d.refusal == nil {
		d.refusal = &Refusal{code, d.Categories[code], int(offset), field}
	}
}

// at refuses because of a header field.
func (d *decoder) at(code, field string) {
	for _, f := range d.Fields {
		if f.Name == field {
			d.refuse(code, uint64(f.Offset), field)
		}
	}
}

func (d *decoder) head() {
	d.numbers = map[string]uint64{}
	for _, f := range d.Fields {
		for i := range f.Size {
			at := f.Offset + i
			if uint64(at) >= d.n {
				d.refuse("TRUNCATED_HEADER", d.n, f.Name)
				return
			}
			d.numbers[f.Name] += uint64(d.b[at]) << (8 * i)
		}
	}
	if d.Types[d.numbers["type"]].direction != d.direction {
		d.at("BAD_TYPE", "type")
	}
	sum := uint64(d.Size)
	for _, part := range d.Parts {
		sum += d.numbers[part+"_len"]
	}
	if d.numbers["total_length"] != sum {
		d.at("LENGTH_MISMATCH", "total_length")
	}
	if d.numbers["total_length"] > d.max {
		d.at("TOO_LARGE", "total_length")
	}
	for _, part := range d.Parts {
		if strings.HasSuffix(part, "_name") && d.numbers[part+"_len"] > d.NameMax {
			d.at("NAME_TOO_LONG", part+"_len")
		}
	}
}

func (d *decoder) extent() {
	d.parts = map[string]string{}
	start := uint64(d.Size)
	for _, part := range d.Parts {
		end := start + d.numbers[part+"_len"]
		if end > d.n {
			d.refuse("TRUNCATED_BODY", d.n, part)
			return
		}
		d.parts[part] = string(d.b[start:end])
		start = end
	}
	if d.n > start {
		d.refuse("TRAILING", start, "trailing")
	}
}

func (d *decoder) content() {
	id := d.numbers["request_id"]
	switch d.Types[d.numbers["type"]].name {
	case "REQUEST":
		if id == 0 {
			d.at("RESERVED_ID", "request_id")
		}
		for _, part := range []string{"module_name", "function_name"} {
			if d.parts[part] == "" {
				d.at("EMPTY_NAME", part+"_len")
			}
		}
		for _, part := range []string{"module_name", "function_name"} {
			d.text(part)
			if at := strings.Index(d.parts[part], "\x00"); at >= 0 {
				d.refuse("NUL_IN_NAME", d.offset(part)+uint64(at), part)
			}
		}
	case "SHUTDOWN":
		if id != 0 {
			d.at("RESERVED_ID", "request_id")
		}
		d.bare()
	case "CANCEL":
		if id == 0 {
			d.at("RESERVED_ID", "request_id")
		}
		d.bare()
	case "RESPONSE":
		success, status := d.numbers["success"], d.numbers["status_code"]
		if id == 0 {
			d.at("RESERVED_ID", "request_id")
		}
		if success != 0 && success != 1 {
			d.at("BAD_SUCCESS", "success")
		}
		if success == 1 && status/100 != 2 {
			d.at("STATUS_CONFLICT", "status_code")
		}
		if success == 0 && status/100 != 4 && status/100 != 5 {
			d.at("STATUS_CONFLICT", "status_code")
		}
		if success == 1 && d.parts["error_message"] != "" {
			d.at("STATUS_CONFLICT", "error_message_len")
		}
		d.text("error_message")
	}
}

func (d *decoder) bare() {
	for _, part := range d.Parts {
		if d.parts[part] != "" {
			d.at("NONZERO_LENGTH", part+"_len")
		}
	}
}

// offset is where a part begins.
func (d *decoder) offset(part string) uint64 {
	at := uint64(d.Size)
	for _, p := range d.Parts {
		if p == part {
			break
		}
		at += uint64(len(d.parts[p]))
	}
	return at
}

func (d *decoder) text(part string) {
	text := d.parts[part]
	for at := 0; at < len(text); {
		size := sequence(text[at:])
		if size == 0 {
			d.refuse("BAD_UTF8", d.offset(part)+uint64(at), part)
			return
		}
		at += size
	}
}

// wellFormed is the table of RFC 3629, section 4: the ranges of the bytes of
// each form.
var wellFormed = [][][2]byte{
	{{0x00, 0x7F}},
	{{0xC2, 0xDF}, {0x80, 0xBF}},
	{{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}},
	{{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}},
	{{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}},
	{{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}},
	{{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}},
	{{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}},
	{{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}},
}

// sequence is the length of the well-formed sequence that text starts with, or
// 0 if there is none.
func sequence(text string) int {
forms:
	for _, form := range wellFormed {
		if len(text) < len(form) {
			continue
		}
		for i, r := range form {
			if text[i] < r[0] || text[i] > r[1] {
				continue forms
			}
		}
		return len(form)
	}
	return 0
}
