package conformance

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// KnownFailures maps ids of cases that are expected to fail to the reason.
type KnownFailures map[string]string

// ReadKnownFailures reads a list: on each line an id and, after white space, the
// reason, which must not be missing. Empty lines and lines that start with #
// are ignored.
func ReadKnownFailures(r io.Reader) (KnownFailures, error) {
	known := KnownFailures{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, _ := strings.Cut(line, " ")
		reason = strings.TrimSpace(reason)
		if reason == "" {
			return nil, fmt.Errorf("known failures: no reason given: line=%d id=%s", n, id)
		}
		if _, twice := known[id]; twice {
			return nil, fmt.Errorf("known failures: listed twice: line=%d id=%s", n, id)
		}
		known[id] = reason
	}
	return known, lines.Err()
}

func (k KnownFailures) apply(r *Report) {
	for i := range r.Results {
		result := &r.Results[i]
		reason, listed := k[result.ID]
		switch {
		case !listed:
		case result.Status == Fail:
			result.Status, result.Reason = KnownFailure, reason
		case result.Status == Pass:
			result.Status = UnexpectedPass
			result.Findings = []Finding{{Text: "listed as a known failure (" + reason + ") and passes: take it off the list"}}
		}
	}
}
