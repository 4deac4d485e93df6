package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conformance/live/mirror"
)

func TestConformWorker(t *testing.T) {
	t.Parallel()
	worker := binary + " conform mirror"
	got := ringwire(t, "", "conform", "--worker", worker, "--match", "^(live-handshake|live-cancel|session-echo|session-sigterm)")
	if got.code != exitDone || !strings.Contains(got.stdout, "\nCONFORMS in profiles worker (observed)\n") {
		t.Errorf("%+v", got)
	}
	got = ringwire(t, "", "conform", "--worker", worker+" --fault swapped-fields", "--match", "^live-handshake", "--format", "json")
	var report struct {
		Evidence string
		Conforms bool
		Results  []struct {
			Findings []struct{ Requirement, Text string }
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	if got.code != exitFailed || report.Conforms || report.Evidence != "observed" || report.Results[0].Findings[0].Requirement != "WIRE-030" {
		t.Errorf("%+v", got)
	}
}

func TestConformWorkerKnownFailure(t *testing.T) {
	t.Parallel()
	known := file(t, "known.txt", []byte("live-cancel-queued a worker without look-ahead\n"))
	worker := binary + " conform mirror --fault "
	for fault, want := range map[string]int{"no-look-ahead": exitDone, "no-ready-bell": exitFailed} {
		got := ringwire(t, "", "conform", "--worker", worker+fault, "--match", "^live-(cancel-queued|call-deep)$", "--known", known)
		if got.code != want {
			t.Errorf("%s: %+v", fault, got)
		}
	}
}

func TestConformWorkerThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"/no/such/command", "true", "cat"} {
		if got := ringwire(t, "", "conform", "--worker", command); got.code != exitRefused || got.stderr == "" {
			t.Errorf("%s: %+v", command, got)
		}
	}
}

func TestMirror(t *testing.T) {
	t.Parallel()
	got := ringwire(t, "", "conform", "mirror", "--list")
	if lines := strings.Count(got.stdout, "\n"); got.code != exitDone || lines != len(mirror.Faults) {
		t.Errorf("%d lines: %+v", lines, got)
	}
	for _, args := range [][]string{{}, {"fd:3"}, {"--fault", "no-such-fault", "fd:3", "0"}} {
		if got := ringwire(t, "", append([]string{"conform", "mirror"}, args...)...); got.code != exitUsage {
			t.Errorf("%q: %+v", args, got)
		}
	}
	if got := ringwire(t, "", "conform", "mirror", os.DevNull, "0"); got.code != 70 || got.stderr == "" {
		t.Errorf("a region of no bytes: %+v", got)
	}
}
