package wasm

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

// asker puts questions to one instance, with its buffers in one placement.
type asker struct {
	*instance
	tables    *tables
	placement placement
	ctx       context.Context // of one case: it bounds all calls of it
}

// invoke lays the blocks out, calls the function with the arguments that follow
// from their addresses, and reads the blocks back.
func (a *asker) invoke(name string, blocks []*block, args func() []uint32) (int32, error) {
	if err := a.lay(a.placement, blocks); err != nil {
		return 0, err
	}
	result, err := a.call(a.ctx, name, args()...)
	if err != nil {
		return 0, err
	}
	if f := a.take(blocks, result < 0); f != nil {
		return result, &fault{f.requirement, name + " " + f.text}
	}
	return result, nil
}

// ask puts the question of a decode, encode or stream vector.
func (a *asker) ask(v *vectors.Vector) (conformance.Answer, error) {
	switch v.Operation {
	case vectors.DecodeRequest, vectors.DecodeResponse:
		return a.decode(v)
	case vectors.EncodeRequest, vectors.EncodeResponse:
		return a.encode(v)
	case vectors.StreamRequest, vectors.StreamResponse:
		return a.stream(v)
	}
	return conformance.Answer{Skip: "unknown operation " + v.Operation}, nil
}

func suffix(v *vectors.Vector) string {
	if v.IsResponse() {
		return "response"
	}
	return "request"
}

func (a *asker) decode(v *vectors.Vector) (conformance.Answer, error) {
	name := "rw_decode_" + suffix(v)
	in, rec := &block{data: *v.Input}, &block{data: make([]byte, recordSize), mode: output}
	result, err := a.invoke(name, []*block{in, rec}, func() []uint32 {
		return []uint32{in.at, length(in), rec.at, recordSize}
	})
	if err != nil || result < 0 {
		return a.refused(name, result, err)
	}
	if result != recordSize {
		return conformance.Answer{}, &fault{"ABI-011", fmt.Sprintf("%s returned %d: neither the size of the record nor a refusal", name, result)}
	}
	m, err := message(v.IsResponse(), rec.data, *v.Input)
	return conformance.Answer{Message: m}, err
}

func (a *asker) encode(v *vectors.Vector) (conformance.Answer, error) {
	name := "rw_encode_" + suffix(v)
	// One byte more than any correct encoder needs shows one that writes too much.
	room := len(v.Fields.ModuleName) + len(v.Fields.FunctionName) + len(v.Fields.Kwargs) +
		len(v.Fields.Body) + len(v.Fields.ErrorMessage) + 21
	rec, out := &block{data: record(v.Fields)}, &block{data: make([]byte, room), mode: output}
	result, err := a.invoke(name, []*block{rec, out}, func() []uint32 {
		return []uint32{rec.at, length(rec), out.at, length(out)}
	})
	if err != nil || result < 0 {
		return a.refused(name, result, err)
	}
	if int(result) > len(out.data) {
		return conformance.Answer{}, &fault{"ABI-011", fmt.Sprintf("%s returned %d, more than the room of %d bytes", name, result, len(out.data))}
	}
	return conformance.Answer{Output: out.data[:result]}, nil
}

func (a *asker) stream(v *vectors.Vector) (conformance.Answer, error) {
	direction := uint32(1)
	if v.IsResponse() {
		direction = 2
	}
	if result, err := a.call(a.ctx, "rw_stream_open", direction); err != nil || result != 0 {
		return a.refused("rw_stream_open", result, err)
	}
	answer := conformance.Answer{Messages: []vectors.Message{}}
	pushed := 0
	for i := 0; i <= len(v.Chunks); i++ {
		chunk := []byte{}
		switch {
		case i < len(v.Chunks):
			chunk = v.Chunks[i]
		case v.End == nil || !*v.End:
			return answer, nil
		}
		in := &block{data: chunk}
		result, err := a.invoke("rw_stream_push", []*block{in}, func() []uint32 { return []uint32{in.at, length(in)} })
		if err != nil {
			return answer, err
		}
		if int(result) != len(chunk) {
			return a.refused("rw_stream_push", min(result, -1), nil)
		}
		pushed += len(chunk)
		done, err := a.drain(v, &answer, pushed)
		if err != nil {
			return answer, err
		}
		if done {
			if answer.Error != nil {
				n := vectors.Number(i)
				answer.Error.Chunk = &n
			}
			return answer, nil
		}
	}
	return answer, nil
}

// drain takes messages until there is none; done says that the stream was
// refused.
func (a *asker) drain(v *vectors.Vector, answer *conformance.Answer, pushed int) (done bool, err error) {
	for len(answer.Messages) <= pushed { // each message has at least one byte
		rec, out := &block{data: make([]byte, recordSize), mode: output}, &block{data: make([]byte, pushed), mode: output}
		next := func() (int32, error) {
			return a.invoke("rw_stream_next", []*block{rec, out}, func() []uint32 {
				return []uint32{rec.at, recordSize, out.at, length(out)}
			})
		}
		result, err := next()
		switch {
		case err == nil && result == 0:
			return false, nil
		case err != nil || result < 0:
			r, err := a.refused("rw_stream_next", result, err)
			if err != nil {
				return true, err
			}
			answer.Error, answer.Skip = r.Error, r.Skip
			again, err := next()
			if err == nil && again != result {
				err = &fault{"ABI-012", fmt.Sprintf("rw_stream_next returned %d after it had refused with %d", again, result)}
			}
			return true, err
		case int(result) > len(out.data):
			return true, &fault{"ABI-011", fmt.Sprintf("rw_stream_next returned %d, more than the %d bytes that came", result, pushed)}
		}
		m, err := message(v.IsResponse(), rec.data, out.data[:result])
		if err != nil {
			return true, err
		}
		answer.Messages = append(answer.Messages, *m)
	}
	return true, &fault{"ABI-011", "rw_stream_next returned more messages than bytes"}
}

// refused turns a negative result into an answer, with the details of rw_error.
func (a *asker) refused(name string, result int32, err error) (conformance.Answer, error) {
	if err != nil {
		return conformance.Answer{}, err
	}
	if result == unimplemented {
		return conformance.Answer{Skip: name + " is not implemented"}, nil
	}
	code, known := a.tables.codes[result]
	if !known {
		return conformance.Answer{}, &fault{"ABI-011", fmt.Sprintf("%s returned %d, which is no code", name, result)}
	}
	out := &block{data: make([]byte, 8), mode: output}
	n, err := a.invoke("rw_error", []*block{out}, func() []uint32 { return []uint32{out.at, 8} })
	if err != nil {
		return conformance.Answer{}, err
	}
	if n != 8 {
		return conformance.Answer{}, &fault{"ABI-011", fmt.Sprintf("rw_error returned %d instead of 8", n)}
	}
	number := binary.LittleEndian.Uint32(out.data[4:])
	field, known := a.tables.fields[number]
	if !known {
		return conformance.Answer{}, &fault{"ABI-011", fmt.Sprintf("rw_error names field %d, which is none", number)}
	}
	return conformance.Answer{Error: &vectors.Error{
		Code: code, Category: a.tables.categories[code],
		Offset: vectors.Number(binary.LittleEndian.Uint32(out.data)), Field: field,
	}}, nil
}

func length(b *block) uint32 { return uint32(len(b.data)) }

// message reads a record whose offsets count from the first byte of in. Nothing
// in the record is believed.
func message(response bool, rec, in []byte) (*vectors.Message, error) {
	u32 := func(k int) uint32 { return binary.LittleEndian.Uint32(rec[4*k:]) }
	var err error
	part := func(k int, name string) []byte {
		offset, n := uint64(u32(k)), uint64(u32(k+1))
		if offset+n > uint64(len(in)) {
			err = &fault{"ABI-011", fmt.Sprintf("the record says that %s has %d bytes at offset %d of a message of %d bytes", name, n, offset, len(in))}
			return nil
		}
		return in[offset : offset+n]
	}
	m := &vectors.Message{Type: u32(0), RequestID: u32(1), TotalLength: u32(2), Consumed: u32(9), Response: response}
	if response {
		m.Body, m.ErrorMessage = part(3, "body"), part(5, "error_message")
		m.StatusCode, m.Success = u32(7), u32(8)
	} else {
		m.ModuleName, m.FunctionName, m.Kwargs = part(3, "module_name"), part(5, "function_name"), part(7, "kwargs")
	}
	return m, err
}

// record writes the record of a message to be encoded, parts behind it.
func record(m *vectors.Message) []byte {
	rec := make([]byte, recordSize)
	put := func(k int, v uint32) { binary.LittleEndian.PutUint32(rec[4*k:], v) }
	part := func(k int, b []byte) {
		put(k, uint32(len(rec)))
		put(k+1, uint32(len(b)))
		rec = append(rec, b...)
	}
	put(0, m.Type)
	put(1, m.RequestID)
	if m.Response {
		part(3, m.Body)
		part(5, m.ErrorMessage)
		put(7, m.StatusCode)
		put(8, m.Success)
		return rec
	}
	part(3, m.ModuleName)
	part(5, m.FunctionName)
	part(7, m.Kwargs)
	return rec
}
