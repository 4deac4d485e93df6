package native

import (
	"context"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

// The codec and the ring of this module pass like any third party's.
//
//spec:test CONF-001 CONF-002
func TestConforms(t *testing.T) {
	t.Parallel()
	report := conformance.Run(context.Background(), New(), vectors.All(), conformance.Options{})
	if !report.Conforms() {
		var b strings.Builder
		if err := report.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		t.Fatal(b.String())
	}
}
