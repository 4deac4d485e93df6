package payload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Attachment is the value of one member of the JSON object that it accompanies,
// or of a whole result.
type Attachment struct {
	Kind Kind
	Name []byte // of the member, UTF-8; empty for a whole result
	Data []byte // bytes, or text in UTF-8
}

// ErrMalformed is what every refusal of Parse wraps.
var ErrMalformed = errors.New("malformed envelope")

var le = binary.LittleEndian

// Parse takes a payload of encoding 2 apart: into JSON text alone, or JSON text
// and attachments. All are views into b. The error wraps ErrMalformed and names
// the field.
//
//spec:req PAYLOAD-015 PAYLOAD-016
func Parse(b []byte) (json []byte, attachments []Attachment, err error) {
	if len(b) == 0 || b[0] != 0 {
		return b, nil, nil
	}
	if len(b) < EnvelopeHeaderSize {
		return nil, nil, malformed("envelope header", "len", uint64(len(b)))
	}
	if marker := le.Uint32(b[offEnvelopeMarker:]); marker != 0 {
		return nil, nil, malformed("marker", "marker", uint64(marker))
	}
	if reserved := le.Uint32(b[offEnvelopeReserved:]); reserved != 0 {
		return nil, nil, malformed("reserved field", "reserved", uint64(reserved))
	}
	count := uint64(le.Uint32(b[offEnvelopeAttachmentCount:]))
	jsonLen := uint64(le.Uint32(b[offEnvelopeJSONLen:]))
	// Neither this sum nor the one below can overflow: each term is below 2^36, and
	// the lengths are compared with that of b before the next ones are added.
	next := EnvelopeHeaderSize + count*AttachmentHeaderSize
	if count == 0 || next+jsonLen > uint64(len(b)) {
		return nil, nil, malformed("attachment_count or json_len", "attachment_count", count)
	}
	textStart := uint64(len(b)) - jsonLen
	headers := b[EnvelopeHeaderSize:next]
	attachments = make([]Attachment, count)
	for i := range attachments {
		h := headers[i*AttachmentHeaderSize:]
		name := next + uint64(le.Uint32(h[offAttachmentNameLen:]))
		end := name + uint64(le.Uint32(h[offAttachmentDataLen:]))
		if end > textStart {
			return nil, nil, malformed("lengths", "attachment", uint64(i))
		}
		a := Attachment{Kind(le.Uint32(h[offAttachmentKind:])), b[next:name:name], b[name:end:end]}
		if err := a.check(); err != nil {
			return nil, nil, err
		}
		attachments[i], next = a, end
	}
	if next != textStart {
		return nil, nil, malformed("lengths", "trailing", textStart-next)
	}
	if err := checkNames(attachments); err != nil {
		return nil, nil, err
	}
	return b[textStart:], attachments, nil
}

func (a *Attachment) check() error {
	switch {
	case a.Kind != KindBytes && a.Kind != KindText:
		return malformed("kind", "kind", uint64(a.Kind))
	case !utf8.Valid(a.Name):
		return malformed("name", "name_len", uint64(len(a.Name)))
	case a.Kind == KindText && !utf8.Valid(a.Data):
		return malformed("text", "data_len", uint64(len(a.Data)))
	}
	return nil
}

// fewNames is how many names are compared pair by pair, without a map.
const fewNames = 8

func checkNames(attachments []Attachment) error {
	if len(attachments) <= fewNames {
		for i, a := range attachments {
			for _, b := range attachments[:i] {
				if string(a.Name) == string(b.Name) {
					return malformed("name, given twice", "attachment", uint64(i))
				}
			}
		}
		return nil
	}
	seen := make(map[string]struct{}, len(attachments))
	for i, a := range attachments {
		if _, twice := seen[string(a.Name)]; twice {
			return malformed("name, given twice", "attachment", uint64(i))
		}
		seen[string(a.Name)] = struct{}{}
	}
	return nil
}

func malformed(what, name string, value uint64) error {
	return fmt.Errorf("%w: bad %s: %s=%d", ErrMalformed, what, name, value)
}

// HeadSize returns how many bytes lie before the names and data of so many
// attachments.
func HeadSize(attachments int) int {
	return EnvelopeHeaderSize + attachments*AttachmentHeaderSize
}

// Size returns how many bytes the names and data of attachments are.
func Size(attachments []Attachment) int {
	size := 0
	for i := range attachments {
		size += len(attachments[i].Name) + len(attachments[i].Data)
	}
	return size
}

// PutHead fills in what lies before names and data, the first
// HeadSize(len(attachments)) bytes of b. It panics if a length does not fit its
// field; no payload may be that long.
func PutHead(b []byte, jsonLen int, attachments []Attachment) {
	le.PutUint32(b[offEnvelopeMarker:], 0)
	le.PutUint32(b[offEnvelopeJSONLen:], length(jsonLen))
	le.PutUint32(b[offEnvelopeAttachmentCount:], length(len(attachments)))
	le.PutUint32(b[offEnvelopeReserved:], 0)
	for i, a := range attachments {
		h := b[HeadSize(i):HeadSize(i+1)]
		le.PutUint32(h[offAttachmentKind:], uint32(a.Kind))
		le.PutUint32(h[offAttachmentNameLen:], length(len(a.Name)))
		le.PutUint32(h[offAttachmentDataLen:], length(len(a.Data)))
	}
}

// Append appends an envelope to dst.
func Append(dst, json []byte, attachments []Attachment) []byte {
	head := len(dst)
	dst = slices.Grow(dst, HeadSize(len(attachments))+Size(attachments)+len(json))
	dst = dst[:head+HeadSize(len(attachments))]
	PutHead(dst[head:], len(json), attachments)
	for i := range attachments {
		dst = append(append(dst, attachments[i].Name...), attachments[i].Data...)
	}
	return append(dst, json...)
}

func length(n int) uint32 {
	if uint64(n) > math.MaxUint32 {
		panic(fmt.Sprintf("payload: a length does not fit its field: len=%d", n))
	}
	return uint32(n)
}
