package conformance

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		*Report
		Conforms bool `json:"conforms"`
	}{r, r.Conforms()})
}

// WriteTAP writes the report in the Test Anything Protocol, version 14.
func (r *Report) WriteTAP(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "TAP version 14\n1..%d\n", len(r.Results))
	for i := range r.Results {
		result := &r.Results[i]
		word, directive := "ok", ""
		switch result.Status {
		case Fail, UnexpectedPass:
			word = "not ok"
		case KnownFailure:
			word, directive = "not ok", " # TODO "+oneLine(result.Reason)
		case Skip:
			directive = " # SKIP " + oneLine(result.Reason)
		case Pass:
		}
		fmt.Fprintf(&b, "%s %d - %s%s\n", word, i+1, result.ID, directive)
		if len(result.Findings) > 0 {
			fmt.Fprintf(&b, "  ---\n  requirements: [%s]\n  findings:\n", strings.Join(result.Requirements, ", "))
			for _, f := range result.Findings {
				text, err := json.Marshal(f.Text) // a JSON string is a YAML string
				if err != nil {
					return err
				}
				fmt.Fprintf(&b, "    - %s\n", text)
			}
			fmt.Fprintf(&b, "  ...\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func oneLine(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "#", "")
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report in the XML form of JUnit.
func (r *Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{
		Name: r.title(), Tests: len(r.Results),
		Failures: r.Counts.Fail + r.Counts.UnexpectedPass, Skipped: r.Counts.Skip + r.Counts.KnownFailure,
	}
	for i := range r.Results {
		result := &r.Results[i]
		c := junitCase{Class: "ringwire." + result.Profile, Name: result.ID}
		switch result.Status {
		case Fail, UnexpectedPass:
			var text []string
			for _, f := range result.Findings {
				text = append(text, strings.TrimSpace(f.Where+" "+f.Text))
			}
			c.Failure = &junitMessage{strings.Join(result.Requirements, " "), strings.Join(text, "\n")}
		case Skip:
			c.Skipped = &junitMessage{Message: result.Reason}
		case KnownFailure:
			c.Skipped = &junitMessage{Message: "known failure: " + result.Reason}
		case Pass:
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
