package subprocess

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

// command is a line to a child.
type command struct {
	Cmd      string `json:"cmd"`
	Protocol int    `json:"protocol,omitempty"`
	*task
}

// task is one case.
type task struct {
	Seq        uint64         `json:"seq"`
	Op         string         `json:"op"`
	Hex        *string        `json:"hex,omitempty"`
	Fields     *fields        `json:"fields,omitempty"`
	Chunks     []string       `json:"chunks,omitzero"`
	End        *bool          `json:"end,omitempty"`
	MaxMessage vectors.Number `json:"max_message"`
}

// fields is a message in hex.
type fields struct {
	Type         *vectors.Number `json:"type"`
	RequestID    *vectors.Number `json:"request_id"`
	TotalLength  *vectors.Number `json:"total_length,omitempty"`
	Consumed     *vectors.Number `json:"consumed,omitempty"`
	ModuleName   *hexBytes       `json:"module_name,omitempty"`
	FunctionName *hexBytes       `json:"function_name,omitempty"`
	Kwargs       *hexBytes       `json:"kwargs,omitempty"`
	Body         *hexBytes       `json:"body,omitempty"`
	StatusCode   *vectors.Number `json:"status_code,omitempty"`
	ErrorMessage *hexBytes       `json:"error_message,omitempty"`
	Success      *vectors.Number `json:"success,omitempty"`
}

// hexBytes travels as a string of hex digits.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) {
	return []byte(hex.EncodeToString(h)), nil
}

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = b
	return err
}

// reply is a line from a child. Nothing in it is believed.
type reply struct {
	Seq    *uint64         `json:"seq"`
	OK     json.RawMessage `json:"ok"`
	Reject *string         `json:"reject"`
	Offset *vectors.Number `json:"offset"`
	Field  *string         `json:"field"`
	Skip   *string         `json:"skip"`
}

// streamOK is the answer to a stream operation.
type streamOK struct {
	Messages []fields `json:"messages"`
	Error    *struct {
		Code   string          `json:"code"`
		Offset *vectors.Number `json:"offset"`
		Field  *string         `json:"field"`
		Chunk  *vectors.Number `json:"chunk"`
	} `json:"error"`
}

// taskOf turns a vector into a case; false: there is no such operation.
func taskOf(v *vectors.Vector) (*task, bool) {
	t := &task{Op: v.Operation, MaxMessage: v.MaxMessage}
	switch v.Profile() {
	case "decode":
		in := hex.EncodeToString(*v.Input)
		t.Hex = &in
	case "encode":
		t.Fields = toFields(v.Fields)
	case "stream":
		t.Chunks, t.End = []string{}, v.End
		for _, c := range v.Chunks {
			t.Chunks = append(t.Chunks, hex.EncodeToString(c))
		}
	default:
		return nil, false
	}
	return t, true
}

func toFields(m *vectors.Message) *fields {
	number := func(n uint32) *vectors.Number { v := vectors.Number(n); return &v }
	part := func(b []byte) *hexBytes { h := hexBytes(b); return &h }
	f := &fields{Type: number(m.Type), RequestID: number(m.RequestID)}
	if m.Response {
		f.Body, f.ErrorMessage = part(m.Body), part(m.ErrorMessage)
		f.StatusCode, f.Success = number(m.StatusCode), number(m.Success)
		return f
	}
	f.ModuleName, f.FunctionName, f.Kwargs = part(m.ModuleName), part(m.FunctionName), part(m.Kwargs)
	return f
}

// message checks that every field of the direction is there and in range.
func (f *fields) message(response bool) (*vectors.Message, error) {
	var faults []error
	number := func(name string, n *vectors.Number) uint32 {
		if n == nil {
			faults = append(faults, fmt.Errorf("the answer lacks %s", name))
			return 0
		}
		if *n > math.MaxUint32 {
			faults = append(faults, fmt.Errorf("%s is %d", name, *n))
		}
		return uint32(*n)
	}
	part := func(name string, h *hexBytes) []byte {
		if h == nil {
			faults = append(faults, fmt.Errorf("the answer lacks %s", name))
			return nil
		}
		return *h
	}
	m := &vectors.Message{
		Type: number("type", f.Type), RequestID: number("request_id", f.RequestID),
		TotalLength: number("total_length", f.TotalLength), Consumed: number("consumed", f.Consumed), Response: response,
	}
	if response {
		m.Body, m.ErrorMessage = part("body", f.Body), part("error_message", f.ErrorMessage)
		m.StatusCode, m.Success = number("status_code", f.StatusCode), number("success", f.Success)
	} else {
		m.ModuleName, m.FunctionName, m.Kwargs = part("module_name", f.ModuleName), part("function_name", f.FunctionName), part("kwargs", f.Kwargs)
	}
	return m, errors.Join(faults...)
}

// answer turns a reply into an answer. The error says what is wrong with the
// reply itself.
func (r *reply) answer(v *vectors.Vector) (conformance.Answer, error) {
	switch {
	case r.Skip != nil:
		return conformance.Answer{Skip: *r.Skip}, nil
	case r.Reject != nil:
		e, unlocated := refusal(*r.Reject, r.Offset, r.Field)
		return conformance.Answer{Error: e, Unlocated: unlocated}, nil
	case r.OK == nil:
		return conformance.Answer{}, errors.New("the answer has neither ok nor reject nor skip")
	}
	switch v.Profile() {
	case "decode":
		var f fields
		if err := json.Unmarshal(r.OK, &f); err != nil {
			return conformance.Answer{}, fmt.Errorf("ok: %w", err)
		}
		m, err := f.message(v.IsResponse())
		return conformance.Answer{Message: m}, err
	case "encode":
		var ok struct {
			Hex *hexBytes `json:"hex"`
		}
		if err := json.Unmarshal(r.OK, &ok); err != nil {
			return conformance.Answer{}, fmt.Errorf("ok: %w", err)
		}
		if ok.Hex == nil {
			return conformance.Answer{}, errors.New("the answer lacks hex")
		}
		return conformance.Answer{Output: *ok.Hex}, nil
	default:
		return r.stream(v)
	}
}

func (r *reply) stream(v *vectors.Vector) (conformance.Answer, error) {
	var ok streamOK
	if err := json.Unmarshal(r.OK, &ok); err != nil {
		return conformance.Answer{}, fmt.Errorf("ok: %w", err)
	}
	a := conformance.Answer{Messages: []vectors.Message{}}
	for i := range ok.Messages {
		m, err := ok.Messages[i].message(v.IsResponse())
		if err != nil {
			return a, err
		}
		a.Messages = append(a.Messages, *m)
	}
	if ok.Error != nil {
		a.Error, a.Unlocated = refusal(ok.Error.Code, ok.Error.Offset, ok.Error.Field)
		a.Error.Chunk = ok.Error.Chunk
		a.Unlocated = a.Unlocated || ok.Error.Chunk == nil
	}
	return a, nil
}

func refusal(code string, offset *vectors.Number, field *string) (*vectors.Error, bool) {
	e := &vectors.Error{Code: code}
	if offset == nil || field == nil {
		return e, true
	}
	e.Offset, e.Field = *offset, *field
	return e, false
}
