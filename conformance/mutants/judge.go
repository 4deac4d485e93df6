package mutants

import (
	"context"
	"fmt"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/conformance/wasm"
)

// limits gives a mutant that hangs little time, and every other so much that a
// busy machine does not look like a mutant's fault.
func limits(m Mutant) wasm.Limits {
	l := wasm.DefaultLimits()
	l.Quick = true
	l.CallTime = time.Minute
	if m.Hangs {
		l.CallTime = time.Second
	}
	return l
}

// Judge puts vectors to a mutant; the zero value is the good one.
func Judge(ctx context.Context, m Mutant, all []vectors.Vector) (*conformance.Report, error) {
	s, err := wasm.Open(ctx, Module(m.Number), limits(m))
	if err != nil {
		return nil, fmt.Errorf("mutants: number=%d: %w", m.Number, err)
	}
	defer func() { _ = s.Close() }()
	return conformance.Run(ctx, s, all, conformance.Options{}), nil
}
