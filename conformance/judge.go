package conformance

import (
	"bytes"
	"fmt"

	"github.com/ringwire/ringwire/conformance/vectors"
)

// Judge compares the answer to a decode, encode or stream operation with what
// the vector expects.
func Judge(v *vectors.Vector, a *Answer) Verdict {
	if a.Skip != "" {
		return Skipped(a.Skip)
	}
	var text []string
	switch v.Profile() {
	case "decode":
		text = judgeDecode(v, a)
	case "encode":
		text = judgeEncode(v, a)
	case "stream":
		text = judgeStream(v, a)
	}
	if len(text) > 0 && v.Result == vectors.Acceptable {
		return Verdict{Status: Pass}
	}
	var findings []Finding
	for _, t := range text {
		findings = append(findings, Finding{Text: t})
	}
	if len(findings) > 0 {
		findings[len(findings)-1].Text += Picture(v, suspect(v, a, text[0]))
	}
	return Judged(findings)
}

func judgeDecode(v *vectors.Vector, a *Answer) []string {
	if v.Message == nil {
		return judgeRefusal(v.Error, a)
	}
	if a.Error != nil {
		return []string{"must be accepted; was refused with " + describe(a.Error)}
	}
	if a.Message == nil {
		return []string{"must be accepted; no message came"}
	}
	want := *v.Message
	want.Consumed = want.TotalLength
	return vectors.Differences(&want, a.Message)
}

func judgeEncode(v *vectors.Vector, a *Answer) []string {
	if v.Output == nil {
		return judgeRefusal(v.Error, a)
	}
	if a.Error != nil {
		return []string{"must be encoded; was refused with " + describe(a.Error)}
	}
	if !bytes.Equal(*v.Output, a.Output) {
		at := firstDifference(*v.Output, a.Output)
		return []string{fmt.Sprintf("offset %d%s differs: want %s, got %s", at, fieldAt(v.IsResponse(), at), around(*v.Output, at), around(a.Output, at))}
	}
	return nil
}

func judgeStream(v *vectors.Vector, a *Answer) []string {
	var text []string
	if len(a.Messages) != len(v.Messages) {
		text = append(text, fmt.Sprintf("must find %d messages; found %d", len(v.Messages), len(a.Messages)))
	}
	for i := range min(len(a.Messages), len(v.Messages)) {
		want := v.Messages[i]
		want.Consumed = want.TotalLength
		for _, d := range vectors.Differences(&want, &a.Messages[i]) {
			text = append(text, fmt.Sprintf("message %d: %s", i, d))
		}
	}
	if v.Error != nil {
		return append(text, judgeRefusal(v.Error, a)...)
	}
	if a.Error != nil {
		text = append(text, "must not be refused; was refused with "+describe(a.Error))
	}
	return text
}

func judgeRefusal(want *vectors.Error, a *Answer) []string {
	got := a.Error
	if got == nil {
		return []string{"must be refused with " + describe(want) + "; was accepted"}
	}
	same := got.Code == want.Code
	if !a.Unlocated {
		same = same && got.Offset == want.Offset && got.Field == want.Field
		if want.Chunk != nil {
			same = same && got.Chunk != nil && *got.Chunk == *want.Chunk
		}
	}
	if same {
		return nil
	}
	return []string{"must be refused with " + describe(want) + "; was refused with " + describe(got)}
}

func describe(e *vectors.Error) string {
	text := fmt.Sprintf("%s at offset %d in %s", e.Code, e.Offset, e.Field)
	if e.Chunk != nil {
		text += fmt.Sprintf(" after chunk %d", *e.Chunk)
	}
	return text
}

func firstDifference(a, b []byte) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}

// around shows a few bytes from an offset on.
func around(b []byte, at int) string {
	if at >= len(b) {
		return fmt.Sprintf("the end (%d bytes)", len(b))
	}
	return fmt.Sprintf("% x (%d bytes)", b[at:min(at+8, len(b))], len(b))
}
