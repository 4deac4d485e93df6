//go:build linux

package mirror

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ringwire/ringwire/wire"
)

// Module is where the functions of the live profile are.
const Module = "ringwire_conformance"

// arguments are decoded kwargs.
type arguments map[string]json.RawMessage

// function is a function of the live profile. It returns a JSON value, or what
// went wrong.
type function struct {
	parameters []string // nil: any
	run        func(arguments) (json.RawMessage, *refusal)
}

// refusal is a failure of a call.
type refusal struct {
	status  wire.Status
	message string
	details map[string]any
}

func refuse(status wire.Status, format string, args ...any) *refusal {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

var null = json.RawMessage("null")

// functions are all but sleep, which the worker keeps itself.
var functions = map[string]function{
	"echo": {nil, func(a arguments) (json.RawMessage, *refusal) { return encode(a) }},
	"nothing": {[]string{}, func(arguments) (json.RawMessage, *refusal) {
		return null, nil
	}},
	"fail": {[]string{"message"}, func(a arguments) (json.RawMessage, *refusal) {
		text, r := a.text("message")
		if r == nil {
			r = refuse(wire.StatusRaised, "%s", text)
			r.details = map[string]any{"type": "Error", "message": text}
		}
		return nil, r
	}},
	"fill": {[]string{"size"}, func(a arguments) (json.RawMessage, *refusal) {
		size, r := a.number("size")
		if r != nil {
			return nil, r
		}
		if size < 0 || size > wire.MaxMessageMax {
			return nil, refuse(wire.StatusTooLarge, "the result is too large: size=%v", size)
		}
		return json.RawMessage(`"` + strings.Repeat("x", int(size)) + `"`), nil
	}},
	"nan": {[]string{}, func(arguments) (json.RawMessage, *refusal) {
		return nil, refuse(wire.StatusBadResult, "JSON has no NaN")
	}},
	"trace": {[]string{"path", "line"}, func(a arguments) (json.RawMessage, *refusal) {
		path, r := a.text("path")
		if r != nil {
			return nil, r
		}
		line, r := a.text("line")
		if r != nil {
			return nil, r
		}
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return nil, refuse(wire.StatusRaised, "%v", err)
		}
		defer file.Close()
		if _, err := file.WriteString(line + "\n"); err != nil {
			return nil, refuse(wire.StatusRaised, "%v", err)
		}
		return null, nil
	}},
	"getenv": {[]string{"name"}, func(a arguments) (json.RawMessage, *refusal) {
		name, r := a.text("name")
		if r != nil {
			return nil, r
		}
		value, ok := os.LookupEnv(name)
		if !ok {
			return null, nil
		}
		return encode(value)
	}},
	"sleep": {[]string{"ms"}, nil},
}

// bind decodes kwargs and holds them against the parameters.
func (f *function) bind(kwargs []byte, fault Fault) (arguments, *refusal) {
	a := arguments{}
	if len(kwargs) > 0 {
		text := bytes.TrimLeft(kwargs, " \t\r\n")
		object := len(text) > 0 && text[0] == '{' && utf8.Valid(kwargs)
		if fault == LaxJSON {
			object = true
		}
		if err := json.Unmarshal(kwargs, &a); err != nil || !object {
			return nil, refuse(wire.StatusBadRequest, "kwargs are not a JSON object: %v", err)
		}
	}
	if f.parameters == nil || fault == IgnoresArguments {
		return a, nil
	}
	for name := range a {
		if !slices.Contains(f.parameters, name) {
			return nil, refuse(wire.StatusBadRequest, "unexpected argument: name=%s", name)
		}
	}
	for _, name := range f.parameters {
		if _, ok := a[name]; !ok {
			return nil, refuse(wire.StatusBadRequest, "missing argument: name=%s", name)
		}
	}
	return a, nil
}

func (a arguments) text(name string) (s string, r *refusal) {
	if err := json.Unmarshal(a[name], &s); err != nil {
		return "", refuse(wire.StatusRaised, "%s: %v", name, err)
	}
	return s, nil
}

func (a arguments) number(name string) (n float64, r *refusal) {
	if err := json.Unmarshal(a[name], &n); err != nil {
		return 0, refuse(wire.StatusRaised, "%s: %v", name, err)
	}
	return n, nil
}

// duration returns an argument in milliseconds.
func (a arguments) duration(name string) (time.Duration, *refusal) {
	n, r := a.number(name)
	return time.Duration(n * float64(time.Millisecond)), r
}

// encode returns a JSON value as it was given: without escapes for HTML.
func encode(v any) (json.RawMessage, *refusal) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, refuse(wire.StatusBadResult, "%v", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
