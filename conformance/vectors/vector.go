// Package vectors defines, generates, loads and lints the golden vectors: test
// cases for every implementation of the specification, in any language.
//
// A vector is one JSON file in testdata/vectors; its format is published in
// spec/schema/vector.schema.json. The generator builds every byte by hand from
// the tables of the specification and shares no code with package wire, so that
// the encoder never marks its own homework.
package vectors

import "encoding/json"

// Vector is one case. Which members are set follows from Operation.
type Vector struct {
	Schema       string   `json:"$schema"`
	Generator    string   `json:"generator"`
	ID           string   `json:"id"`
	Comment      string   `json:"comment"`
	Operation    string   `json:"operation"`
	Requirements []string `json:"requirements"`
	Level        string   `json:"level"`
	Result       string   `json:"result"`
	Flags        []string `json:"flags"`
	MaxMessage   Number   `json:"max_message,omitempty"`

	// Input is the message of a decode operation.
	Input *Bytes `json:"input,omitempty"`
	// Chunks are the bytes of a stream as they arrive; End says that it ends
	// after them.
	Chunks []Bytes `json:"chunks,omitzero"`
	End    *bool   `json:"end,omitempty"`
	// Fields is the message of an encode operation.
	Fields *Message `json:"fields,omitempty"`

	// Message is the result of a valid decode operation, Messages those of a
	// stream, Output that of a valid encode operation.
	Message  *Message  `json:"message,omitempty"`
	Messages []Message `json:"messages,omitzero"`
	Output   *Bytes    `json:"output,omitempty"`
	Error    *Error    `json:"error,omitempty"`

	// Steps is the scenario of a ring operation, Session that of a session.
	Steps   []RingStep `json:"steps,omitempty"`
	Session *Session   `json:"session,omitempty"`
}

// Operations.
const (
	DecodeRequest  = "decode_request"
	DecodeResponse = "decode_response"
	EncodeRequest  = "encode_request"
	EncodeResponse = "encode_response"
	StreamRequest  = "stream_request"
	StreamResponse = "stream_response"
	RingImage      = "ring"
	LiveSession    = "session"
)

// Results.
const (
	Valid      = "valid"
	Invalid    = "invalid"
	Acceptable = "acceptable"
)

// Profile returns the profile of chapter 08 that the vector belongs to.
func (v *Vector) Profile() string {
	switch v.Operation {
	case DecodeRequest, DecodeResponse:
		return "decode"
	case EncodeRequest, EncodeResponse:
		return "encode"
	case StreamRequest, StreamResponse:
		return "stream"
	case RingImage:
		return "ring"
	default:
		return "worker"
	}
}

// IsResponse reports whether the operation is about responses.
func (v *Vector) IsResponse() bool {
	switch v.Operation {
	case DecodeResponse, EncodeResponse, StreamResponse:
		return true
	}
	return false
}

// HasFlag reports whether the vector carries the flag.
func (v *Vector) HasFlag(flag string) bool {
	for _, f := range v.Flags {
		if f == flag {
			return true
		}
	}
	return false
}

// Error is a refusal. Chunk is set for streams only: the number of the chunk
// after which the refusal was known, the end of the stream counting as one.
type Error struct {
	Code     string  `json:"code"`
	Category string  `json:"category"`
	Offset   Number  `json:"offset"`
	Field    string  `json:"field"`
	Chunk    *Number `json:"chunk,omitempty"`
}

// RingStep is one step of a scenario on a region image.
type RingStep struct {
	// Do is init, check, position, write, size, push or pop.
	Do string `json:"do"`
	// Params are those of init.
	Params *RingParams `json:"params,omitempty"`
	// Ring is request or response.
	Ring string `json:"ring,omitempty"`
	// Position is where both sides of the ring stand.
	Position *Number `json:"position,omitempty"`
	// Writes are bytes that are put into the image: by the other side, or by a
	// hostile one.
	Writes []Patch `json:"writes,omitempty"`
	// Size is how many bytes the image has from here on.
	Size   *Number `json:"size,omitempty"`
	Input  *Bytes  `json:"input,omitempty"`
	Urgent bool    `json:"urgent,omitempty"`
	// Returns is the number, or the name of the refusal, that the step yields.
	Returns string `json:"returns,omitempty"`
	// Bell says whether the doorbell is due after a push.
	Bell *bool `json:"bell,omitempty"`
	// Output is the message that a pop completed.
	Output *Bytes `json:"output,omitempty"`
	// Changes cover all bytes of the image that the step changes; for init, all
	// that are not zero afterwards. Every other byte stays as it was.
	Changes []Patch `json:"changes,omitempty"`
}

// RingParams are the choices of a master when it makes a region.
type RingParams struct {
	SlotCount  Number `json:"slot_count"`
	SlotSize   Number `json:"slot_size"`
	MaxMessage Number `json:"max_message"`
	WorkerID   Number `json:"worker_id"`
	Generation Number `json:"generation"`
	SpinNs     Number `json:"spin_ns"`
}

// Patch is a run of bytes in an image.
type Patch struct {
	Offset Number `json:"offset"`
	Bytes  Bytes  `json:"bytes"`
}

// Session is a conversation with a live worker.
type Session struct {
	Allow []string      `json:"allow"`
	Ring  RingParams    `json:"ring"`
	Steps []SessionStep `json:"steps"`
}

// SessionStep sends one message, or waits for something observable. Exactly one
// member is set.
type SessionStep struct {
	Send   *Bytes    `json:"send,omitempty"`
	Urgent bool      `json:"urgent,omitempty"`
	Expect *Response `json:"expect,omitempty"`
	// Refused waits until the counter in the worker block has this value.
	Refused *Number `json:"refused,omitempty"`
	// Signal sends a signal, SIGTERM or SIGINT.
	Signal string `json:"signal,omitempty"`
	// Exit waits for the end of the worker and its exit code.
	Exit *Number `json:"exit,omitempty"`
	// State is what the worker block must say at the end.
	State string `json:"state,omitempty"`
}

// Response is what a worker must answer. Members that are not set are free.
type Response struct {
	RequestID  Number `json:"request_id"`
	StatusCode Number `json:"status_code"`
	Success    Number `json:"success"`
	// JSON is compared with the body as a JSON value; for failures every member
	// of it must be in the body.
	JSON json.RawMessage `json:"json,omitempty"`
	// ErrorContains must be part of the error message.
	ErrorContains string `json:"error_contains,omitempty"`
}
