package propertytests

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/leanovate/gopter"
)

// runsDefault is enough to meet each border many times and still takes no time.
const runsDefault = 2000

// sizeMax bounds the length of generated strings and slices; generators put
// longer ones on top where a border lies beyond.
const sizeMax = 60

// check runs properties from a seed that it prints.
func check(t *testing.T, properties map[string]gopter.Prop) {
	t.Helper()
	seed := setting(t, "RINGWIRE_SEED", time.Now().UnixNano())
	runs := setting(t, "RINGWIRE_RUNS", runsDefault)
	for name, property := range properties {
		t.Run(name, func(t *testing.T) {
			t.Logf("repeat with RINGWIRE_SEED=%d RINGWIRE_RUNS=%d", seed, runs)
			parameters := gopter.DefaultTestParametersWithSeed(seed)
			parameters.MinSuccessfulTests = int(runs)
			parameters.MaxSize = sizeMax
			all := gopter.NewProperties(parameters)
			all.Property(name, property)
			all.TestingRun(t, gopter.NewFormatedReporter(true, 100, t.Output()))
		})
	}
}

func setting(t *testing.T, name string, fallback int64) int64 {
	t.Helper()
	text, ok := os.LookupEnv(name)
	if !ok {
		return fallback
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%s must be a whole number: %v", name, err)
	}
	return n
}
