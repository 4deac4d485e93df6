package propertytests

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/internal/wiretest"
	"github.com/ringwire/ringwire/wire"
)

const limit = wire.MaxMessageDefault

//spec:test WIRE-030
func TestRequest(t *testing.T) {
	check(t, map[string]gopter.Prop{
		"what is appended is parsed again": prop.ForAll(
			func(id uint32, module, function string, kwargs []byte, before []byte) string {
				r := wire.Request{Type: wire.TypeRequest, ID: id, Module: []byte(module), Function: []byte(function), Kwargs: kwargs}
				b, err := r.Append(before, limit)
				if err != nil {
					return err.Error()
				}
				if len(b) != len(before)+r.Size() || !bytes.HasPrefix(b, before) {
					return fmt.Sprintf("size is %d, appended %d bytes to %d", r.Size(), len(b)-len(before), len(before))
				}
				got, err := wire.ParseRequest(b[len(before):], limit)
				if err != nil {
					return err.Error()
				}
				return cmp.Diff(r, got, cmp.Comparer(bytes.Equal))
			}, id(), name(), name(), raw(), raw()),
		"the limit is on the byte": prop.ForAll(
			func(module, function string, kwargs []byte) string {
				r := wire.Request{Type: wire.TypeRequest, ID: 1, Module: []byte(module), Function: []byte(function), Kwargs: kwargs}
				return onTheByte(&r, slowwire.Request)
			}, name(), name(), raw()),
	})
}

//spec:test WIRE-030
func TestResponse(t *testing.T) {
	check(t, map[string]gopter.Prop{
		"what is appended is parsed again": prop.ForAll(
			func(id uint32, status uint16, body []byte, message string, before []byte) string {
				r := wire.Response{ID: id, Status: wire.Status(status), Success: status < 300, Body: body}
				if !r.Success {
					r.ErrorMessage = []byte(message)
				}
				b, err := r.Append(before, limit)
				if err != nil {
					return err.Error()
				}
				if len(b) != len(before)+r.Size() || !bytes.HasPrefix(b, before) {
					return fmt.Sprintf("size is %d, appended %d bytes to %d", r.Size(), len(b)-len(before), len(before))
				}
				got, err := wire.ParseResponse(b[len(before):], limit)
				if err != nil {
					return err.Error()
				}
				return cmp.Diff(r, got, cmp.Comparer(bytes.Equal))
			}, id(), gen.OneGenOf(gen.UInt16Range(200, 299), gen.UInt16Range(400, 599)), raw(), gen.AnyString(), raw()),
		"the limit is on the byte": prop.ForAll(
			func(body []byte, message string) string {
				r := wire.Response{ID: 1, Status: wire.StatusRaised, Body: body, ErrorMessage: []byte(message)}
				return onTheByte(&r, slowwire.Response)
			}, raw(), gen.AnyString()),
	})
}

// onTheByte says what is wrong with the way max_message bounds a message.
func onTheByte(r interface {
	Size() int
	Append(dst []byte, maxMessage int) ([]byte, error)
}, direction string) string {
	want := slowwire.Refusal{Code: "TOO_LARGE", Category: "over-limit", Offset: 5, Field: "total_length"}
	b, err := r.Append(nil, r.Size())
	if err != nil {
		return err.Error()
	}
	_, err = r.Append(nil, r.Size()-1)
	for side, got := range map[string]*slowwire.Refusal{
		"encoder": wiretest.Refusal(err),
		"decoder": wiretest.Decode(direction, b, uint64(len(b)-1)).Refusal,
	} {
		if got == nil || *got != want {
			return fmt.Sprintf("%s one byte over the limit: %+v", side, got)
		}
	}
	return ""
}

// The encoder refuses exactly what a decoder would, with the same words, for any
// fields, right or wrong.
//
//spec:test WIRE-031
func TestEncoderAndDecoderRefuseAlike(t *testing.T) {
	check(t, map[string]gopter.Prop{
		"request": prop.ForAll(
			func(typ uint8, id uint32, module, function string, kwargs []byte, limit int) string {
				r := wire.Request{Type: wire.Type(typ), ID: id, Module: []byte(module), Function: []byte(function), Kwargs: kwargs}
				got, err := r.Append(nil, limit)
				b := slowwire.Frame(slowwire.Request, map[string]uint64{"type": uint64(typ), "request_id": uint64(id)}, module, function, string(kwargs))
				return alike(slowwire.Request, b, limit, got, err)
			}, gen.OneConstOf(uint8(0), uint8(1), uint8(1), uint8(1), uint8(2), uint8(3), uint8(4), uint8(10)), anyID(), anyText(), anyText(), raw(), anyLimit()),
		"response": prop.ForAll(
			func(id uint32, status uint16, success bool, body []byte, message string, limit int) string {
				r := wire.Response{ID: id, Status: wire.Status(status), Success: success, Body: body, ErrorMessage: []byte(message)}
				got, err := r.Append(nil, limit)
				number := map[bool]uint64{true: 1}[success]
				b := slowwire.Frame(slowwire.Response, map[string]uint64{"type": 2, "request_id": uint64(id), "status_code": uint64(status), "success": number}, string(body), message)
				return alike(slowwire.Response, b, limit, got, err)
			}, anyID(), gen.OneGenOf(gen.UInt16Range(195, 305), gen.UInt16Range(395, 605), gen.UInt16()), gen.Bool(), raw(), anyText(), anyLimit()),
	})
}

// alike compares what an encoder answered with what the slow decoder says of the
// bytes that it should have made.
func alike(direction string, b []byte, limit int, got []byte, err error) string {
	want := slowwire.Decode(direction, b, uint64(limit)).Refusal
	if diff := cmp.Diff(want, wiretest.Refusal(err)); diff != "" {
		return "-decoder +encoder:\n" + diff
	}
	if err == nil && !bytes.Equal(got, b) {
		return fmt.Sprintf("encoded as %x, want %x", got, b)
	}
	if err != nil && got != nil {
		return fmt.Sprintf("refused and wrote %x", got)
	}
	return ""
}

//spec:test WIRE-027
//spec:test WIRE-028
//spec:test WIRE-030
func TestDecoder(t *testing.T) {
	properties := map[string]gopter.Prop{}
	for _, direction := range []string{slowwire.Request, slowwire.Response} {
		judge := func(b []byte, limit int) string {
			want := slowwire.Decode(direction, b, uint64(limit))
			got := wiretest.Decode(direction, b[:len(b):len(b)], uint64(limit))
			if !reflect.DeepEqual(want, got) {
				return fmt.Sprintf("%x, max_message %d: -slowwire +wire:\n%s", b, limit, cmp.Diff(want, got))
			}
			if got.Refusal != nil {
				return ""
			}
			if again, err := wiretest.Reencode(direction, b, uint64(limit)); err != nil || !bytes.Equal(again, b) {
				return fmt.Sprintf("%x was encoded as %x, err=%v", b, again, err)
			}
			return ""
		}
		properties[direction+": any bytes are judged without a panic, as the slow decoder does"] = prop.ForAll(judge, raw(), anyLimit())
		properties[direction+": there is one encoding of each message"] = prop.ForAll(func(seed uint64) string {
			b, limit := slowwire.Generate(rand.New(rand.NewPCG(seed, 0)), direction)
			return judge(b, int(limit))
		}, gen.UInt64())
	}
	check(t, properties)
}

//spec:test WIRE-032
//spec:test WIRE-033
//spec:test WIRE-034
//spec:test WIRE-035
func TestStream(t *testing.T) {
	properties := map[string]gopter.Prop{}
	for _, direction := range []string{slowwire.Request, slowwire.Response} {
		properties[direction+": how a stream is cut into pieces does not matter"] = prop.ForAll(func(seed uint64, sizes []uint8) string {
			all, limit := session(rand.New(rand.NewPCG(seed, 0)), direction)
			wantFrames, wantRefusal := slowwire.Split(direction, all, limit)

			source := &pieces{rest: all, sizes: sizes}
			reader := wire.NewReader(source, wiretest.Direction(direction), int(limit))
			var frames [][]byte
			frame, err := reader.Next()
			for ; err == nil; frame, err = reader.Next() {
				frames = append(frames, bytes.Clone(frame))
			}
			var refusal *slowwire.Refusal
			if err != io.EOF {
				refusal = wiretest.Refusal(err)
			}
			if reflect.DeepEqual(wantRefusal, refusal) && slices.EqualFunc(wantFrames, frames, bytes.Equal) {
				return ""
			}
			return cmp.Diff(wantRefusal, refusal) + cmp.Diff(wantFrames, frames)
		}, gen.UInt64(), gen.SliceOf(gen.UInt8()))
	}
	check(t, properties)
}

// session is a stream of good frames that may end in a bad one.
func session(rng *rand.Rand, direction string) ([]byte, uint64) {
	samples := slowwire.SamplesOf(direction)
	var all []byte
	for range rng.IntN(5) {
		all = append(all, samples[rng.IntN(len(samples))].Bytes...)
	}
	b, limit := slowwire.Generate(rng, direction)
	return append(all, b...), limit
}

// pieces is a source that gives as many bytes at a time as sizes says, in turn.
type pieces struct {
	rest  []byte
	sizes []uint8
	turn  int
}

func (p *pieces) Read(into []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := len(p.rest)
	if len(p.sizes) > 0 {
		n = min(n, 1+int(p.sizes[p.turn%len(p.sizes)]))
		p.turn++
	}
	n = copy(into, p.rest[:n])
	p.rest = p.rest[n:]
	return n, nil
}

func id() gopter.Gen { return gen.UInt32Range(1, 1<<32-1) }

func anyID() gopter.Gen { return gen.OneGenOf(gen.UInt32Range(0, 2), id()) }

func raw() gopter.Gen { return gen.SliceOf(gen.UInt8()) }

// name is a name that a decoder accepts.
func name() gopter.Gen {
	return gen.OneGenOf(
		gen.Identifier(),
		gen.AnyString().Map(func(s string) string { return "x" + strings.ReplaceAll(s, "\x00", "") }),
		gen.OneConstOf("m", strings.Repeat("n", wire.NameMax-1), strings.Repeat("n", wire.NameMax)),
	)
}

// anyText is a name or error message that may be wrong in any way.
func anyText() gopter.Gen {
	return gen.OneGenOf(
		name(),
		gen.AnyString(),
		raw().Map(func(b []byte) string { return string(b) }),
		gen.OneConstOf("", "\x00", "\xff", strings.Repeat("n", wire.NameMax+1)),
	)
}

// anyLimit is a max_message, now and then so small that generated messages
// exceed it.
func anyLimit() gopter.Gen {
	borders := gen.OneConstOf(limit, wire.MaxMessageMin, wire.MaxMessageMax)
	return gen.Frequency(map[int]gopter.Gen{4: borders, 1: gen.IntRange(0, 3*sizeMax)})
}
