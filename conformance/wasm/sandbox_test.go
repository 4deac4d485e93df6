package wasm_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/mutants"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/conformance/wasm"
	"github.com/ringwire/ringwire/spec"
)

func TestMain(m *testing.M) {
	wasm.ServeIfChild()
	os.Exit(m.Run())
}

func few(t *testing.T, prefix string) []vectors.Vector {
	t.Helper()
	var out []vectors.Vector
	for _, v := range vectors.All() {
		if strings.HasPrefix(v.ID, prefix) {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no vectors with prefix=%s", prefix)
	}
	return out
}

func sandbox(t *testing.T, module []byte, limits wasm.Limits) *wasm.Sandbox {
	t.Helper()
	s, err := wasm.OpenSandbox(context.Background(), module, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSandboxAgreesWithOpen(t *testing.T) {
	t.Parallel()
	s := sandbox(t, spec.Oracle, wasm.DefaultLimits())
	report := conformance.Run(context.Background(), s, few(t, "decode-request-body"), conformance.Options{})
	if !report.Conforms() {
		t.Fatal(text(t, report))
	}
	if s.Digest() == "" || report.Subject.Name != "ringwire-oracle" {
		t.Errorf("digest=%q name=%q", s.Digest(), report.Subject.Name)
	}
}

// A hostile module is reported, within bounds of time and memory, and this
// process lives.
//
//spec:test ABI-004 ABI-005 ABI-009 ABI-010 ABI-011
func TestHostileModules(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		mutant      uint32
		requirement string
		says        string
	}{
		{"loops for ever", 70, "ABI-010", "did not return within"},
		{"recurses for ever", 71, "ABI-010", "recursed"},
		{"takes all memory", 72, "", ""},
		{"returns a wild number", 73, "ABI-011", "2147483647"},
		{"points outside of the message", 74, "ABI-011", "at offset 4294967280"},
		{"traps", 75, "ABI-009", "unreachable"},
		{"returns an unknown code", 86, "ABI-011", "-1000"},
		{"reads behind its input", 4, "ABI-004", "out of bounds memory access"},
		{"writes behind its record", 66, "ABI-004", "at byte 40 of buffer 1, which has 40 bytes"},
		{"changes its input", 67, "ABI-005", "changed byte 0 of its input"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			limits := wasm.DefaultLimits()
			limits.CallTime = 200 * time.Millisecond
			s := sandbox(t, mutants.Module(tc.mutant), limits)
			report := conformance.Run(context.Background(), s, few(t, "decode-request-module-name-u"), conformance.Options{})
			if report.Conforms() {
				t.Fatal("was not found out")
			}
			out := text(t, report)
			if !strings.Contains(out, tc.requirement) || !strings.Contains(out, tc.says) {
				t.Errorf("does not name requirement=%s or say %q:\n%s", tc.requirement, tc.says, out)
			}
		})
	}
}

//spec:test ABI-003 ABI-004
func TestOverReadIsFoundAtTheEndOfMemory(t *testing.T) {
	t.Parallel()
	s := sandbox(t, mutants.Module(4), wasm.DefaultLimits())
	report := conformance.Run(context.Background(), s, few(t, "decode-request-example"), conformance.Options{})
	if out := text(t, report); !strings.Contains(out, "buffer 0 flush with the end of memory") {
		t.Error(out)
	}
}

//spec:test ABI-002
func TestModuleThatImportsIsRefused(t *testing.T) {
	t.Parallel()
	module := []byte("\x00asm\x01\x00\x00\x00" + "\x01\x04\x01\x60\x00\x00" + "\x02\x0c\x01\x03env\x04host\x00\x00")
	_, err := wasm.Open(context.Background(), module, wasm.DefaultLimits())
	var refused *wasm.ImportError
	if !errors.As(err, &refused) || refused.Module != "env" || refused.Name != "host" {
		t.Errorf("err=%v", err)
	}
	if _, err := wasm.OpenSandbox(context.Background(), module, wasm.DefaultLimits()); err == nil || !strings.Contains(err.Error(), "import=env.host") {
		t.Errorf("sandbox: err=%v", err)
	}
}

func TestWhatIsNoModuleIsRefused(t *testing.T) {
	t.Parallel()
	for _, module := range []string{"", "ELF", "\x00asm\x01\x00\x00\x00"} {
		if _, err := wasm.OpenSandbox(context.Background(), []byte(module), wasm.DefaultLimits()); err == nil {
			t.Errorf("module=%q was accepted", module)
		}
	}
}

func TestDeadChildCostsOneCase(t *testing.T) {
	t.Parallel()
	s := sandbox(t, spec.Oracle, wasm.DefaultLimits())
	v := few(t, "decode-request-example")[0]
	if err := s.KillChild(); err != nil {
		t.Fatal(err)
	}
	if verdict := s.Judge(context.Background(), &v); verdict.Status != conformance.Fail {
		t.Errorf("a case whose child died: %v", verdict)
	}
	if verdict := s.Judge(context.Background(), &v); verdict.Status != conformance.Pass {
		t.Errorf("the case after it: %v", verdict)
	}
}
