//go:build linux

package torture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ringwire/ringwire/executor"
)

func TestJudge(t *testing.T) {
	never, begun, ran := trace{}, trace{begun: 1}, trace{begun: 1, ended: 1}
	twice, fourTimes := trace{begun: 2, ended: 2}, trace{begun: 4}
	for _, test := range []struct {
		name       string
		ending     ending
		idempotent bool
		trace      trace
		want       Flaw
	}{
		{"done", done, false, ran, ""},
		{"done, after a worker had died", done, true, trace{begun: 2, ended: 1}, ""},
		{"done without running", done, false, never, Lost},
		{"done without ending", done, false, begun, Lost},
		{"done twice", done, false, twice, Duplicated},
		{"idempotent, done twice", done, true, twice, ""},
		{"ended more often than begun", done, true, trace{begun: 1, ended: 2}, Duplicated},
		{"never ended", pending, false, ran, Lost},
		{"another's result", foreign, false, ran, MixedUp},
		{"another's arguments", failed, false, trace{begun: 1, damaged: 1}, MixedUp},
		{"failed", failed, false, begun, ""},
		{"failed in the worker's hands", failed, false, never, ""},
		{"stopped", stopped, false, begun, ""},
		{"stopped without running", stopped, false, never, Lost},
		{"completed", completed, false, ran, ""},
		{"completed without running", completed, false, never, Lost},
		{"killed before it ran", killed, false, never, ""},
		{"started, perhaps", started, false, never, ""},
		{"started", started, false, begun, ""},
		{"started twice", started, false, twice, Duplicated},
		{"idempotent, started too often", started, true, fourTimes, Duplicated},
		{"not started", notStarted, false, never, ""},
		{"not started, but it was", notStarted, false, begun, Misjudged},
		{"idempotent, not started, but it was", notStarted, true, begun, Misjudged},
		{"unexpected", unexpected, false, never, Unexpected},
	} {
		if got := judge(record{test.ending, test.idempotent}, test.trace); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestEndingOf(t *testing.T) {
	call := func(outcome executor.Outcome, err error) error {
		return fmt.Errorf("wrapped: %w", &executor.CallError{Outcome: outcome, Err: err})
	}
	lost := &executor.WorkerExitError{}
	for _, test := range []struct {
		err  error
		want ending
	}{
		{errors.New("no CallError"), unexpected},
		{call(executor.OutcomeNotStarted, executor.ErrExpired), notStarted},
		{call(executor.OutcomeNotStarted, executor.ErrForbidden), unexpected},
		{call(executor.OutcomeStarted, lost), started},
		{call(executor.OutcomeStarted, &executor.WorkerExitError{Cause: executor.ErrProtocol}), unexpected},
		{call(executor.OutcomeStarted, errors.New("why?")), unexpected},
		{call(executor.OutcomeFailed, &executor.PythonError{Status: 500}), failed},
		{call(executor.OutcomeFailed, &executor.PythonError{Status: 400, Message: "kwargs are not JSON: out of memory"}), failed},
		{call(executor.OutcomeFailed, &executor.PythonError{Status: 400}), unexpected},
		{call(executor.OutcomeStopped, executor.ErrCanceled), stopped},
		{call(executor.OutcomeStopped, lost), unexpected},
		{call(executor.OutcomeCompleted, executor.ErrExpired), completed},
		{call(executor.OutcomeKilled, executor.ErrExpired), killed},
	} {
		if got := endingOf(test.err); got != test.want {
			t.Errorf("%v: got %q, want %q", test.err, got, test.want)
		}
	}
}

func TestAnswersBelongToTheirCalls(t *testing.T) {
	p := newPad(1)
	data := p.piece(7, 100)
	reply := func(n int) string {
		var b []byte
		for i := range n {
			b = append(b, data[len(data)-1-i%len(data)])
		}
		return string(b)
	}
	for _, size := range []int{0, 1, 99, 100, 101, 250} {
		right := answer{7, checksum(reply(size)), reply(size)}
		if !right.belongsTo(7, data, size) {
			t.Errorf("size %d: the right answer is refused", size)
		}
		if right.belongsTo(8, data, size) || size > 0 && right.belongsTo(7, p.piece(8, 100), size) || right.belongsTo(7, data, size+1) {
			t.Errorf("size %d: the answer of another call is accepted", size)
		}
		right.CRC++
		if right.belongsTo(7, data, size) {
			t.Errorf("size %d: a wrong checksum is accepted", size)
		}
	}
	none := answer{7, checksum("---"), "---"}
	if !none.belongsTo(7, nil, 3) {
		t.Error("the answer to no data is refused")
	}
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	entry := func(call, event byte) []byte {
		return []byte{call, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, event, 0, 0, 0}
	}
	var b []byte
	for _, e := range [][]byte{entry(1, 1), entry(2, 1), entry(2, 3), entry(1, 2), entry(0, 1), entry(3, 1), entry(1, 9), {1}} {
		b = append(b, e...)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	traces, nonsense, err := readJournal(path, 2)
	if err != nil || traces[0] != (trace{1, 1, 0}) || traces[1] != (trace{1, 0, 1}) || nonsense != 4 {
		t.Errorf("%+v, %d make no sense, %v", traces, nonsense, err)
	}
}
