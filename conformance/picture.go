package conformance

import (
	"fmt"
	"strings"

	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/wire"
)

// suspect is the offset that the author of a codec should look at first: where
// the message must be refused, where it was refused instead of being accepted,
// or the first field that came out wrong, which difference begins with; -1: none.
func suspect(v *vectors.Vector, a *Answer, difference string) int {
	switch {
	case v.Error != nil:
		return int(v.Error.Offset)
	case a.Error != nil && !a.Unlocated:
		return int(min(a.Error.Offset, 1<<30))
	}
	name, _, _ := strings.Cut(difference, ":")
	for _, f := range direction(v).HeaderFields() {
		if string(f.Name) == name || string(f.Name) == name+"_len" {
			return f.Offset
		}
	}
	return -1
}

func direction(v *vectors.Vector) wire.Direction {
	if v.IsResponse() {
		return wire.Responses
	}
	return wire.Requests
}

// Picture shows the message of a decode case in hex, with a mark under the byte
// at an offset, and what its header says; it is empty for other cases. The offset
// may be that of the byte behind the message; a negative one marks nothing.
func Picture(v *vectors.Vector, at int) string {
	if v.Profile() != "decode" || v.Input == nil {
		return ""
	}
	in := *v.Input
	const perLine, most = 16, 48
	first := 0
	if at >= most {
		first = (at - perLine) / perLine * perLine
	}
	var b strings.Builder
	for line := first; line < min(first+most, len(in)+1); line += perLine {
		end := min(line+perLine, len(in))
		fmt.Fprintf(&b, "\n  %6d  % x", line, in[line:end])
		if at >= line && at < line+perLine && at <= len(in) {
			fmt.Fprintf(&b, "\n          %s^^ offset %d%s", strings.Repeat("   ", at-line), at, fieldAt(v.IsResponse(), at))
		}
	}
	if first+most < len(in) {
		fmt.Fprintf(&b, "\n          … %d bytes in all", len(in))
	}
	if len(in) >= direction(v).HeaderSize() {
		b.WriteString("\n  header")
		for _, f := range direction(v).HeaderFields() {
			var n uint64
			for i := range f.Size {
				n |= uint64(in[f.Offset+i]) << (8 * i)
			}
			fmt.Fprintf(&b, "  %d:%s=%d", f.Offset, f.Name, n)
		}
	}
	return b.String()
}
