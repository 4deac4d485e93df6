package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/bench"
	"github.com/ringwire/ringwire/cmd/ringwire/internal/demo"
	"github.com/ringwire/ringwire/cmd/ringwire/internal/doctor"
)

func TestEveryCommandShowsAnExample(t *testing.T) {
	for _, cmd := range newRoot().Commands() {
		got := ringwire(t, "", cmd.Name(), "--help")
		if got.code != 0 || !strings.Contains(got.stdout, "Examples:\n  ") || got.stderr != "" {
			t.Errorf("%s --help: %+v", cmd.Name(), got)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"no-such-command"}, {"--no-such-flag"}, {"demo", "extra"}, {"demo", "--limit", "-1"}, {"bench", "--rounds", "0"},
		{"bench", "--workers", "0"}, {"bench", "--in-flight", "0"}, {"bench", "--payloads", "-1"}, {"bench", "--loads", "1"}, {"bench", "--rates", "0"},
		{"bench", "--only", "nothing"}, {"bench", "--plots", "dir"},
		{"inspect", "zz"}, {"inspect", "0"}, {"inspect", "--binary", "04"},
	} {
		if got := ringwire(t, "", args...); got.code != exitUsage || got.stdout != "" || !strings.Contains(got.stderr, "--help") {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

func TestVersion(t *testing.T) {
	got := ringwire(t, "", "version")
	if got.code != 0 || !strings.Contains(got.stdout, "protocol 1.0") {
		t.Errorf("%+v", got)
	}
}

const cancelFrame = "04 07000000 15000000 00000000 00000000 00000000"

func TestInspect(t *testing.T) {
	for _, args := range [][]string{{cancelFrame}, {}, {"-"}} {
		got := ringwire(t, cancelFrame+"\n", append([]string{"inspect"}, args...)...)
		if got.code != 0 || !strings.Contains(got.stdout, "request_id") || !strings.Contains(got.stdout, "CANCEL") {
			t.Errorf("%q: %+v", args, got)
		}
	}
	frame, err := parseHex(cancelFrame)
	if err != nil {
		t.Fatal(err)
	}
	if got := ringwire(t, string(frame), "inspect", "--binary"); got.code != 0 || !strings.Contains(got.stdout, "CANCEL") {
		t.Errorf("binary: %+v", got)
	}
	// One byte too few: refused, and shown where.
	if got := ringwire(t, "", "inspect", strings.TrimSuffix(cancelFrame, "00")); got.code != 1 || !strings.Contains(got.stdout, "TRUNCATED_HEADER") {
		t.Errorf("truncated: %+v", got)
	}
	if got := ringwire(t, "", "inspect", "--max-message", "20", cancelFrame); got.code != 1 || !strings.Contains(got.stdout, "TOO_LARGE") {
		t.Errorf("limit: %+v", got)
	}
}

func TestInspectJSON(t *testing.T) {
	got := ringwire(t, "", "inspect", "--json", cancelFrame)
	var fields map[string]any
	if err := json.Unmarshal([]byte(got.stdout), &fields); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	if fields["request_id"] != 7.0 || fields["total_length"] != 21.0 {
		t.Errorf("%+v", fields)
	}
}

func TestDoctor(t *testing.T) {
	if got := ringwire(t, "", "doctor"); got.code != 0 || !strings.Contains(got.stdout, "live call") {
		t.Errorf("%+v", got)
	}
	got := ringwire(t, "", "doctor", "--json", "--python", "no-such-python")
	var findings []doctor.Finding
	if err := json.Unmarshal([]byte(got.stdout), &findings); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	if last := findings[len(findings)-1]; got.code != exitFailed || last.Status != doctor.Fail {
		t.Errorf("exit code %d, last finding %+v", got.code, last)
	}
}

func TestDemo(t *testing.T) {
	got := ringwire(t, "", "demo", "--workers", "2", "--limit", "8")
	for _, want := range []string{"2 workers: 8 of 8 files", "Most complex functions", "Failures: none", "plain Python"} {
		if got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Fatalf("no %q: %+v", want, got)
		}
	}
	got = ringwire(t, "", "demo", "--workers", "1", "--limit", "8", "--json")
	var report demo.Report
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	if report.Files != 8 || len(report.Runs) != 2 {
		t.Errorf("%+v", report)
	}
}

func TestBench(t *testing.T) {
	file := filepath.Join(t.TempDir(), "figures.json")
	args := []string{"bench", "--quick", "--rounds", "1", "--span", "10ms", "--only", "ringwire", "--only", "P*", "--only", "gRPC"}
	got := ringwire(t, "", append(args, "--json", file)...)
	for _, want := range []string{
		"left out: gRPC: ", "add two numbers, 1 worker, 64 in flight", "echo 16 KiB", "sent at 20,000 calls/s",
		"ProcessPoolExecutor", "×", "at least 30×", "not measured",
	} {
		if got.code != 0 || !strings.Contains(got.stdout, want) {
			t.Fatalf("no %q: %+v", want, got)
		}
	}
	figures, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got = ringwire(t, "", append(args, "--idle", "1", "--json", "-")...)
	for _, text := range []string{string(figures), got.stdout} {
		var report bench.Report
		if err := json.Unmarshal([]byte(text), &report); err != nil {
			t.Fatalf("%v: %+v", err, got)
		}
		if len(report.Rows) != 9 || len(report.Rows[0].Results) != 2 || report.Missing[0].Peer != "gRPC" {
			t.Errorf("%+v", report)
		}
	}
	if !strings.Contains(got.stdout, `"cpu_percent"`) {
		t.Errorf("%+v", got)
	}
}

// What the helps show works. demo, bench and torture take their time, so only the
// flags of their examples are looked at; other tests run them with less to do.
func TestExamplesWork(t *testing.T) {
	frame, err := parseHex(cancelFrame)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := errors.Join(
		os.CopyFS(dir, os.DirFS("testdata")),
		os.WriteFile(filepath.Join(dir, "frame.bin"), frame, 0o600),
		os.WriteFile(filepath.Join(dir, "frame.hex"), []byte(cancelFrame+"\n"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	// Some name files of the repository.
	for _, name := range []string{"spec", "examples", "pyref", "conformance"} {
		target, err := filepath.Abs(filepath.Join("..", "..", name))
		if err == nil {
			err = os.Symlink(target, filepath.Join(dir, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, cmd := range newRoot().Commands() {
		for line := range strings.Lines(cmd.Example) {
			if slices.Contains([]string{"demo", "bench", "torture"}, cmd.Name()) {
				checkFlags(t, cmd, line)
				continue
			}
			sh := exec.CommandContext(t.Context(), "sh", "-c", line)
			sh.Dir = dir
			sh.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
			quiet := strings.Contains(line, "--output")
			if out, err := sh.CombinedOutput(); err != nil || len(out) == 0 && !quiet {
				t.Errorf("%s: %v\n%s", strings.TrimSpace(line), err, out)
			}
		}
	}
}

func checkFlags(t *testing.T, cmd *cobra.Command, line string) {
	t.Helper()
	for _, word := range strings.Fields(line) {
		if name, ok := strings.CutPrefix(word, "--"); ok && cmd.Flags().Lookup(name) == nil {
			t.Errorf("the example of %s uses an unknown flag: %s", cmd.Name(), word)
		}
	}
}
