package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteText writes a report for people: what failed, with the bytes it is about,
// then the requirements that do not hold, then the sums.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.title())
	for i := range r.Results {
		writeResult(&b, &r.Results[i])
	}
	r.writeRequirements(&b)
	r.writeSkips(&b)
	c := r.Counts
	fmt.Fprintf(&b, "\n%d passed, %d failed, %d skipped", c.Pass, c.Fail+c.UnexpectedPass, c.Skip)
	if c.KnownFailure > 0 {
		fmt.Fprintf(&b, ", %d known failures", c.KnownFailure)
	}
	fmt.Fprintf(&b, "\n%s in profiles %s (%s)\n", r.verdict(), strings.Join(r.Profiles, ", "), r.Evidence)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) title() string {
	facts := r.Kind
	if r.Subject.Language != "" { // a live worker does not tell
		facts += ", " + r.Subject.Language
	}
	return strings.TrimSpace(r.Subject.Name+" "+r.Subject.Version) + " (" + facts + ")"
}

func (r *Report) verdict() string {
	if r.Conforms() {
		return "CONFORMS"
	}
	return "DOES NOT CONFORM"
}

func writeResult(b *strings.Builder, result *Result) {
	if result.Status != Fail && result.Status != UnexpectedPass {
		return
	}
	fmt.Fprintf(b, "\nFAIL %s [%s]\n  %s\n", result.ID, strings.Join(result.Requirements, " "), result.Comment)
	for _, f := range result.Findings {
		line := f.Text
		if f.Where != "" {
			line = f.Where + ": " + line
		}
		if f.Requirement != "" {
			line = f.Requirement + ": " + line
		}
		fmt.Fprintf(b, "  - %s\n", strings.ReplaceAll(line, "\n", "\n    "))
	}
}

func (r *Report) writeRequirements(b *strings.Builder) {
	first := true
	for _, req := range r.Requirements() {
		if len(req.Failed) == 0 {
			continue
		}
		if first {
			fmt.Fprintf(b, "\nRequirements that do not hold\n")
			first = false
		}
		total := req.Counts.Pass + len(req.Failed)
		fmt.Fprintf(b, "  %-12s %d of %d cases failed\n", req.ID, len(req.Failed), total)
	}
}

// writeSkips sums skipped cases up by reason.
func (r *Report) writeSkips(b *strings.Builder) {
	counts := map[string]int{}
	var reasons []string
	for i := range r.Results {
		if r.Results[i].Status != Skip {
			continue
		}
		reason := r.Results[i].Reason
		if counts[reason] == 0 {
			reasons = append(reasons, reason)
		}
		counts[reason]++
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		fmt.Fprintf(b, "\nskipped %d: %s\n", counts[reason], reason)
	}
}
