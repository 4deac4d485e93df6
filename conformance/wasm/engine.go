package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// Limits bound what a guest may use.
type Limits struct {
	// MemoryPages is the most memory a guest may have, in pages of 64 KiB.
	MemoryPages uint32
	// CallTime is how long one call may take.
	CallTime time.Duration
	// Quick runs each case in one engine, on fresh instances, in two placements:
	// for runs over many modules of which most are wrong.
	Quick bool
}

// DefaultLimits are enough for four messages of the default max_message.
func DefaultLimits() Limits {
	return Limits{MemoryPages: 4096, CallTime: 2 * time.Second}
}

// engine runs a module in one of wazero's two ways. That both give the same
// answer is a check on the module (no undefined behaviour that shows) and on the
// runtime.
type engine struct {
	name     string
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	limits   Limits
}

func digest(module []byte) string {
	sum := sha256.Sum256(module)
	return hex.EncodeToString(sum[:])
}

// newEngines compiles the module for each engine. A module that imports what
// chapter 08 does not allow is refused here, before anything of it runs.
func newEngines(ctx context.Context, module []byte, limits Limits) ([]*engine, error) {
	var engines []*engine
	configs := []struct {
		name   string
		config wazero.RuntimeConfig
	}{
		{"compiler", wazero.NewRuntimeConfig()}, // where there is no compiler this interprets
		{"interpreter", wazero.NewRuntimeConfigInterpreter()},
	}
	if limits.Quick {
		configs = configs[:1]
	}
	for _, c := range configs {
		config := c.config.WithMemoryLimitPages(limits.MemoryPages).WithCloseOnContextDone(true)
		e := &engine{name: c.name, runtime: wazero.NewRuntimeWithConfig(ctx, config), limits: limits}
		engines = append(engines, e)
		if err := e.compile(ctx, module); err != nil {
			closeEngines(ctx, engines)
			return nil, err
		}
	}
	return engines, nil
}

func (e *engine) compile(ctx context.Context, module []byte) error {
	compiled, err := e.runtime.CompileModule(ctx, module)
	if err != nil {
		return fmt.Errorf("wasm: not a valid module: %w", err)
	}
	e.compiled = compiled
	needsWASI := false
	for _, f := range compiled.ImportedFunctions() {
		from, name, _ := f.Import()
		if from != wasi_snapshot_preview1.ModuleName {
			return &ImportError{Module: from, Name: name}
		}
		needsWASI = true
	}
	for _, m := range compiled.ImportedMemories() {
		from, name, _ := m.Import()
		return &ImportError{Module: from, Name: name}
	}
	if needsWASI {
		if _, err := wasi_snapshot_preview1.Instantiate(ctx, e.runtime); err != nil {
			return fmt.Errorf("wasm: WASI: %w", err)
		}
	}
	return nil
}

func closeEngines(ctx context.Context, engines []*engine) {
	for _, e := range engines {
		_ = e.runtime.Close(ctx)
	}
}

// ImportError says that a module imports something that no kit gives it.
type ImportError struct {
	Module, Name string
}

func (e *ImportError) Error() string {
	return fmt.Sprintf("wasm: ABI-002: the module imports what is not allowed: import=%s.%s", e.Module, e.Name)
}
