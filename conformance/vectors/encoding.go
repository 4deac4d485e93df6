package vectors

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
)

// Number is a whole number. It travels as a string, so that every language
// reads all 64 bits alike.
type Number uint64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	return json.Marshal(strconv.FormatUint(uint64(n), 10))
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("number: %w", err)
	}
	*n = Number(v)
	return nil
}

// Bytes is a byte string. It travels as a list of runs, each a hex string and
// how often it is repeated, so that big payloads stay small files.
type Bytes []byte

type run struct {
	Hex    string `json:"hex"`
	Repeat Number `json:"repeat,omitempty"`
}

// minRun is the shortest stretch of one byte that is written as a repetition.
const minRun = 32

// maxBytes bounds what a file may ask a reader to unfold.
const maxBytes = 1 << 30

// MarshalJSON implements json.Marshaler.
func (b Bytes) MarshalJSON() ([]byte, error) {
	runs := []run{}
	plain := func(part []byte) {
		if len(part) > 0 {
			runs = append(runs, run{Hex: hex.EncodeToString(part)})
		}
	}
	start := 0
	for i := 0; i < len(b); {
		j := i
		for j < len(b) && b[j] == b[i] {
			j++
		}
		if j-i >= minRun {
			plain(b[start:i])
			runs = append(runs, run{Hex: hex.EncodeToString(b[i : i+1]), Repeat: Number(j - i)})
			start = j
		}
		i = j
	}
	plain(b[start:])
	return json.Marshal(runs)
}

// UnmarshalJSON implements json.Unmarshaler.
func (b *Bytes) UnmarshalJSON(data []byte) error {
	var runs []run
	if err := json.Unmarshal(data, &runs); err != nil {
		return err
	}
	out := []byte{}
	for _, r := range runs {
		part, err := hex.DecodeString(r.Hex)
		if err != nil {
			return err
		}
		repeat := r.Repeat
		if repeat == 0 {
			repeat = 1
		}
		if len(part) > 0 && uint64(repeat) > uint64(maxBytes-len(out))/uint64(len(part)) {
			return fmt.Errorf("bytes: more than limit=%d", maxBytes)
		}
		out = append(out, bytes.Repeat(part, int(repeat))...)
	}
	*b = out
	return nil
}

// Encode returns the file of a vector.
func Encode(v *Vector) ([]byte, error) {
	return encodeFile(v)
}

func encodeFile(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
