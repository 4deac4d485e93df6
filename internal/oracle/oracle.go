// Package oracle asks the executable specification, or any codec with the same
// interface, in the words of package slowwire. It is made for millions of
// questions: one instance, no placements and no canaries but one, that an input
// ends with the last byte of the memory, so that reading on is a trap. The whole
// examination of a module is package conformance/wasm's.
package oracle

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/ringwire/ringwire/internal/slowwire"
)

const pageSize = 64 << 10

// Oracle is one instance. It is for one goroutine.
type Oracle struct {
	runtime   wazero.Runtime
	memory    api.Memory
	functions map[string]api.Function
	names     names

	// base is where the room begins that the host has added to the memory, and
	// end where it ends, with the memory. Between two calls nothing in it matters.
	base, end uint32
	max       uint64 // the max_message that is set
}

// New makes an instance of a module.
func New(ctx context.Context, module []byte) (*Oracle, error) {
	o := &Oracle{runtime: wazero.NewRuntime(ctx), functions: map[string]api.Function{}, names: loadNames()}
	instance, err := o.runtime.Instantiate(ctx, module)
	if err != nil {
		_ = o.runtime.Close(ctx)
		return nil, fmt.Errorf("oracle: %w", err)
	}
	o.memory = instance.Memory()
	for _, name := range []string{
		"rw_reset", "rw_error", "rw_set_max_message", "rw_decode_request", "rw_decode_response",
		"rw_encode_request", "rw_encode_response", "rw_stream_open", "rw_stream_push", "rw_stream_next",
	} {
		f := instance.ExportedFunction(name)
		if f == nil {
			_ = o.runtime.Close(ctx)
			return nil, fmt.Errorf("oracle: missing export=%s", name)
		}
		o.functions[name] = f
	}
	return o, nil
}

// Close frees the instance.
func (o *Oracle) Close() error { return o.runtime.Close(context.Background()) }

// call calls an export. A trap is an error, after which the instance is useless.
func (o *Oracle) call(name string, args ...uint64) (int32, error) {
	results, err := o.functions[name].Call(context.Background(), args...)
	if err != nil {
		return 0, fmt.Errorf("oracle: %s: %w", name, err)
	}
	if len(results) == 0 {
		return 0, nil
	}
	return api.DecodeI32(results[0]), nil
}

// expect calls an export that has one right answer.
func (o *Oracle) expect(want int, name string, args ...uint64) error {
	got, err := o.call(name, args...)
	if err == nil && int(got) != want {
		err = fmt.Errorf("oracle: %s%d returned %d instead of %d", name, args, got, want)
	}
	return err
}

// begin forgets what was asked before and sets the limit.
func (o *Oracle) begin(maxMessage uint64) error {
	if _, err := o.call("rw_reset"); err != nil || o.max == maxMessage {
		return err
	}
	o.max = maxMessage
	return o.expect(0, "rw_set_max_message", maxMessage)
}

// room returns the addresses of two buffers: n bytes in front, and in, which is
// copied to the end of the memory.
func (o *Oracle) room(n int, in []byte) (front, back uint32, err error) {
	if size := o.memory.Size(); o.end != size { // the module has added pages of its own
		o.base, o.end = size, size
	}
	if need := uint32(n + len(in)); o.end-o.base < need {
		if _, ok := o.memory.Grow((need + pageSize - 1) / pageSize); !ok {
			return 0, 0, fmt.Errorf("oracle: no room for bytes=%d", need)
		}
		o.end = o.memory.Size()
	}
	back = o.end - uint32(len(in))
	copy(o.take(back, len(in)), in)
	return back - uint32(n), back, nil
}

// take returns a view of n bytes of the memory, good until the next call.
func (o *Oracle) take(at uint32, n int) []byte {
	view, ok := o.memory.Read(at, uint32(n))
	if !ok {
		panic(fmt.Sprintf("oracle: room is outside of the memory: at=%d n=%d", at, n))
	}
	return view
}

// refusal reads the details of a negative result.
func (o *Oracle) refusal(result int32) (*slowwire.Refusal, error) {
	code, ok := o.names.codes[-result]
	if !ok {
		return nil, fmt.Errorf("oracle: returned %d, which is no code", result)
	}
	at, _, err := o.room(8, nil)
	if err != nil {
		return nil, err
	}
	if err := o.expect(8, "rw_error", uint64(at), 8); err != nil {
		return nil, err
	}
	record := o.take(at, 8)
	return &slowwire.Refusal{
		Code: code.Name, Category: code.Category,
		Offset: int(binary.LittleEndian.Uint32(record)), Field: o.names.fields[binary.LittleEndian.Uint32(record[4:])],
	}, nil
}
