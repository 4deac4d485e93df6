package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
)

// RoundTrip carries the JSON of some arguments to a handler and that of its result
// back. The arguments belong to the caller again when it returns; the result stays
// good until the same caller's next round trip.
type RoundTrip func(ctx context.Context, handler string, arguments []byte) (result []byte, err error)

type addArguments struct {
	A int `json:"a"`
	B int `json:"b"`
}

type addResult struct {
	Sum int `json:"sum"`
}

type echoArguments struct {
	S string `json:"s"`
}

type echoBytesArguments struct {
	B []byte `json:"b"`
}

// JSONCalls returns the calls of w for a peer that carries JSON: encoded, carried,
// decoded and checked as every caller written in Go does it here.
func JSONCalls(w Work, carry RoundTrip) Call {
	return calls(w, func(ctx context.Context, handler string, arguments, result any) error {
		if handler == EchoBytes {
			handler = "echo_base64"
		}
		request, err := json.Marshal(arguments)
		if err != nil {
			return err
		}
		response, err := carry(ctx, handler, request)
		if err != nil {
			return err
		}
		return json.Unmarshal(response, result)
	})
}

// calls returns the calls of w for a peer that encodes and decodes.
func calls(w Work, do func(ctx context.Context, handler string, arguments, result any) error) Call {
	handler := w.Handler()
	if w.Function == Add {
		// Kept, so that what the driver leaves to the garbage collector, which takes a
		// CPU from the worker, is not in the latencies of hundreds of calls.
		type sum struct {
			arguments addArguments
			result    addResult
		}
		kept := sync.Pool{New: func() any { return new(sum) }}
		return func(ctx context.Context, n int) error {
			s := kept.Get().(*sum)
			defer kept.Put(s)
			s.arguments, s.result = addArguments{n, 2}, addResult{}
			if err := do(ctx, handler, &s.arguments, &s.result); err != nil {
				return err
			}
			return check(s.result.Sum == n+2)
		}
	}
	if w.Function == EchoBytes {
		data := bytes.Repeat([]byte{0xff}, w.Payload)
		return func(ctx context.Context, _ int) error {
			var r []byte
			if err := do(ctx, handler, echoBytesArguments{data}, &r); err != nil {
				return err
			}
			return check(bytes.Equal(r, data))
		}
	}
	text := strings.Repeat("x", w.Payload)
	return func(ctx context.Context, _ int) error {
		var r string
		if err := do(ctx, handler, echoArguments{text}, &r); err != nil {
			return err
		}
		return check(r == text)
	}
}

func check(right bool) error {
	if !right {
		return errors.New("wrong result")
	}
	return nil
}
