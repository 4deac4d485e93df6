package mutants

import (
	"context"
	"fmt"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/conformance/wasm"
)

// limits are small: a mutant that hangs is known to hang.
func limits() wasm.Limits {
	l := wasm.DefaultLimits()
	l.CallTime = time.Second
	l.Quick = true
	return l
}

// Judge puts vectors to a mutant; 0 is the good one.
func Judge(ctx context.Context, number uint32, all []vectors.Vector) (*conformance.Report, error) {
	s, err := wasm.Open(ctx, Module(number), limits())
	if err != nil {
		return nil, fmt.Errorf("mutants: number=%d: %w", number, err)
	}
	defer func() { _ = s.Close() }()
	return conformance.Run(ctx, s, all, conformance.Options{}), nil
}
