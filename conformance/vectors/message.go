package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Message holds the fields of a frame as every kind of subject reports them.
// In a response (Type 2) the names and kwargs are nil; in what a master sends,
// the members of a response are.
type Message struct {
	Type      uint32
	RequestID uint32
	// TotalLength and Consumed are set in decoded messages and 0 in messages to
	// be encoded.
	TotalLength uint32
	Consumed    uint32

	ModuleName   []byte
	FunctionName []byte
	Kwargs       []byte

	Body         []byte
	ErrorMessage []byte
	StatusCode   uint32
	Success      uint32

	// Response says which of the two layouts the message has, whatever its type.
	Response bool
}

type requestJSON struct {
	Type         Number  `json:"type"`
	RequestID    Number  `json:"request_id"`
	TotalLength  *Number `json:"total_length,omitempty"`
	ModuleName   Bytes   `json:"module_name"`
	FunctionName Bytes   `json:"function_name"`
	Kwargs       Bytes   `json:"kwargs"`
}

type responseJSON struct {
	Type         Number  `json:"type"`
	RequestID    Number  `json:"request_id"`
	TotalLength  *Number `json:"total_length,omitempty"`
	Body         Bytes   `json:"body"`
	StatusCode   Number  `json:"status_code"`
	ErrorMessage Bytes   `json:"error_message"`
	Success      Number  `json:"success"`
}

// MarshalJSON implements json.Marshaler.
func (m Message) MarshalJSON() ([]byte, error) {
	var total *Number
	if m.TotalLength != 0 {
		total = new(Number)
		*total = Number(m.TotalLength)
	}
	if m.Response {
		return json.Marshal(responseJSON{
			Type: Number(m.Type), RequestID: Number(m.RequestID), TotalLength: total,
			Body: m.Body, StatusCode: Number(m.StatusCode), ErrorMessage: m.ErrorMessage, Success: Number(m.Success),
		})
	}
	return json.Marshal(requestJSON{
		Type: Number(m.Type), RequestID: Number(m.RequestID), TotalLength: total,
		ModuleName: m.ModuleName, FunctionName: m.FunctionName, Kwargs: m.Kwargs,
	})
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Message) UnmarshalJSON(data []byte) error {
	var both struct {
		requestJSON
		Body         *Bytes  `json:"body"`
		StatusCode   *Number `json:"status_code"`
		ErrorMessage *Bytes  `json:"error_message"`
		Success      *Number `json:"success"`
	}
	if err := json.Unmarshal(data, &both); err != nil {
		return err
	}
	*m = Message{}
	var err error
	u32 := func(n Number) uint32 {
		if n > 0xFFFFFFFF {
			err = errors.New("message: a number above 32 bits")
		}
		return uint32(n)
	}
	m.Type, m.RequestID = u32(both.Type), u32(both.RequestID)
	if both.TotalLength != nil {
		m.TotalLength = u32(*both.TotalLength)
		m.Consumed = m.TotalLength
	}
	if both.Body != nil && both.ErrorMessage != nil && both.StatusCode != nil && both.Success != nil {
		m.Response = true
		m.Body, m.ErrorMessage = *both.Body, *both.ErrorMessage
		m.StatusCode, m.Success = u32(*both.StatusCode), u32(*both.Success)
		return err
	}
	m.ModuleName, m.FunctionName, m.Kwargs = both.ModuleName, both.FunctionName, both.Kwargs
	return err
}

// Differences names the fields in which got differs from want, each with both
// values; it is empty if the messages are alike.
func Differences(want, got *Message) []string {
	var out []string
	number := func(field string, w, g uint32) {
		if w != g {
			out = append(out, fmt.Sprintf("%s: want %d, got %d", field, w, g))
		}
	}
	part := func(field string, w, g []byte) {
		if !bytes.Equal(w, g) {
			out = append(out, fmt.Sprintf("%s: want %s, got %s", field, Brief(w), Brief(g)))
		}
	}
	number("type", want.Type, got.Type)
	number("request_id", want.RequestID, got.RequestID)
	number("total_length", want.TotalLength, got.TotalLength)
	number("consumed", want.Consumed, got.Consumed)
	if want.Response {
		part("body", want.Body, got.Body)
		number("status_code", want.StatusCode, got.StatusCode)
		part("error_message", want.ErrorMessage, got.ErrorMessage)
		number("success", want.Success, got.Success)
		return out
	}
	part("module_name", want.ModuleName, got.ModuleName)
	part("function_name", want.FunctionName, got.FunctionName)
	part("kwargs", want.Kwargs, got.Kwargs)
	return out
}

// Brief shows bytes in a line: hex, cut in the middle if long.
func Brief(b []byte) string {
	const most = 24
	if len(b) <= most {
		return fmt.Sprintf("%x (%d bytes)", b, len(b))
	}
	return fmt.Sprintf("%x…%x (%d bytes)", b[:most/2], b[len(b)-most/2:], len(b))
}
