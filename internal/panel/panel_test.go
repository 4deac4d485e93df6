package panel

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/spec"
)

func TestPanelAgrees(t *testing.T) {
	p, err := New(context.Background(), spec.Oracle)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	rng := rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		for _, direction := range []string{slowwire.Request, slowwire.Response} {
			first, limit := slowwire.Generate(rng, direction)
			if _, err := p.Message(direction, first, Limit(limit)); err != nil {
				t.Fatal(err)
			}
			second, limit := slowwire.Generate(rng, direction)
			if _, err := p.Stream(direction, [][]byte{first, second[:len(second)/2], second[len(second)/2:]}, Limit(limit)); err != nil {
				t.Fatal(err)
			}
		}
	}
}
