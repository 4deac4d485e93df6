// Package panel puts one question to three codecs that were written apart:
// package wire, package slowwire and the executable specification. Where they do
// not agree, at least one of them is wrong.
package panel

import (
	"bytes"
	"context"
	"fmt"
	"reflect"

	"github.com/google/go-cmp/cmp"

	"github.com/ringwire/ringwire/internal/oracle"
	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/internal/wiretest"
	"github.com/ringwire/ringwire/wire"
)

// Panel is the three. It is for one goroutine.
type Panel struct {
	oracle *oracle.Oracle
}

// New convenes a panel whose third member is the given module.
func New(ctx context.Context, module []byte) (*Panel, error) {
	o, err := oracle.New(ctx, module)
	return &Panel{o}, err
}

// Close dismisses the panel.
func (p *Panel) Close() error { return p.oracle.Close() }

// Limit is maxMessage moved to where a lane may have it, because the module is
// not asked about others.
func Limit(maxMessage uint64) uint64 {
	return min(max(maxMessage, wire.MaxMessageMin), wire.MaxMessageMax)
}

// Message asks what b is and, if its header tells where its parts are, how a
// message with these fields is encoded. It returns what all three make of b, or
// says in an error who disagrees.
func (p *Panel) Message(direction string, b []byte, maxMessage uint64) (slowwire.Verdict, error) {
	want := slowwire.Decode(direction, b, maxMessage)
	got := wiretest.Decode(direction, b, maxMessage)
	if err := compare("wire", want, got); err != nil {
		return want, asking(err, "decoding", direction, b, maxMessage)
	}
	got, err := p.oracle.Decode(direction, b, maxMessage)
	if err == nil {
		err = compare("oracle", want, got)
	}
	if err != nil {
		return want, asking(err, "decoding", direction, b, maxMessage)
	}
	if numbers, parts, ok := fieldsOf(direction, b); ok {
		if err := p.encode(direction, numbers, parts, maxMessage); err != nil {
			return want, asking(err, "encoding the fields of", direction, b, maxMessage)
		}
	}
	return want, nil
}

// encoded is the outcome of encoding a message.
type encoded struct {
	Bytes   []byte
	Refusal *slowwire.Refusal
}

// encode expects the frame that the registry lays out, or the refusal that a
// decoder would answer that frame with (WIRE-030, WIRE-031).
func (p *Panel) encode(direction string, numbers map[string]uint64, parts []string, maxMessage uint64) error {
	want := encoded{Bytes: slowwire.Frame(direction, numbers, parts...)}
	if v := slowwire.Decode(direction, want.Bytes, maxMessage); v.Refusal != nil {
		want = encoded{Refusal: v.Refusal}
	}
	if canHold(direction, numbers) {
		if err := compare("wire", want, encode(direction, numbers, parts, maxMessage)); err != nil {
			return err
		}
	}
	b, refusal, err := p.oracle.Encode(direction, numbers, parts, maxMessage)
	if err != nil {
		return err
	}
	return compare("oracle", want, encoded{b, refusal})
}

// split is a stream as it was cut up.
type split struct {
	Frames  [][]byte
	Refusal *slowwire.Refusal
}

// Stream asks which messages a stream holds that arrives in these pieces, up to
// its end or the first refusal, and returns their number.
func (p *Panel) Stream(direction string, chunks [][]byte, maxMessage uint64) (int, error) {
	all := bytes.Join(chunks, nil)
	var want split
	frames, refusal := slowwire.Split(direction, all, maxMessage)
	for _, frame := range frames {
		if v := slowwire.Decode(direction, frame, maxMessage); v.Refusal != nil {
			refusal = v.Refusal
			break
		}
		want.Frames = append(want.Frames, frame)
	}
	want.Refusal = refusal
	if err := compare("wire", want, stream(direction, chunks, maxMessage)); err != nil {
		return 0, asking(err, "cutting up", direction, all, maxMessage)
	}
	frames, refusal, err := p.oracle.Split(direction, chunks, maxMessage)
	if err == nil {
		err = compare("oracle", want, split{frames, refusal})
	}
	if err != nil {
		return 0, asking(err, "cutting up", direction, all, maxMessage)
	}
	return len(want.Frames), nil
}

func compare[T any](who string, want, got T) error {
	if reflect.DeepEqual(want, got) {
		return nil
	}
	return fmt.Errorf("-slowwire +%s:\n%s", who, cmp.Diff(want, got))
}

// asking says what was asked.
func asking(err error, doing, direction string, b []byte, maxMessage uint64) error {
	return fmt.Errorf("%s %s %x with max_message=%d: %w", doing, direction, b, maxMessage, err)
}
