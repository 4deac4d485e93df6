package conformance

import (
	"fmt"
	"io"
	"sort"
	"strings"
)

// WriteMatrix writes a table in Markdown: requirements against implementations.
// A cell says how many cases of the requirement passed, out of how many.
func WriteMatrix(w io.Writer, reports []*Report) error {
	cells := map[string]map[int]string{}
	for i, r := range reports {
		for _, req := range r.Requirements() {
			if cells[req.ID] == nil {
				cells[req.ID] = map[int]string{}
			}
			cells[req.ID][i] = cell(req)
		}
	}
	var ids []string
	for id := range cells {
		ids = append(ids, id)
	}
	sort.Strings(ids)

	var b strings.Builder
	b.WriteString("| requirement |")
	for _, r := range reports {
		fmt.Fprintf(&b, " %s |", r.Subject.Name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(reports)) + "\n")
	for _, id := range ids {
		fmt.Fprintf(&b, "| %s |", id)
		for i := range reports {
			fmt.Fprintf(&b, " %s |", cells[id][i])
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func cell(req Requirement) string {
	c := req.Counts
	judged := c.Pass + c.Fail + c.UnexpectedPass + c.KnownFailure
	switch {
	case judged == 0:
		return "skipped"
	case c.Pass == judged:
		return fmt.Sprintf("%d", judged)
	default:
		return fmt.Sprintf("**%d of %d**", c.Pass, judged)
	}
}
