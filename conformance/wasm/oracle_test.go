package wasm_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/conformance/wasm"
	"github.com/ringwire/ringwire/spec"
)

// The executable specification agrees with every vector.
//
//spec:test CONF-001 CONF-002 CONF-003 ABI-001 ABI-002 ABI-003 ABI-004 ABI-005 ABI-006
//spec:test ABI-007 ABI-008 ABI-009 ABI-010 ABI-011 ABI-012 ABI-013 ABI-014 ABI-015 ABI-016
func TestOracleConforms(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	limits := wasm.DefaultLimits()
	limits.CallTime = time.Minute // the interpreter is slow under the race detector
	s, err := wasm.Open(ctx, spec.Oracle, limits)
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
