package fuzz

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/ringwire/ringwire/payload"
)

// FuzzEnvelope: parsing never panics, and what it accepts is what Append writes,
// byte for byte: an envelope has one form.
func FuzzEnvelope(f *testing.F) {
	text, err := os.ReadFile("../testdata/payload/envelopes.json")
	if err != nil {
		f.Fatal(err)
	}
	var file struct{ Cases []struct{ Hex string } }
	if err := json.Unmarshal(text, &file); err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Cases {
		b, err := hex.DecodeString(c.Hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text, attachments, err := payload.Parse(b)
		if err != nil || attachments == nil {
			return
		}
		if again := payload.Append(nil, text, attachments); !bytes.Equal(again, b) {
			t.Errorf("%x became %x", b, again)
		}
	})
}
