package live

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/live/mirror"
)

// faultVariable makes this program a worker: the mirror with that fault.
const faultVariable = "RINGWIRE_TEST_MIRROR"

func TestMain(m *testing.M) {
	if fault, ok := os.LookupEnv(faultVariable); ok {
		os.Exit(mirror.Main(os.Args[1:], mirror.Fault(fault)))
	}
	os.Exit(m.Run())
}

func mirrorWorker(t *testing.T, fault mirror.Fault) Config {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Command: []string{program}, Env: append(os.Environ(), faultVariable+"="+string(fault)),
		Patience: 2 * time.Second,
	}
}

func TestMirrorConforms(t *testing.T) {
	c := mirrorWorker(t, mirror.None)
	report := judge(t, c, loadVectors(t), nil)
	if !report.Conforms() {
		t.Error(text(t, report))
	}
}

var _ = strings.Contains
var _ conformance.Status
