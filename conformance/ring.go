package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/ringwire/ringwire/conformance/vectors"
)

// Lane is a subject's region image with the private memory of its sides. What
// an operation returns is a number or the name of a refusal.
type Lane interface {
	Init(p *vectors.RingParams) string
	Check() string
	// Restart makes both sides of a ring start anew at a position, which is in
	// the image already.
	Restart(ring string, position uint64)
	Push(ring string, message []byte, urgent bool) (returns string, bell bool)
	Pop(ring string) (returns string, message []byte)
	// Image returns the bytes of the region; SetImage replaces them.
	Image() []byte
	SetImage(image []byte)
}

// Offsets of spec chapter 02 that a scenario needs.
const (
	requestControl  = 512
	responseControl = 1024
	readPosition    = 128
)

// PlayRing runs a ring scenario on a lane. After each step the whole image must
// be what the vector says.
func PlayRing(steps []vectors.RingStep, l Lane) []Finding {
	var findings []Finding
	for i := range steps {
		step := &steps[i]
		fail := func(format string, args ...any) {
			findings = append(findings, Finding{Text: fmt.Sprintf("step %d (%s %s): ", i, step.Do, step.Ring) + fmt.Sprintf(format, args...)})
		}
		playStep(step, l, fail)
		if len(findings) > 0 {
			return findings // what follows would only be its consequence
		}
	}
	return nil
}

func playStep(step *vectors.RingStep, l Lane, fail func(string, ...any)) {
	before := bytes.Clone(l.Image())
	returned := func(got string) bool {
		if got != step.Returns {
			fail("must return %s; returned %s", step.Returns, got)
		}
		return got == step.Returns
	}
	switch step.Do {
	case "init":
		if returned(l.Init(step.Params)) {
			before = make([]byte, len(l.Image()))
		}
	case "check":
		returned(l.Check())
	case "position":
		setPosition(l, step)
	case "write":
		image := bytes.Clone(before)
		apply(image, step.Writes)
		l.SetImage(image)
		return
	case "size":
		image := make([]byte, *step.Size)
		copy(image, before)
		l.SetImage(image)
		return
	case "push":
		got, bell := l.Push(step.Ring, *step.Input, step.Urgent)
		if returned(got) && step.Bell != nil && bell != *step.Bell {
			fail("doorbell due: want %t, got %t", *step.Bell, bell)
		}
	case "pop":
		got, message := l.Pop(step.Ring)
		if returned(got) && step.Output != nil && !bytes.Equal(message, *step.Output) {
			at := firstDifference(*step.Output, message)
			fail("message differs at offset %d: want %s, got %s", at, around(*step.Output, at), around(message, at))
		}
	default:
		fail("unknown step")
	}
	compareImage(before, step.Changes, l.Image(), fail)
}

func setPosition(l Lane, step *vectors.RingStep) {
	image := bytes.Clone(l.Image())
	control := requestControl
	if step.Ring == "response" {
		control = responseControl
	}
	position := uint64(*step.Position)
	binary.LittleEndian.PutUint64(image[control:], position)
	binary.LittleEndian.PutUint64(image[control+readPosition:], position)
	l.SetImage(image)
	l.Restart(step.Ring, position)
}

// apply puts patches into an image, as far as they lie inside it.
func apply(image []byte, patches []vectors.Patch) {
	for _, p := range patches {
		if uint64(p.Offset) <= uint64(len(image)) {
			copy(image[p.Offset:], p.Bytes)
		}
	}
}

// compareImage reports the first byte that is not as the vector says. It turns
// before into what the image must be.
func compareImage(before []byte, changes []vectors.Patch, after []byte, fail func(string, ...any)) {
	apply(before, changes)
	if len(before) != len(after) {
		fail("the image has %d bytes, not %d", len(after), len(before))
		return
	}
	if !bytes.Equal(before, after) {
		at := firstDifference(before, after)
		fail("the image differs at offset %d%s: want %s, got %s", at, place(at), around(before, at), around(after, at))
	}
}

// place names the part of the region that an offset lies in.
func place(offset int) string {
	switch {
	case offset < 256:
		return " (region header)"
	case offset >= 512 && offset < 1024:
		return fmt.Sprintf(" (request ring control + %d)", offset-512)
	case offset >= 1024 && offset < 1536:
		return fmt.Sprintf(" (response ring control + %d)", offset-1024)
	case offset >= 1536 && offset < 2048:
		return fmt.Sprintf(" (worker block + %d)", offset-1536)
	case offset >= 4096:
		return " (slots)"
	default:
		return " (reserved)"
	}
}
