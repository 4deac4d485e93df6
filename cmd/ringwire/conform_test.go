package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conformance/mutants"
	"github.com/ringwire/ringwire/spec"
)

// file writes a module to a temporary file.
func file(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConformOracle(t *testing.T) {
	t.Parallel()
	oracle := file(t, "oracle.wasm", spec.Oracle)
	certificate := filepath.Join(t.TempDir(), "certificate.json")
	got := ringwire(t, "", "conform", "--wasm", oracle, "--timeout", "1m", "--certify", certificate)
	if got.code != exitDone || !strings.Contains(got.stdout, "\nCONFORMS in profiles decode, encode, stream, ring (reproducible)\n") {
		t.Fatalf("%+v", got)
	}
	data, err := os.ReadFile(certificate)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Verified bool   `json:"webassembly_verified"`
		Module   string `json:"module_sha256"`
		Verdicts []any
	}
	if err := json.Unmarshal(data, &c); err != nil || !c.Verified || len(c.Module) != 64 || len(c.Verdicts) < 500 {
		t.Errorf("certificate: err=%v verified=%t module=%s verdicts=%d", err, c.Verified, c.Module, len(c.Verdicts))
	}
}

// The faults that the kit exists for are refused with the requirement and the
// byte that their author must look at.
func TestConformRefusesOldMistakes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault  string
		mutant uint32
		match  string
		says   []string
	}{
		{"two response fields swapped", 1, "decode-response-example", []string{
			"[WIRE-005 WIRE-030]", "must be accepted; was refused with LENGTH_MISMATCH at offset 5 in total_length",
			"^^ offset 5 (total_length)", "9:body_len=9  13:status_code=200  15:error_message_len=0",
		}},
		{"trusts total_length", 2, "decode-request-total-length-one-long", []string{
			"[WIRE-005]", "must be refused with LENGTH_MISMATCH at offset 5 in total_length; was refused with TRUNCATED_BODY at offset 38",
			"01 07 00 00 00 27 00 00 00", "^^ offset 5 (total_length)", "5:total_length=39",
		}},
		{"sums in 32 bits", 3, "decode-request-sum-wraps-to-header", []string{
			"WIRE-004", "must be refused with LENGTH_MISMATCH at offset 5 in total_length", "^^ offset 5 (total_length)", "17:kwargs_len=4294967294",
		}},
		{"reads one byte too many", 4, "decode-request-example", []string{
			"ABI-004", "flush with the end of memory", "out of bounds memory access: it went beyond the 38 bytes of the message", "^^ offset 38",
		}},
		{"accepts response headers of 19 bytes", 5, "decode-response-header-of-19-bytes-alone", []string{
			"[WIRE-001 WIRE-028]", "must be refused with TRUNCATED_HEADER at offset 19 in success; was accepted", "^^ offset 19 (success)",
		}},
	} {
		t.Run(tc.fault, func(t *testing.T) {
			t.Parallel()
			module := file(t, "mutant.wasm", mutants.Module(tc.mutant))
			got := ringwire(t, "", "conform", "--wasm", module, "--timeout", "1m", "--match", "^"+tc.match+"$")
			if got.code != exitFailed || got.stderr != "" || !strings.Contains(got.stdout, "\nDOES NOT CONFORM ") {
				t.Errorf("code=%d stderr=%q", got.code, got.stderr)
			}
			for _, want := range tc.says {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("the report lacks %q:\n%s", want, got.stdout)
				}
			}
		})
	}
}

func TestConformUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{}, {"--native", "--format", "xml"}, {"--native", "--match", "("}, {"--native", "--known", "/no/such/file"},
		{"--native", "--certify", "x"}, {"--native", "--vectors", "/no/such/directory"},
	} {
		if got := ringwire(t, "", append([]string{"conform"}, args...)...); got.code != exitUsage || got.stdout != "" {
			t.Errorf("%q: %+v", args, got)
		}
	}
	nothing := file(t, "nothing.wasm", nil)
	for _, args := range [][]string{
		{"--wasm", nothing}, {"--wasm", "/no/such/file"}, {"--exec", "/no/such/command"}, {"--decoder", "/no/such/command"},
	} {
		if got := ringwire(t, "", append([]string{"conform"}, args...)...); got.code != exitRefused || got.stderr == "" {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

func TestConformNativeInEveryFormat(t *testing.T) {
	t.Parallel()
	for format, starts := range map[string]string{"text": "ringwire-go", "json": "{", "junit": "<?xml", "tap": "TAP version 14\n"} {
		got := ringwire(t, "", "conform", "--native", "--format", format)
		if got.code != exitDone || !strings.HasPrefix(got.stdout, starts) {
			t.Errorf("%s: code=%d %.200s%s", format, got.code, got.stdout, got.stderr)
		}
	}
	matrix := filepath.Join(t.TempDir(), "matrix.md")
	got := ringwire(t, "", "conform", "--native", "--matrix", matrix, "--output", filepath.Join(t.TempDir(), "report"))
	table, err := os.ReadFile(matrix)
	if got.code != exitDone || got.stdout != "" || err != nil || !strings.HasPrefix(string(table), "| requirement | ringwire-go |\n") {
		t.Errorf("%+v err=%v\n%.200s", got, err, table)
	}
}

func TestVectors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if got := ringwire(t, "", "vectors", "generate", dir); got.code != exitDone {
		t.Fatalf("%+v", got)
	}
	if got := ringwire(t, "", "vectors", "check", dir); got.code != exitDone {
		t.Fatalf("%+v", got)
	}
	if got := ringwire(t, "", "conform", "--native", "--vectors", dir); got.code != exitDone {
		t.Errorf("%+v", got)
	}
	path := filepath.Join(dir, "decode-request-example.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, ' '), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ringwire(t, "", "vectors", "check", dir); got.code != exitFailed || !strings.Contains(got.stderr, "decode-request-example.json") {
		t.Errorf("%+v", got)
	}
}
