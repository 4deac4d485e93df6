//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Ctrl-C cancels the call; the worker is gone with the command.
func TestCallInterrupted(t *testing.T) {
	for function, want := range map[string]string{
		"m:async_sleep": "call was canceled",
		"m:sync_sleep":  "(killed)", // what does not listen
	} {
		t.Run(function, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "ready")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			var stderr strings.Builder
			cmd := exec.CommandContext(t.Context(), binary, "call", "--path", "testdata", "--allow", "m:*",
				function, fmt.Sprintf(`{"seconds":600,"ready":%q}`, pipe))
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ready, err := os.Open(pipe) // until the function runs
			if err != nil {
				t.Fatal(err)
			}
			defer ready.Close()
			if _, err := bufio.NewReader(ready).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitCanceled || !strings.Contains(stderr.String(), want) {
				t.Errorf("exit code %d, want %d\n%s", code, exitCanceled, stderr.String())
			}
		})
	}
}
