package panel

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/ringwire/ringwire/conformance/mutants"
	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/spec"
)

// examine puts generated questions until the panel disagrees.
func examine(t *testing.T, module []byte, questions int) error {
	t.Helper()
	p, err := New(context.Background(), module)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	rng := rand.New(rand.NewPCG(1, 1))
	for range questions {
		for _, direction := range []string{slowwire.Request, slowwire.Response} {
			first, limit := slowwire.Generate(rng, direction)
			if _, err := p.Message(direction, first, Limit(limit)); err != nil {
				return err
			}
			second, limit := slowwire.Generate(rng, direction)
			if _, err := p.Stream(direction, [][]byte{first, second[:len(second)/2], second[len(second)/2:]}, Limit(limit)); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestPanelAgrees(t *testing.T) {
	if err := examine(t, spec.Oracle, 5000); err != nil {
		t.Error(err)
	}
}

// A panel that finds no fault in a wrong codec would agree about anything.
func TestPanelFindsWrongCodecs(t *testing.T) {
	for _, m := range mutants.All() {
		switch m.Number {
		case 1, 2, 3, 5, 7, 8, 10, 13, 26, 28, 42, 46, 53, 57, 60, 63:
			if examine(t, mutants.Module(m.Number), 20000) == nil {
				t.Errorf("not found: %s", m.Fault)
			}
		}
	}
}
