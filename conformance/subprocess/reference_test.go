package subprocess

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// converse starts the Python reference, tells it all lines at once and ends its
// input. It returns the answers; the reference has exited with 0 then.
func converse(t *testing.T, lines ...string) (answers []map[string]any) {
	t.Helper()
	argv := reference(t)
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(out) {
		var answer map[string]any
		if err := json.Unmarshal(line, &answer); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	return answers
}

const (
	startLine = `{"cmd":"start","protocol":1}`
	stopLine  = `{"cmd":"stop"}`
)

//spec:test CONF-010 CONF-011
func TestReferenceSkipsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	answers := converse(t, startLine,
		`{"cmd":"run","seq":7,"op":"fold_request","hex":"","max_message":"1024"}`,
		`{"cmd":"run","seq":9,"op":"decode_request","hex":"","max_message":"1024"}`,
		stopLine)
	if len(answers) != 3 {
		t.Fatalf("answers=%v", answers)
	}
	if why, ok := answers[1]["skip"].(string); !ok || why == "" || answers[1]["seq"] != 7.0 {
		t.Errorf("unknown operation: %v", answers[1])
	}
	if answers[2]["reject"] != "TRUNCATED_HEADER" || answers[2]["seq"] != 9.0 {
		t.Errorf("the operation after it: %v", answers[2])
	}
}

//spec:test CONF-013
func TestReferenceExits(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"when it is told to stop": {startLine, stopLine, `{"cmd":"run","seq":1,"op":"after_stop"}`},
		"at the end of its input": {startLine},
		"without having started":  {stopLine},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if answers := converse(t, lines...); len(answers) > 1 {
				t.Errorf("answers=%v", answers)
			}
		})
	}
}
