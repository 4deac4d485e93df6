package inspect

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ringwire/ringwire/wire"
)

const (
	bytesPerLine = 8
	linesPerRow  = 6  // of a long part only the first lines are shown, and the one at fault
	valueMax     = 60 // characters of a part that are shown beside its bytes
	layout       = "%6s  %-26s  %-17s  %s"
)

// WriteText draws the report as a table of offset, bytes, field and value. Under
// the byte at fault is a mark with the code, and at the end the reason.
func (r Report) WriteText(w io.Writer) error {
	var t bytes.Buffer
	writeLine(&t, "offset", "bytes", "field", "value")
	for _, row := range r.Rows {
		if row.Size > 0 { // its length was shown in the header
			r.writeRow(&t, row)
		}
	}
	if r.Fault != nil {
		fmt.Fprintf(&t, "refused: %v\n", r.Fault)
	}
	_, err := w.Write(t.Bytes())
	return err
}

func (r Report) writeRow(t *bytes.Buffer, row Row) {
	field, value := string(row.Field), row.value()
	faultLine, column := -1, 0
	if r.Fault != nil && r.Fault.Field == row.Field {
		column = r.Fault.Offset - row.Offset
		// Bytes that are missing are marked behind the last that is there.
		faultLine = min(column, max(len(row.Bytes)-1, 0)) / bytesPerLine
		column -= faultLine * bytesPerLine
	}
	skipped := 0
	for n := 0; n == 0 || n*bytesPerLine < len(row.Bytes); n++ {
		line := row.Bytes[n*bytesPerLine : min((n+1)*bytesPerLine, len(row.Bytes))]
		if n >= linesPerRow && n != faultLine {
			skipped += len(line)
			continue
		}
		writeSkipped(t, skipped)
		skipped = 0
		writeLine(t, strconv.Itoa(row.Offset+n*bytesPerLine), fmt.Sprintf("% X", line), field, value)
		field, value = "", ""
		if n == faultLine {
			width := 1
			if row.header {
				width = max(len(line)-column, 1)
			}
			mark := strings.Repeat("   ", column) + strings.TrimSuffix(strings.Repeat("^^ ", width), " ")
			writeLine(t, "", mark, r.Fault.Code.String(), "")
		}
	}
	writeSkipped(t, skipped)
}

func writeLine(t *bytes.Buffer, offset, hex, field, value string) {
	line := fmt.Sprintf(layout, offset, hex, field, value)
	t.WriteString(strings.TrimRight(line, " ") + "\n")
}

func writeSkipped(t *bytes.Buffer, n int) {
	if n > 0 {
		writeLine(t, "", "… "+count(uint64(n))+" left out", "", "")
	}
}

func count(n uint64) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.FormatUint(n, 10) + " bytes"
}

// value is what the bytes of the row mean, for people.
func (r Row) value() string {
	switch {
	case !r.Complete() && len(r.Bytes) == 0:
		return "(" + count(r.Size) + " missing)"
	case !r.Complete():
		return fmt.Sprintf("(cut: %d of %s)", len(r.Bytes), count(r.Size))
	case r.Field == FieldPayload:
		return "(the lengths do not say what is what)"
	case r.Field == wire.FieldTrailing:
		return "(" + count(r.Size) + " too many)"
	case r.header:
		return r.number()
	case !utf8.Valid(r.Bytes):
		return "(not text)"
	default:
		return shown(string(r.Bytes))
	}
}

// number is the value of a header field, with its name if it has one.
func (r Row) number() string {
	var name fmt.Stringer
	switch r.Field {
	case wire.FieldType:
		name = wire.Type(r.Number())
	case wire.FieldStatusCode:
		name = wire.Status(r.Number())
	}
	text := strconv.FormatUint(r.Number(), 10)
	if name == nil || strings.Contains(name.String(), "(") {
		return text
	}
	return text + " " + name.String()
}

// shown is text that cannot do anything to a terminal.
func shown(text string) string {
	if n := utf8.RuneCountInString(text); n > valueMax {
		runes := []rune(text[:min(len(text), valueMax*utf8.UTFMax)])
		return shown(string(runes[:valueMax])) + "…"
	}
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}
