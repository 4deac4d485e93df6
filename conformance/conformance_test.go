package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
)

// parrot answers each vector with what its table says, and rightly otherwise.
type parrot struct {
	answers map[string]conformance.Answer
}

func (*parrot) Info() conformance.Info {
	return conformance.Info{Name: "parrot", Version: "1", Language: "Go", Profiles: []string{"decode"}}
}
func (*parrot) Kind() string  { return "native" }
func (*parrot) Parallel() int { return 3 }
func (*parrot) Close() error  { return nil }

func (p *parrot) Judge(_ context.Context, v *vectors.Vector) conformance.Verdict {
	a, ok := p.answers[v.ID]
	if !ok {
		a = conformance.Answer{Error: v.Error}
		if v.Message != nil {
			m := *v.Message
			m.Consumed = m.TotalLength
			a.Message = &m
		}
	}
	return conformance.Judge(v, &a)
}

const (
	one   = "decode-request-trailing-one-byte"
	two   = "decode-response-example"
	three = "decode-request-type-9"
	four  = "decode-request-shutdown"
)

func report(t *testing.T, known conformance.KnownFailures) *conformance.Report {
	t.Helper()
	p := &parrot{map[string]conformance.Answer{
		one:   {Message: &vectors.Message{Type: 1, RequestID: 7}},
		two:   {Message: &vectors.Message{Type: 2, RequestID: 7, TotalLength: 29, Consumed: 29, Response: true, StatusCode: 9, Success: 1, Body: []byte(`{"sum":3}`)}},
		three: {Error: &vectors.Error{Code: "BAD_TYPE", Offset: 1, Field: "type"}},
		four:  {Skip: "no | SHUTDOWN # here"},
	}}
	return conformance.Run(context.Background(), p, vectors.All(), conformance.Options{Known: known})
}

func write(t *testing.T, f func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReportNamesRequirementAndByte(t *testing.T) {
	t.Parallel()
	r := report(t, nil)
	if r.Conforms() || r.Counts.Fail != 3 || r.Counts.Skip != 1 {
		t.Errorf("counts=%+v", r.Counts)
	}
	out := write(t, r.WriteText)
	for _, want := range []string{
		"FAIL decode-request-trailing-one-byte [WIRE-010]",
		"must be refused with TRAILING at offset 38 in trailing; was accepted",
		"^^ offset 38",
		"status_code: want 200, got 9",
		"must be refused with BAD_TYPE at offset 0 in type; was refused with BAD_TYPE at offset 1 in type",
		"WIRE-010     1 of 12 cases failed",
		"skipped 1: no | SHUTDOWN # here",
		"DOES NOT CONFORM in profiles decode (observed)",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the text lacks %q:\n%s", want, out)
		}
	}
}

func TestReportFormatsAreWellFormed(t *testing.T) {
	t.Parallel()
	r := report(t, nil)

	var decoded struct {
		Conforms bool
		Counts   conformance.Counts
		Results  []conformance.Result
	}
	if err := json.Unmarshal([]byte(write(t, r.WriteJSON)), &decoded); err != nil || decoded.Conforms || len(decoded.Results) != len(r.Results) || decoded.Counts != r.Counts {
		t.Errorf("JSON: err=%v counts=%+v", err, decoded.Counts)
	}

	var suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Name string `xml:"name,attr"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal([]byte(write(t, r.WriteJUnit)), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != len(r.Results) || suite.Failures != 3 || suite.Skipped != 1 || len(suite.Cases) != suite.Tests {
		t.Errorf("JUnit: %+v", suite)
	}

	tap := write(t, r.WriteTAP)
	if got := strings.Count(tap, "\nok "); got != r.Counts.Pass+r.Counts.Skip {
		t.Errorf("TAP: ok=%d", got)
	}
	if got := strings.Count(tap, "\nnot ok "); got != 3 {
		t.Errorf("TAP: not ok=%d", got)
	}
	if !strings.Contains(tap, "# SKIP no | SHUTDOWN  here\n") {
		t.Error("TAP: the reason of the skip is not one clean line")
	}
}

func TestKnownFailures(t *testing.T) {
	t.Parallel()
	list := "# a comment\n\n" + one + "  tolerated by version 0\n" + two + " swapped\n" + three + " offset\n" + "decode-request-type-0 passes by now\n"
	known, err := conformance.ReadKnownFailures(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	r := report(t, known)
	if r.Counts.KnownFailure != 3 || r.Counts.Fail != 0 || r.Counts.UnexpectedPass != 1 || r.Conforms() {
		t.Errorf("counts=%+v conforms=%t", r.Counts, r.Conforms())
	}
	for _, bad := range []string{"id-without-reason\n", "twice a\ntwice b\n"} {
		if _, err := conformance.ReadKnownFailures(strings.NewReader(bad)); err == nil {
			t.Errorf("accepted: %q", bad)
		}
	}
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	out := write(t, func(w io.Writer) error {
		return conformance.WriteMatrix(w, []*conformance.Report{report(t, nil), report(t, nil)})
	})
	if !strings.HasPrefix(out, "| requirement | parrot | parrot |\n|---|---|---|\n") || !strings.Contains(out, "| WIRE-010 | **11 of 12** | **11 of 12** |") {
		t.Error(out)
	}
}

func TestOnlyReproducibleReportsAreCertified(t *testing.T) {
	t.Parallel()
	if _, err := conformance.Certify(report(t, nil), "", nil); err == nil {
		t.Error("an observation was certified")
	}
}

func TestEndedRunSkipsTheRest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := conformance.Run(ctx, &parrot{}, vectors.All(), conformance.Options{})
	if r.Conforms() || r.Counts.Pass != 0 || r.Counts.Skip == 0 {
		t.Errorf("counts=%+v", r.Counts)
	}
}
