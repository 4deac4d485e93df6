package wasm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// instance is a module with memory of its own. After a trap or a time-out it is
// broken and must be thrown away.
type instance struct {
	engine *engine
	module api.Module
	memory api.Memory
	arena  arena
	broken bool
}

// newInstance instantiates the module and calls _initialize. Files, arguments
// and environment are absent; clock and random numbers are wazero's fixed ones.
func (e *engine) newInstance(ctx context.Context) (*instance, error) {
	ctx, cancel := context.WithTimeout(ctx, e.limits.CallTime)
	defer cancel()
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	module, err := e.runtime.InstantiateModule(ctx, e.compiled, config)
	if err != nil {
		return nil, fmt.Errorf("wasm: cannot be instantiated: %w", err)
	}
	i := &instance{engine: e, module: module, memory: module.Memory()}
	if i.memory == nil {
		i.close()
		return nil, errors.New("wasm: ABI-001: the module exports no memory")
	}
	if init := module.ExportedFunction("_initialize"); init != nil {
		if _, err := init.Call(ctx); err != nil {
			i.close()
			return nil, fmt.Errorf("wasm: _initialize: %w", err)
		}
	}
	return i, nil
}

// close frees the instance. The caller's context may be done already, and must
// not keep it from being freed.
func (i *instance) close() {
	_ = i.module.Close(context.Background())
}

// fault is an offence of a guest that ended a call.
type fault struct {
	requirement, text string
}

func (f *fault) Error() string { return f.text }

// call calls an export that returns an i32. The error is a *fault.
func (i *instance) call(ctx context.Context, name string, args ...uint32) (int32, error) {
	f := i.module.ExportedFunction(name)
	if f == nil {
		return 0, &fault{"ABI-001", "the module does not export " + name}
	}
	ctx, cancel := context.WithTimeout(ctx, i.engine.limits.CallTime)
	defer cancel()
	params := make([]uint64, len(args))
	for k, a := range args {
		params[k] = uint64(a)
	}
	results, err := f.Call(ctx, params...)
	if err != nil {
		i.broken = true
		return 0, i.explain(name, err)
	}
	if len(results) == 0 {
		return 0, nil
	}
	return api.DecodeI32(results[0]), nil
}

// outOfBounds is wazero's word for an access outside of the memory.
const outOfBounds = "out of bounds memory access"

func (i *instance) explain(name string, err error) *fault {
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		if exit.ExitCode() == sys.ExitCodeDeadlineExceeded || exit.ExitCode() == sys.ExitCodeContextCanceled {
			return &fault{"ABI-010", fmt.Sprintf("%s did not return within %v", name, i.engine.limits.CallTime.Round(time.Millisecond))}
		}
		return &fault{"ABI-009", fmt.Sprintf("%s ended the module with exit code %d", name, exit.ExitCode())}
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	text = strings.TrimSuffix(strings.TrimPrefix(text, "wasm error: "), " (recovered by wazero)")
	if text == "stack overflow" {
		return &fault{"ABI-010", name + " recursed until the stack was used up"}
	}
	return &fault{"ABI-009", fmt.Sprintf("%s trapped: %s", name, text)}
}
