package oracle

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/ringwire/ringwire/internal/slowwire"
)

const recordSize = 40

// partNames are the parts of a payload in the order of the record.
var partNames = map[string][]string{
	slowwire.Request:  {"module_name", "function_name", "kwargs"},
	slowwire.Response: {"body", "error_message"},
}

// Decode is slowwire.Decode by the module. An error is an offence against
// chapter 08, and leaves the instance useless.
func (o *Oracle) Decode(direction string, b []byte, maxMessage uint64) (slowwire.Verdict, error) {
	if err := o.begin(maxMessage); err != nil {
		return slowwire.Verdict{}, err
	}
	rec, in, err := o.room(recordSize, b)
	if err != nil {
		return slowwire.Verdict{}, err
	}
	result, err := o.call("rw_decode_"+direction, uint64(in), uint64(len(b)), uint64(rec), recordSize)
	if err != nil {
		return slowwire.Verdict{}, err
	}
	if result < 0 {
		refusal, err := o.refusal(result)
		return slowwire.Verdict{Refusal: refusal}, err
	}
	if result != recordSize {
		return slowwire.Verdict{}, fmt.Errorf("oracle: decoding returned %d", result)
	}
	return verdict(direction, o.take(rec, recordSize), b)
}

// verdict reads the record of a message.
func verdict(direction string, rec, message []byte) (slowwire.Verdict, error) {
	u32 := func(k int) uint64 { return uint64(binary.LittleEndian.Uint32(rec[4*k:])) }
	v := slowwire.Verdict{
		Numbers: map[string]uint64{"type": u32(0), "request_id": u32(1), "total_length": u32(2)},
		Parts:   map[string]string{},
	}
	for k, part := range partNames[direction] {
		offset, n := u32(3+2*k), u32(4+2*k)
		if offset+n > uint64(len(message)) {
			return v, fmt.Errorf("oracle: %s has %d bytes at offset %d of %d", part, n, offset, len(message))
		}
		v.Numbers[part+"_len"] = n
		v.Parts[part] = string(message[offset : offset+n])
	}
	if direction == slowwire.Response {
		v.Numbers["status_code"], v.Numbers["success"] = u32(7), u32(8)
	}
	if consumed := u32(9); consumed != uint64(len(message)) {
		return v, fmt.Errorf("oracle: consumed %d of %d bytes", consumed, len(message))
	}
	return v, nil
}

// Encode lays a message out. The numbers that the lengths decide are ignored.
func (o *Oracle) Encode(direction string, numbers map[string]uint64, parts []string, maxMessage uint64) ([]byte, *slowwire.Refusal, error) {
	if err := o.begin(maxMessage); err != nil {
		return nil, nil, err
	}
	rec := make([]byte, recordSize)
	put := func(k int, v uint64) { binary.LittleEndian.PutUint32(rec[4*k:], uint32(v)) }
	put(0, numbers["type"])
	put(1, numbers["request_id"])
	size := 21
	for k, part := range parts {
		put(3+2*k, uint64(len(rec)))
		put(4+2*k, uint64(len(part)))
		rec = append(rec, part...)
		size += len(part)
	}
	if direction == slowwire.Response {
		put(7, numbers["status_code"])
		put(8, numbers["success"])
	}
	out, in, err := o.room(size, rec)
	if err != nil {
		return nil, nil, err
	}
	result, err := o.call("rw_encode_"+direction, uint64(in), uint64(len(rec)), uint64(out), uint64(size))
	if err != nil {
		return nil, nil, err
	}
	if result < 0 {
		refusal, err := o.refusal(result)
		return nil, refusal, err
	}
	if int(result) > size {
		return nil, nil, fmt.Errorf("oracle: encoding returned %d for a room of %d", result, size)
	}
	return bytes.Clone(o.take(out, int(result))), nil, nil
}

// Split is slowwire.Split by the module, with the stream in pieces of any sizes,
// and with the contents of each frame judged too, as a module does: it ends with
// the first refusal of either kind.
func (o *Oracle) Split(direction string, chunks [][]byte, maxMessage uint64) (frames [][]byte, refusal *slowwire.Refusal, err error) {
	if err := o.begin(maxMessage); err != nil {
		return nil, nil, err
	}
	number := uint64(1)
	if direction == slowwire.Response {
		number = 2
	}
	if err := o.expect(0, "rw_stream_open", number); err != nil {
		return nil, nil, err
	}
	pushed := 0
	for i := range len(chunks) + 1 {
		var chunk []byte
		if i < len(chunks) {
			if chunk = chunks[i]; len(chunk) == 0 {
				continue // no bytes mean the end
			}
		}
		pushed += len(chunk)
		_, in, err := o.room(0, chunk)
		if err != nil {
			return nil, nil, err
		}
		if err := o.expect(len(chunk), "rw_stream_push", uint64(in), uint64(len(chunk))); err != nil {
			return nil, nil, err
		}
		for {
			frame, refusal, err := o.next(pushed)
			if err != nil || refusal != nil {
				return frames, refusal, err
			}
			if frame == nil {
				break
			}
			frames = append(frames, frame)
		}
	}
	return frames, nil, nil
}

// next is the next frame, of at most n bytes.
func (o *Oracle) next(n int) ([]byte, *slowwire.Refusal, error) {
	rec, _, err := o.room(recordSize+n, nil)
	if err != nil {
		return nil, nil, err
	}
	out := rec + recordSize
	result, err := o.call("rw_stream_next", uint64(rec), recordSize, uint64(out), uint64(n))
	switch {
	case err != nil || result == 0:
		return nil, nil, err
	case result < 0:
		refusal, err := o.refusal(result)
		return nil, refusal, err
	case int(result) > n:
		return nil, nil, fmt.Errorf("oracle: rw_stream_next returned %d of %d bytes", result, n)
	}
	return bytes.Clone(o.take(out, int(result))), nil, nil
}
