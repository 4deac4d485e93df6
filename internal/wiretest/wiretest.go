// Package wiretest says in the words of package slowwire what package wire makes
// of bytes, so that tests can compare the two.
package wiretest

import (
	"errors"
	"fmt"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/wire"
)

// Decode is slowwire.Decode by package wire.
func Decode(direction string, b []byte, maxMessage uint64) slowwire.Verdict {
	if direction == slowwire.Response {
		r, err := wire.ParseResponse(b, int(maxMessage))
		if err != nil {
			return slowwire.Verdict{Refusal: Refusal(err)}
		}
		return ofResponse(r)
	}
	r, err := wire.ParseRequest(b, int(maxMessage))
	if err != nil {
		return slowwire.Verdict{Refusal: Refusal(err)}
	}
	return ofRequest(r)
}

// Reencode parses b and appends what came out again; b must be good.
func Reencode(direction string, b []byte, maxMessage uint64) ([]byte, error) {
	if direction == slowwire.Response {
		r, err := wire.ParseResponse(b, int(maxMessage))
		if err != nil {
			return nil, err
		}
		return r.Append(nil, int(maxMessage))
	}
	r, err := wire.ParseRequest(b, int(maxMessage))
	if err != nil {
		return nil, err
	}
	return r.Append(nil, int(maxMessage))
}

// Direction is the direction in the words of package wire.
func Direction(direction string) wire.Direction {
	if direction == slowwire.Response {
		return wire.Responses
	}
	return wire.Requests
}

// Refusal is an error of package wire, nil for none. Any other error is a defect
// and panics.
func Refusal(err error) *slowwire.Refusal {
	if err == nil {
		return nil
	}
	var e *wire.Error
	if !errors.As(err, &e) {
		panic(fmt.Sprintf("wiretest: not a *wire.Error: %v", err))
	}
	return &slowwire.Refusal{Code: e.Code.String(), Category: string(e.Category()), Offset: e.Offset, Field: string(e.Field)}
}

func ofRequest(r wire.Request) slowwire.Verdict {
	return slowwire.Verdict{
		Numbers: map[string]uint64{
			"type":              uint64(r.Type),
			"request_id":        uint64(r.ID),
			"total_length":      uint64(r.Size()),
			"module_name_len":   uint64(len(r.Module)),
			"function_name_len": uint64(len(r.Function)),
			"kwargs_len":        uint64(len(r.Kwargs)),
		},
		Parts: map[string]string{
			"module_name":   string(r.Module),
			"function_name": string(r.Function),
			"kwargs":        string(r.Kwargs),
		},
	}
}

func ofResponse(r wire.Response) slowwire.Verdict {
	success := uint64(0)
	if r.Success {
		success = 1
	}
	return slowwire.Verdict{
		Numbers: map[string]uint64{
			"type":              uint64(wire.TypeResponse),
			"request_id":        uint64(r.ID),
			"total_length":      uint64(r.Size()),
			"body_len":          uint64(len(r.Body)),
			"status_code":       uint64(r.Status),
			"error_message_len": uint64(len(r.ErrorMessage)),
			"success":           success,
		},
		Parts: map[string]string{
			"body":          string(r.Body),
			"error_message": string(r.ErrorMessage),
		},
	}
}
