package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

// Every peer for real that this Python can do, every kind of work for an instant,
// and nothing is left behind.
func TestRealPeers(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	catalog, err := NewCatalog(t.Context(), "python3", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range catalog.Peers {
		t.Run(p.Name(), func(t *testing.T) {
			s, err := p.Start(t.Context(), 2)
			if err != nil {
				t.Fatal(err)
			}
			pids := s.Processes()
			if len(pids) != 3 {
				t.Errorf("processes=%v", pids)
			}
			for _, r := range []Round{
				{Work: Work{Function: Add, InFlight: 1}},
				{Work: Work{Function: Add, InFlight: 8}},
				{Work: Work{Function: Echo, Payload: 300_000, InFlight: 1}},
				{Work: Work{Function: Echo, Payload: 300_000, InFlight: 3}},
				{Work: Work{Function: EchoBytes, Payload: 300_000, InFlight: 3}},
				{Work: Work{Function: Echo, Payload: 10, Async: true, InFlight: 1}},
				{Work: Work{Function: Echo, Payload: 300_000, Async: true, InFlight: 5}},
				{Work: Work{Function: Add, Async: true}, Rate: 500},
				{Work: Work{Function: Add}, Rate: 500},
			} {
				r.Workers, r.Seconds = 2, 0.01
				sample, err := s.Measure(t.Context(), r)
				if err != nil {
					t.Errorf("%+v: %v", r, err)
				} else if sample.Calls < 1 || len(sample.Latencies) < 1 || len(sample.Latencies) > sample.Calls || sample.Elapsed <= 0 || sample.CPU <= 0 {
					t.Errorf("%+v: calls=%d latencies=%d elapsed=%v cpu=%v",
						r, sample.Calls, len(sample.Latencies), sample.Elapsed, sample.CPU)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			for _, pid := range pids {
				if _, err := sys.CPUTime(pid); err == nil && pid != os.Getpid() {
					t.Errorf("process %d is left", pid)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "ringwire-bench-*")); left != nil {
				t.Errorf("files are left: %v", left)
			}
		})
	}
}

func TestAPeerThatCannotStart(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, p := range []Peer{
		pythonScript("no script", "python3", "no_such_script.py"),
		pythonScript("no python", "no-such-python", "python_pools.py"),
		unixSocketPeer{"no python", "no-such-python", "blocking", "stdlib"},
		unixSocketPeer{"no event loop", "python3", "uvloop", "no-such-library"},
		commandPeer{"silent", anything, func(string, int) []string { return []string{"true"} }},
		commandPeer{"chatty", anything, func(string, int) []string { return []string{"echo", "{}"} }},
		commandPeer{"sorry", anything, func(string, int) []string { return []string{"echo", `{"error": "no"}`} }},
	} {
		if s, err := p.Start(t.Context(), 1); err == nil {
			t.Errorf("%s started", p.Name())
			_ = s.Close()
		}
	}
	if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}

func TestAStuckPeerIsKilled(t *testing.T) {
	p := commandPeer{"stuck", anything, func(string, int) []string {
		return []string{"sh", "-c", `echo '{"ready": true}'; cat >/dev/null; sleep 1000`}
	}}
	s, err := p.Start(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Measure(ctx, Round{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err=%v", err)
	}
	if s.Close() == nil {
		t.Error("a peer that was killed ended well")
	}
}

// speaker is a peer for Speak: in this process, without workers.
type speaker struct{ fakePeer }

func (p *speaker) Start(context.Context, int) (Session, error) { return p, p.err }

func (p *speaker) Measure(_ context.Context, r Round) (Sample, error) {
	if r.Function != Echo {
		return Sample{}, errors.New("cannot")
	}
	return Sample{Calls: r.InFlight, Elapsed: 7, Latencies: []time.Duration{5}}, nil
}

func TestSpeak(t *testing.T) {
	speak := func(p *speaker, requests string) (answers []answer, err error) {
		var out bytes.Buffer
		err = Speak(t.Context(), p, 1, strings.NewReader(requests), &out)
		for dec := json.NewDecoder(&out); ; {
			var a answer
			if errors.Is(dec.Decode(&a), io.EOF) {
				return answers, err
			}
			answers = append(answers, a)
		}
	}
	var log []string
	fine := &speaker{fakePeer{log: &log}}
	answers, err := speak(fine, `{"function": "echo", "in_flight": 3}`+"\n")
	if err != nil || len(answers) != 3 || !answers[0].Ready || !answers[1].Done || answers[2].Calls != 3 || len(answers[2].Latencies) != 1 {
		t.Errorf("%+v %v", answers, err)
	}
	answers, err = speak(fine, `{"function": "add"}`)
	if err == nil || len(answers) != 2 || answers[1].Error != "cannot" {
		t.Errorf("%+v %v", answers, err)
	}
	answers, err = speak(&speaker{fakePeer{err: errors.New("broken")}}, "")
	if err == nil || len(answers) != 1 || answers[0].Error != "broken" {
		t.Errorf("%+v %v", answers, err)
	}
	if _, err = speak(fine, "nonsense"); err == nil {
		t.Error("nonsense was accepted")
	}
}

func TestIdle(t *testing.T) {
	var log []string
	peers := []Peer{&fakePeer{name: "A", log: &log}, &fakePeer{name: "F", log: &log, only: isLone}}
	idle, err := MeasureIdle(t.Context(), peers, 8, time.Millisecond)
	if err != nil || len(idle) != 1 || idle[0] != (Idle{Peer: "A", Workers: 8}) {
		t.Errorf("%+v %v", idle, err)
	}
	failed, err := MeasureIdle(t.Context(), []Peer{&stranger{fakePeer{name: "S"}}}, 8, time.Millisecond)
	if err != nil || len(failed) != 1 || failed[0].Failure != "no such program" {
		t.Errorf("%+v %v", failed, err)
	}
	if want := "A:start8 A:close"; strings.Join(log, " ") != want {
		t.Errorf("%v", log)
	}
}

func TestScaling(t *testing.T) {
	// span lasts for several ticks: see sys.CPUTime.
	s, err := MeasureScaling(t.Context(), "python3", 1, span)
	if err != nil || s.Failure != "" {
		t.Fatal(err, s.Failure)
	}
	if s.Model.Worker <= 0 || s.Model.Awaiting <= 0 || s.Model.Master <= 0 || len(s.Rows) != len(scalingWorks(s.Model.CPUs)) {
		t.Errorf("%+v", s)
	}
	for _, r := range s.Rows {
		if r.Measured <= 0 || r.Predicted <= 0 || r.By == "" {
			t.Errorf("%+v", r)
		}
	}
	if s, err = MeasureScaling(t.Context(), "no-such-python", 1, span); err != nil || s.Failure == "" {
		t.Errorf("without Python: %+v %v", s, err)
	}
}
