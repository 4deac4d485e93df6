package wasm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/conformance/wasm"
	"github.com/ringwire/ringwire/spec"
)

// The executable specification agrees with every vector.
func TestOracleConforms(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := wasm.Open(ctx, spec.Oracle, wasm.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	report := conformance.Run(ctx, s, vectors.All(), conformance.Options{})
	if !report.Conforms() {
		t.Fatal(text(t, report))
	}
}

func text(t *testing.T, report *conformance.Report) string {
	t.Helper()
	var b strings.Builder
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
