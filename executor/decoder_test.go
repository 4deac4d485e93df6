package executor

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestUnmarshal compares unmarshal with what it stands for, in an order in which each
// text meets a decoder that others have used.
func TestUnmarshal(t *testing.T) {
	texts := []string{
		`{"a":1,"b":"x"}`, `{"a":2}`, ` {"a":3} `, `{"a":4}{"a":5}`, `{"a":6},`, `{"a":"no number"}`, `{"a":7`,
		`[1,2,3]`, `[]`, `[4]]`, `"text"`, `"text`, `1`, `12`, `1 2`, `-`, `true`, `tru`, `null`, ``, ` `, "\n", `{"a":8}` + "\n",
		`{"a":1e999}`, `{"A":9}`, `"` + strings.Repeat("x", shortText-2) + `"`, `"` + strings.Repeat("x", shortText-1) + `"`,
		`{"a":10,"a":11}`, `{"b":"` + strings.Repeat("y", 700) + `"}`, `{"a":12}`,
	}
	type object struct {
		A int
		B string
	}
	outs := []func() any{
		func() any { return new(object) }, func() any { return new(any) }, func() any { return new(int) },
		func() any { return new(string) }, func() any { return new([]int) }, func() any { return new(map[string]any) },
		func() any { return (*int)(nil) }, func() any { return object{} },
	}
	for i := range 3 * len(texts) {
		text := texts[i*7%len(texts)]
		for _, out := range outs {
			got, want := out(), out()
			gotErr, wantErr := unmarshal([]byte(text), got), json.Unmarshal([]byte(text), want)
			// What out holds after an error is not promised.
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) || wantErr == nil && !reflect.DeepEqual(got, want) {
				t.Errorf("%.20q into %T: got %v, %v, want %v, %v", text, got, got, gotErr, want, wantErr)
			}
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	text := []byte(`{"sum":12345}`)
	for name, f := range map[string]func([]byte, any) error{"json": json.Unmarshal, "reused": unmarshal} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var out struct{ Sum int }
			for b.Loop() {
				_ = f(text, &out)
			}
		})
	}
}
