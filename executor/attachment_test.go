//go:build linux

package executor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringwire/ringwire/executor"
	"github.com/ringwire/ringwire/payload"
)

// blob is long enough for several slots.
var blob = bytes.Repeat([]byte{0, 1, 2, '"', 0xff}, 4000)

var longText = strings.Repeat("tëxt\n\"", 2000)

// Bytes reach a function as bytes, and come back as bytes, alone or as members.
//
//spec:test PAYLOAD-015 PAYLOAD-017 PAYLOAD-018 PAYLOAD-019
func TestAttachments(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})

	t.Run("kinds that arrive", func(t *testing.T) {
		type arguments struct {
			Raw   []byte `json:"raw"`
			Empty []byte `json:"empty"`
			Null  []byte `json:"null"`
			Left  []byte `json:"left,omitempty"`
			Short string `json:"short"`
			Long  string `json:"long"`
			N     int    `json:"n"`
		}
		want := map[string]string{
			"raw": "bytes 20000", "empty": "bytes 0", "null": "NoneType", "short": "str 2", "long": "str 12000", "n": "int",
		}
		var got map[string]string
		for name, kwargs := range map[string]any{
			"struct":  arguments{Raw: blob, Empty: []byte{}, Short: "ab", Long: longText, N: 7},
			"pointer": &arguments{Raw: blob, Empty: []byte{}, Short: "ab", Long: longText, N: 7},
			"map":     map[string]any{"raw": blob, "empty": []byte{}, "null": nil, "short": "ab", "long": longText, "n": 7},
		} {
			if err := p.Call(t.Context(), "handlers:kinds", kwargs, &got); err != nil {
				t.Fatal(name, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(name, diff)
			}
		}
	})

	t.Run("whole result", func(t *testing.T) {
		for _, size := range []int{0, 1, 100, 20000} {
			want := blob[:size]
			var got []byte
			var untyped any
			var raw json.RawMessage
			for _, out := range []any{&got, &untyped, &raw} {
				if err := p.Call(t.Context(), "handlers:same", map[string]any{"value": want}, out); err != nil {
					t.Fatal(size, err)
				}
			}
			var decoded []byte
			if err := json.Unmarshal(raw, &decoded); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) || !bytes.Equal(untyped.([]byte), want) || !bytes.Equal(decoded, want) {
				t.Errorf("%d bytes came back as %d, %d, %d", size, len(got), len(untyped.([]byte)), len(decoded))
			}
		}
	})

	t.Run("text", func(t *testing.T) {
		type named string
		for _, want := range []string{"", "short", longText, strings.Repeat("\x00\U0001f600", 3000)} {
			var got string
			var other named
			var untyped any
			for _, out := range []any{&got, &other, &untyped} {
				if err := p.Call(t.Context(), "handlers:same", map[string]string{"value": want}, out); err != nil {
					t.Fatal(err)
				}
			}
			if got != want || string(other) != want || untyped != want {
				t.Errorf("text of %d bytes came back as %d, %d", len(want), len(got), len(other))
			}
		}
	})

	t.Run("members of a result", func(t *testing.T) {
		type result struct {
			Raw   []byte `json:"raw"`
			Text  string `json:"text"`
			Any   any    `json:"any"`
			Count int    `json:"count"`
		}
		kwargs := map[string]any{"raw": blob, "text": longText, "count": 3}
		var got result
		if err := p.Call(t.Context(), "handlers:echo", kwargs, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(result{Raw: blob, Text: longText, Count: 3}, got); diff != "" {
			t.Error(diff)
		}
		var object map[string]any
		var untyped any
		for _, out := range []any{&object, &untyped} {
			if err := p.Call(t.Context(), "handlers:echo", kwargs, out); err != nil {
				t.Fatal(err)
			}
		}
		want := map[string]any{"raw": blob, "text": longText, "count": 3.0}
		if diff := cmp.Diff([]any{want, want}, []any{object, untyped}); diff != "" {
			t.Error(diff)
		}
		// A type that knows nothing of attachments gets JSON.
		var other map[string]json.RawMessage
		if err := p.Call(t.Context(), "handlers:echo", kwargs, &other); err != nil {
			t.Fatal(err)
		}
		var text string
		if err := json.Unmarshal(other["text"], &text); err != nil || text != longText {
			t.Error(err, len(text))
		}
	})

	t.Run("bytes are not text", func(t *testing.T) {
		var s string
		err := p.Call(t.Context(), "handlers:same", map[string]any{"value": blob}, &s)
		if !errors.Is(err, executor.ErrBadResult) || !strings.Contains(err.Error(), "[]byte") {
			t.Error(err)
		}
		var members struct{ Raw string }
		err = p.Call(t.Context(), "handlers:echo", map[string]any{"raw": blob}, &members)
		if !errors.Is(err, executor.ErrBadResult) || !strings.Contains(err.Error(), "[]byte") {
			t.Error(err)
		}
	})

	t.Run("future", func(t *testing.T) {
		f := p.Submit(t.Context(), "handlers:same", map[string]any{"value": blob})
		var first, second []byte
		if err := errors.Join(f.Result(&first), f.Result(&second)); err != nil {
			t.Fatal(err)
		}
		first[0]++
		if !bytes.Equal(second, blob) {
			t.Error("results of one future share memory")
		}
	})

	t.Run("deeper bytes are base64", func(t *testing.T) {
		var got map[string]string
		kwargs := map[string]any{"inner": map[string]any{"raw": []byte("abc")}}
		if err := p.Call(t.Context(), "handlers:kinds", kwargs, &got); err != nil || got["inner"] != "dict" {
			t.Error(got, err)
		}
	})
}

// Results are never views into memory that another call uses.
func TestAttachmentsAreNotShared(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1})
	want := []byte("small enough for a slot")
	var first []byte
	if err := p.Call(t.Context(), "handlers:same", map[string]any{"value": want}, &first); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		var next []byte
		if err := p.Call(t.Context(), "handlers:same", map[string]any{"value": bytes.Repeat([]byte("x"), len(want))}, &next); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first, want) {
		t.Errorf("a result changed after its call: %q", first)
	}
}

// What a worker sends is judged before it is used: an envelope whose JSON text is
// no object has no members to replace.
//
//spec:test PAYLOAD-017 PAYLOAD-018 PAYLOAD-020
func TestHostileEnvelopes(t *testing.T) {
	member := []payload.Attachment{{Kind: payload.KindBytes, Name: []byte("raw"), Data: []byte{1}}}
	for name, body := range map[string][]byte{
		"JSON text is null":   payload.Append(nil, []byte("null"), member),
		"JSON text is a list": payload.Append(nil, []byte("[1]"), member),
		"JSON text is broken": payload.Append(nil, []byte("{"), member),
		"no JSON, a name":     payload.Append(nil, nil, member),
		"no JSON, two":        payload.Append(nil, nil, append(member, payload.Attachment{Kind: payload.KindText})),
		"cut":                 payload.Append(nil, []byte("{}"), member)[:20],
	} {
		for _, out := range []any{
			new(any), new(map[string]any), new(map[string]int), new(struct{ Raw []byte }), new(string), new([]byte), new(json.RawMessage),
		} {
			if err := executor.Decode(body, false, false, out); !errors.Is(err, executor.ErrBadResult) {
				t.Errorf("%s into %T: err=%v", name, out, err)
			}
		}
	}
}

// JSONOnly is payload encoding 1: nothing travels beside the JSON.
//
//spec:test PAYLOAD-001 PAYLOAD-003
func TestJSONOnly(t *testing.T) {
	p := newPool(t, executor.Config{Workers: 1, JSONOnly: true})
	var kinds map[string]string
	kwargs := map[string]any{"raw": []byte("abc"), "long": longText}
	if err := p.Call(t.Context(), "handlers:kinds", kwargs, &kinds); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"raw": "str 4", "long": "str 12000"}, kinds); diff != "" {
		t.Error(diff)
	}
	var raw []byte // base64 there and back
	if err := p.Call(t.Context(), "handlers:same", map[string]any{"value": blob}, &raw); err != nil || !bytes.Equal(raw, blob) {
		t.Error(err, len(raw))
	}
	whole := payload.Append(nil, nil, []payload.Attachment{{Kind: payload.KindBytes}})
	if err := executor.Decode(whole, false, true, &raw); !errors.Is(err, executor.ErrBadResult) {
		t.Errorf("an envelope was taken: err=%v", err)
	}
	if err := p.Call(t.Context(), "handlers:some_bytes", nil, &raw); !errors.Is(err, executor.ErrBadResult) {
		t.Errorf("bytes in a pool without attachments: err=%v", err)
	}
}
