package vectors

import "encoding/binary"

// maxName and defaultMax are numbers of spec chapter 07.
const (
	maxName    = 1024
	defaultMax = 67108864
)

// categories gives each code its category (registry/codes.json).
var categories = map[string]string{
	"TRUNCATED_HEADER": "truncated",
	"TRUNCATED_BODY":   "truncated",
	"LENGTH_MISMATCH":  "malformed",
	"TRAILING":         "malformed",
	"BAD_TYPE":         "unsupported",
	"TOO_LARGE":        "over-limit",
	"NAME_TOO_LONG":    "over-limit",
	"BAD_SUCCESS":      "invalid",
	"BAD_UTF8":         "invalid",
	"EMPTY_NAME":       "invalid",
	"NUL_IN_NAME":      "invalid",
	"STATUS_CONFLICT":  "invalid",
	"RESERVED_ID":      "invalid",
	"NONZERO_LENGTH":   "invalid",
	"RING_POSITION":    "corrupt",
	"RING_LENGTH":      "corrupt",
	"RING_FRAGMENT":    "corrupt",
}

// field is one header field of the tables in chapter 01.
type field struct {
	name        string
	offset, end int
}

var requestFields = []field{
	{"type", 0, 1}, {"request_id", 1, 5}, {"total_length", 5, 9},
	{"module_name_len", 9, 13}, {"function_name_len", 13, 17}, {"kwargs_len", 17, 21},
}

var responseFields = []field{
	{"type", 0, 1}, {"request_id", 1, 5}, {"total_length", 5, 9},
	{"body_len", 9, 13}, {"status_code", 13, 15}, {"error_message_len", 15, 19}, {"success", 19, 20},
}

// Faults finds every fault of a message, in the order in which the
// specification checks: what a decoder must answer is the first. It goes on
// where a decoder stops, which shows whether a vector has one fault or several.
// It is written for comparison with the tables, not for speed.
func Faults(response bool, in []byte, maxMessage uint64) []Error {
	c := checker{response: response, in: in}
	if !c.header() {
		return c.found
	}
	c.lengths(maxMessage)
	if c.sum <= uint64(len(in)) {
		if response {
			c.responseContents()
		} else {
			c.requestContents()
		}
	}
	return c.found
}

type checker struct {
	response bool
	in       []byte
	found    []Error
	sum      uint64
	parts    []part
}

type part struct {
	name, lengthField string
	lengthOffset      uint64
	offset, length    uint64
}

func (c *checker) fault(code string, offset uint64, field string) {
	c.found = append(c.found, Error{Code: code, Category: categories[code], Offset: Number(offset), Field: field})
}

func (c *checker) header() bool {
	fields, types := requestFields, []byte{1, 3, 4}
	if c.response {
		fields, types = responseFields, []byte{2}
	}
	n := len(c.in)
	for _, f := range fields {
		if n >= f.offset && n < f.end {
			c.fault("TRUNCATED_HEADER", uint64(n), f.name)
			return false
		}
	}
	known := false
	for _, t := range types {
		known = known || c.in[0] == t
	}
	if !known {
		c.fault("BAD_TYPE", 0, "type")
	}
	return true
}

func (c *checker) u32(offset uint64) uint64 {
	return uint64(binary.LittleEndian.Uint32(c.in[offset:]))
}

func (c *checker) lengths(maxMessage uint64) {
	c.sum = requestHeader
	c.parts = []part{
		{name: "module_name", lengthField: "module_name_len", lengthOffset: 9},
		{name: "function_name", lengthField: "function_name_len", lengthOffset: 13},
		{name: "kwargs", lengthField: "kwargs_len", lengthOffset: 17},
	}
	if c.response {
		c.sum = responseHeader
		c.parts = []part{
			{name: "body", lengthField: "body_len", lengthOffset: 9},
			{name: "error_message", lengthField: "error_message_len", lengthOffset: 15},
		}
	}
	for i := range c.parts {
		p := &c.parts[i]
		p.offset, p.length = c.sum, c.u32(p.lengthOffset)
		c.sum += p.length
	}

	total, n := c.u32(5), uint64(len(c.in))
	if total != c.sum {
		c.fault("LENGTH_MISMATCH", 5, "total_length")
	}
	if total > maxMessage {
		c.fault("TOO_LARGE", 5, "total_length")
	}
	if !c.response {
		for _, p := range c.parts[:2] {
			if p.length > maxName {
				c.fault("NAME_TOO_LONG", p.lengthOffset, p.lengthField)
			}
		}
	}
	if total != c.sum {
		return // where the message ends is what the fault is about
	}
	if n < total {
		for _, p := range c.parts {
			if p.offset+p.length > n {
				c.fault("TRUNCATED_BODY", n, p.name)
				break
			}
		}
	}
	if n > total {
		c.fault("TRAILING", total, "trailing")
	}
}

func (c *checker) text(p part) []byte { return c.in[p.offset : p.offset+p.length] }

func (c *checker) requestContents() {
	typ, id := c.in[0], c.u32(1)
	if typ == 3 && id != 0 || (typ == 1 || typ == 4) && id == 0 {
		c.fault("RESERVED_ID", 1, "request_id")
	}
	switch typ {
	case 1:
		for _, p := range c.parts[:2] {
			if p.length == 0 {
				c.fault("EMPTY_NAME", p.lengthOffset, p.lengthField)
			}
		}
		for _, p := range c.parts[:2] {
			if at, ok := illFormed(c.text(p)); ok {
				c.fault("BAD_UTF8", p.offset+at, p.name)
			}
			for i, b := range c.text(p) {
				if b == 0 {
					c.fault("NUL_IN_NAME", p.offset+uint64(i), p.name)
					break
				}
			}
		}
	case 3, 4:
		for _, p := range c.parts {
			if p.length != 0 {
				c.fault("NONZERO_LENGTH", p.lengthOffset, p.lengthField)
			}
		}
	}
}

func (c *checker) responseContents() {
	status, success := uint64(binary.LittleEndian.Uint16(c.in[13:])), c.in[19]
	message := c.parts[1]
	if c.u32(1) == 0 {
		c.fault("RESERVED_ID", 1, "request_id")
	}
	switch {
	case success > 1:
		c.fault("BAD_SUCCESS", 19, "success")
	case success == 1 && (status < 200 || status > 299), success == 0 && (status < 400 || status > 599):
		c.fault("STATUS_CONFLICT", 13, "status_code")
	}
	if success == 1 && message.length != 0 {
		c.fault("STATUS_CONFLICT", 15, "error_message_len")
	}
	if at, ok := illFormed(c.text(message)); ok {
		c.fault("BAD_UTF8", message.offset+at, message.name)
	}
}

// wellFormed lists the sequences of RFC 3629, section 4, as ranges per byte.
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

// illFormed returns the offset of the first ill-formed sequence.
func illFormed(text []byte) (uint64, bool) {
	at := 0
next:
	for at < len(text) {
		for _, ranges := range wellFormed {
			if matches(text[at:], ranges) {
				at += len(ranges)
				continue next
			}
		}
		return uint64(at), true
	}
	return 0, false
}

func matches(text []byte, ranges [][2]byte) bool {
	if len(text) < len(ranges) {
		return false
	}
	for i, r := range ranges {
		if text[i] < r[0] || text[i] > r[1] {
			return false
		}
	}
	return true
}
