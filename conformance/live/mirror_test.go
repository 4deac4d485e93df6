//go:build linux

package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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
	c.Patience = time.Minute // under the race detector large messages take long
	report := judge(t, c, loadVectors(t))
	if !report.Conforms() {
		t.Error(text(t, report))
	}
}

// TestFaultsAreFound breaks one rule at a time. The kit must say which, in the
// case that is about it.
func TestFaultsAreFound(t *testing.T) {
	for _, c := range []struct {
		fault       mirror.Fault
		scenario    string // id of the case, or what ids of several have in common
		requirement string
	}{
		{mirror.ReadyTooEarly, "live-handshake-ready", "LIFE-002"},
		{mirror.NoReadyBell, "live-handshake-ready", "LIFE-003"},
		{mirror.BellBeforeReady, "live-handshake-ready", "LIFE-003"},
		{mirror.StateSkipped, "live-ending-sigterm-with-calls", "LIFE-004"},
		{mirror.ForeignPID, "live-handshake-ready", "LIFE-002"},
		{mirror.AnyFeature, "live-region-feature-high", "REGION-007"},
		{mirror.AnyVersion, "live-region-major-version-2", "REGION-005"},
		{mirror.WriteBeforeCheck, "live-region-magic", "LIFE-001"},
		{mirror.SilentRefusal, "live-region-magic", "REGION-011"},
		{mirror.HeaderWriter, "live-handshake-ready", "REGION-012"},
		{mirror.SwappedFields, "live-handshake-ready", "WIRE-030"},
		{mirror.AnswersTwice, "live-echo-ids", "LIFE-012"},
		{mirror.WrongID, "live-echo-ids", "LIFE-012"},
		{mirror.NeverAnswers, "live-echo-ids", "LIFE-012"},
		{mirror.DiesOnRefusal, "live-decode-request-type-9", "LIFE-016"},
		{mirror.SilentOnRefusal, "live-decode-request-type-9", "LIFE-012"},
		{mirror.OtherCode, "live-decode-request-trailing-one-byte", "LIFE-014"},
		{mirror.AnswersDropped, "live-decode-request-id-zero", "LIFE-012"},
		{mirror.Crashes, "live-echo-ids", "LIFE-012"},
		{mirror.TakesBatches, "live-death-in-user-code", "LIFE-011"},
		{mirror.RunsBeforeTaking, "live-death-in-user-code", "LIFE-011"},
		{mirror.TakesFirstFragment, "live-flow-last-fragment-held-back", "RING-012"},
		{mirror.HoardsFragments, "live-echo-request-sizes", "RING-023"},
		{mirror.Overwrites, "live-flow-responses-not-drained", "RING-006"},
		{mirror.ShortFragments, "live-echo-response-sizes", "RING-004"},
		{mirror.NoLookAhead, "live-cancel-queued", "LIFE-031"},
		{mirror.IgnoresCancel, "live-cancel-in-flight", "LIFE-033"},
		{mirror.CancelsAnswered, "live-cancel-id-used-again", "LIFE-035"},
		{mirror.LosesWakeups, "live-doorbell-sleep-race", "BELL-001"},
		{mirror.NeverRings, "live-doorbell-rung-when-needed", "BELL-002"},
		{mirror.RingsAtTheEnd, "live-flow-result-awaited-asleep", "BELL-011"},
		{mirror.DiesOnFullBell, "live-doorbell-full", "BELL-006"},
		{mirror.TrustsBells, "live-doorbell-lost", "BELL-005"},
		{mirror.Polls, "live-doorbell-idle", "BELL-009"},
		{mirror.Spins, "live-doorbell-idle", "BELL-001"},
		{mirror.IgnoresSIGTERM, "live-ending-sigterm-with-calls", "LIFE-042"},
		{mirror.DiesOnSIGINT, "live-ending-sigint", "LIFE-043"},
		{mirror.DropsCallsAtEnd, "live-ending-shutdown-with-calls", "LIFE-041"},
		{mirror.TakesAfterShutdown, "live-ending-shutdown-with-calls", "LIFE-040"},
		{mirror.IgnoresLifeline, "live-ending-lifeline-idle", "LIFE-056"},
		{mirror.TrustsPosition, "live-corrupt-write-position-back", "RING-015"},
		{mirror.TrustsReadPosition, "live-corrupt-read-position-beyond", "RING-016"},
		{mirror.TrustsLength, "live-corrupt-length-0", "RING-017"},
		{mirror.TrustsOffset, "live-corrupt-offset-skipped", "RING-018"},
		{mirror.BelievesLength, "live-corrupt-length-not-believed", "RING-019"},
		{mirror.ExitsWithoutCode, "live-corrupt-length-0", "RING-017"},
		{mirror.ExitsWithoutCode, "live-corrupt-scribbled", "RING-017"},
		{mirror.Scribbles, "live-echo-request-sizes", "REGION-012"},
		{mirror.PositionsFromZero, "live-echo-positions", "CONF-021"},
		{mirror.Positions32Bit, "live-echo-positions", "RING-012"},
		{mirror.AllowsAll, "live-allow-exact", "PAYLOAD-012"},
		{mirror.AllowsPrivate, "live-allow-names", "PAYLOAD-013"},
		{mirror.QuestionMark, "live-allow-everything-else-is-literal", "PAYLOAD-012"},
		{mirror.KeepsConfig, "live-config-removed", "LIFE-062"},
		{mirror.SendsNaN, "live-call-statuses", "PAYLOAD-003"},
		{mirror.TextFailures, "live-call-statuses", "PAYLOAD-009"},
		{mirror.LaxJSON, "live-call-kwargs", "PAYLOAD-002"},
		{mirror.IgnoresArguments, "live-call-arguments", "PAYLOAD-005"},
		{mirror.SilentWhenTooLarge, "live-echo-above-max-message", "LIFE-012"},
		{mirror.StopsAfterTwenty, "live-echo-many-in-flight", "LIFE-012"},
		{mirror.PrintsMessages, "live-call-output", "LIFE-019"},
		{mirror.CorruptsLargeAnswer, "live-soak-mixed", "LIFE-012"},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			t.Parallel() // most of it is waiting
			worker := mirrorWorker(t, c.fault)
			worker.Patience, worker.StartPatience = 1500*time.Millisecond, 2*time.Second
			worker.Match = func(id string) bool { return id == c.scenario }
			report := judge(t, worker, loadVectors(t))
			if len(report.Results) == 0 {
				t.Fatalf("no case %s", c.scenario)
			}
			for _, r := range report.Requirements() {
				if r.ID == c.requirement && len(r.Failed) > 0 {
					return
				}
			}
			t.Errorf("not found:\n%s", text(t, report))
		})
	}
}

// TestEndsWhateverTheWorkerDoes runs everything against workers of the worst
// sort. Each wait costs the patience, and they are counted.
func TestEndsWhateverTheWorkerDoes(t *testing.T) {
	for _, fault := range []mirror.Fault{mirror.Scribbles, mirror.StopsAfterTwenty, mirror.Crashes, mirror.NeverAnswers} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			c := mirrorWorker(t, fault)
			c.Patience, c.StartPatience = 200*time.Millisecond, time.Second
			if report := judge(t, c, loadVectors(t)); report.Conforms() || report.Counts.Skip > 0 {
				t.Errorf("conforms, or has cases without a verdict: %+v", report.Counts)
			}
		})
	}
}

// TestNothingIsLeftBehind gives the kit a worker that hangs in its start and has a
// child.
func TestNothingIsLeftBehind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	c := Config{
		Command:       []string{"sh", "-c", "sleep 1000 & echo $! $$ > " + file + "; wait", "worker"},
		StartPatience: 200 * time.Millisecond,
	}
	if s, err := Open(t.Context(), c); err == nil {
		s.Close()
		t.Fatal("a worker that never becomes ready can be judged")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range strings.Fields(string(data)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		// The system reaps an orphan soon after it was killed.
		for range 1000 {
			if err = syscall.Kill(pid, 0); err != nil {
				break
			}
			if state, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); strings.Contains(string(state), ") Z ") {
				err = syscall.ESRCH
				break
			}
			time.Sleep(time.Millisecond)
		}
		if err == nil {
			t.Errorf("process %d still runs", pid)
		}
	}
}

// TestWorkerThatNeverStarts costs the patience for a start, and no more.
func TestWorkerThatNeverStarts(t *testing.T) {
	c := mirrorWorker(t, mirror.NeverReady)
	c.StartPatience = 200 * time.Millisecond
	if s, err := Open(t.Context(), c); err == nil {
		s.Close()
		t.Error("a worker that never becomes ready can be judged")
	} else if !strings.Contains(err.Error(), "READY") {
		t.Errorf("the error does not say what is missing: %v", err)
	}
}
