package slowwire

import (
	"maps"
	"slices"
	"strings"
)

// Directions of a frame.
const (
	Request  = "request"
	Response = "response"
)

// Frame lays out a frame by the registry. The lengths of the parts and
// total_length are filled in, unless numbers says otherwise; whether a decoder
// would accept the frame is the caller's affair.
func Frame(direction string, numbers map[string]uint64, parts ...string) []byte {
	h := load().Headers[direction]
	all := map[string]uint64{"total_length": uint64(h.Size)}
	for i, text := range parts {
		all[h.Parts[i]+"_len"] = uint64(len(text))
		all["total_length"] += uint64(len(text))
	}
	maps.Copy(all, numbers)

	b := make([]byte, h.Size)
	for _, f := range h.Fields {
		for i := range f.Size {
			b[f.Offset+i] = byte(all[f.Name] >> (8 * i))
		}
	}
	return append(b, strings.Join(parts, "")...)
}

// Sample is a message that a decoder must accept.
type Sample struct {
	Name      string
	Direction string
	Bytes     []byte
}

// Samples are good messages at the borders of what is good.
func Samples() []Sample {
	name := func(n int) string { return strings.Repeat("n", n) }
	type numbers = map[string]uint64
	request := func(label string, id uint64, module, function, kwargs string) Sample {
		return Sample{label, Request, Frame(Request, numbers{"type": 1, "request_id": id}, module, function, kwargs)}
	}
	response := func(label string, id, status, success uint64, body, message string) Sample {
		return Sample{label, Response, Frame(Response, numbers{"type": 2, "request_id": id, "status_code": status, "success": success}, body, message)}
	}
	return []Sample{
		request("request of the example", 7, "m", "add", `{"a":1,"b":2}`),
		request("request with the smallest payload", 1, "m", "f", ""),
		request("request with the largest id", 1<<32-1, "m", "f", "{}"),
		request("request with names one below the limit", 2, name(1023), name(1023), "{}"),
		request("request with names on the limit", 3, name(1024), name(1024), "{}"),
		request("request with names in many scripts", 4, "módulo.日本", "𝛼\u0080\u07ff\u0800\uffff\U0010ffff", "{}"),
		request("request with opaque kwargs", 5, "m", "f", "\x00\xff\xc0\x80"),
		{"shutdown", Request, Frame(Request, numbers{"type": 3})},
		{"cancel of the example", Request, Frame(Request, numbers{"type": 4, "request_id": 7})},
		{"cancel of the largest id", Request, Frame(Request, numbers{"type": 4, "request_id": 1<<32 - 1})},
		response("response of the example", 7, 200, 1, `{"sum":3}`, ""),
		response("response without payload", 1, 299, 1, "", ""),
		response("failure with the lowest status", 2, 400, 0, "", "no"),
		response("failure with the highest status", 3, 599, 0, `{"type":"E"}`, "zero\x00byte, é, 日本, 𝛼"),
		response("failure without message", 1<<32-1, 500, 0, "", ""),
		response("response with an opaque body", 5, 250, 1, "\x00\xff\xc0\x80", ""),
	}
}

// SamplesOf are the samples of one direction.
func SamplesOf(direction string) []Sample {
	return slices.DeleteFunc(Samples(), func(s Sample) bool { return s.Direction != direction })
}
