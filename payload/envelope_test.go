package payload_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/ringwire/ringwire/payload"
)

// golden is a case of testdata/payload/envelopes.json, which other
// implementations are tested with too.
type golden struct {
	ID          string
	Hex         string
	Result      string
	JSON        string
	Attachments []struct{ Kind, Name, Data string }
}

func goldens(t testing.TB) []golden {
	t.Helper()
	text, err := os.ReadFile("../testdata/payload/envelopes.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []golden }
	if err := json.Unmarshal(text, &file); err != nil || len(file.Cases) == 0 {
		t.Fatal(err, len(file.Cases))
	}
	return file.Cases
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

//spec:test PAYLOAD-015 PAYLOAD-016
func TestGoldenEnvelopes(t *testing.T) {
	for _, c := range goldens(t) {
		t.Run(c.ID, func(t *testing.T) {
			b := unhex(t, c.Hex)
			text, attachments, err := payload.Parse(b)
			if c.Result == "invalid" {
				if !errors.Is(err, payload.ErrMalformed) || text != nil || attachments != nil {
					t.Fatalf("not refused: %q %v %v", text, attachments, err)
				}
				return
			}
			if err != nil || string(text) != c.JSON || len(attachments) != len(c.Attachments) {
				t.Fatalf("%q %v %v", text, attachments, err)
			}
			for i, want := range c.Attachments {
				got := attachments[i]
				if got.Kind.String() != want.Kind || string(got.Name) != want.Name || !bytes.Equal(got.Data, unhex(t, want.Data)) {
					t.Errorf("attachment %d is %v", i, got)
				}
				if cap(got.Name) != len(got.Name) || cap(got.Data) != len(got.Data) {
					t.Errorf("attachment %d lets its neighbour be written", i)
				}
			}
			if len(attachments) > 0 {
				if again := payload.Append([]byte("dst"), text, attachments); string(again) != "dst"+string(b) {
					t.Errorf("appended again: %x", again)
				}
			}
		})
	}
}

// Every prefix of a good envelope is refused.
//
//spec:test PAYLOAD-016
func TestEveryPrefixIsRefused(t *testing.T) {
	for _, c := range goldens(t) {
		if c.Result == "invalid" || len(c.Attachments) == 0 {
			continue
		}
		whole := unhex(t, c.Hex)
		for n := 1; n < len(whole); n++ {
			if _, _, err := payload.Parse(whole[:n]); !errors.Is(err, payload.ErrMalformed) {
				t.Errorf("%s: the first %d of %d bytes: err=%v", c.ID, n, len(whole), err)
			}
		}
	}
}

func TestKindHasAName(t *testing.T) {
	if got := payload.Kind(9).String(); got != "Kind(9)" {
		t.Error(got)
	}
}
