package wire_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/wire"
)

func TestErrorIsFoundThroughWrapping(t *testing.T) {
	_, err := wire.ParseRequest(nil, maxMessage)
	var e *wire.Error
	if !errors.As(fmt.Errorf("lane 3: %w", err), &e) || e.Code != wire.CodeTruncatedHeader {
		t.Errorf("got %v", err)
	}
}

func TestErrorText(t *testing.T) {
	f := goodRequest()
	f.max = 37
	_, err := wire.ParseRequest(f.bytes(), f.max)
	const want = "wire: frame exceeds max_message; send less or raise the limit on both sides: code=TOO_LARGE offset=5 field=total_length got=38 want=37"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestEveryCodeHasANameACategoryAndASentence(t *testing.T) {
	sentences := map[string]bool{}
	names := slowwire.Codes()
	for c := range wire.Code(255) {
		if strings.HasPrefix(c.String(), "Code(") {
			if c.Category() != "" {
				t.Errorf("%v is no code but has category %s", c, c.Category())
			}
			continue
		}
		names = names[1:]
		if c.Category() == "" {
			t.Errorf("%v has no category", c)
		}
		sentence, _, _ := strings.Cut((&wire.Error{Code: c}).Error(), ": code=")
		if sentences[sentence] || sentence == "wire: message refused" {
			t.Errorf("%v has no sentence of its own: %s", c, sentence)
		}
		sentences[sentence] = true
	}
	if len(names) != 0 {
		t.Errorf("codes of the registry without a constant: %v", names)
	}
	if got := (&wire.Error{Code: 99}).Error(); got != "wire: message refused: code=Code(99) offset=0 field= got=0" {
		t.Errorf("unknown code: %s", got)
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[fmt.Stringer]string{
		wire.TypeRequest:  "REQUEST",
		wire.TypeResponse: "RESPONSE",
		wire.TypeShutdown: "SHUTDOWN",
		wire.TypeCancel:   "CANCEL",
		wire.Type(9):      "Type(9)",

		wire.StatusOK:         "OK",
		wire.StatusBadRequest: "BAD_REQUEST",
		wire.StatusRaised:     "RAISED",
		wire.Status(418):      "Status(418)",
	} {
		if got.String() != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestHeaderFieldsFillTheHeader(t *testing.T) {
	for _, direction := range []wire.Direction{wire.Requests, wire.Responses} {
		end := 0
		for _, f := range direction.HeaderFields() {
			if f.Offset != end {
				t.Errorf("%s begins at %d, want %d", f.Name, f.Offset, end)
			}
			end += f.Size
		}
		if end != direction.HeaderSize() {
			t.Errorf("fields end at %d, header at %d", end, direction.HeaderSize())
		}
		direction.HeaderFields()[0].Name = "changed"
		if direction.HeaderFields()[0].Name != wire.FieldType {
			t.Error("a caller can change the layout")
		}
	}
}
