package conformance

import (
	"slices"
	"sort"
)

// Result is the verdict on one case.
type Result struct {
	ID           string   `json:"id"`
	Comment      string   `json:"comment"`
	Profile      string   `json:"profile"`
	Requirements []string `json:"requirements"`
	Verdict
}

// Evidence says how strong a report is.
const (
	// Reproducible: another run gives the same verdicts, bit for bit.
	Reproducible = "reproducible"
	// Observed: that is what happened this time.
	Observed = "observed"
)

func evidence(kind string) string {
	if kind == "wasm" {
		return Reproducible
	}
	return Observed
}

// Report is the outcome of a run.
type Report struct {
	Subject  Info     `json:"subject"`
	Kind     string   `json:"kind"`
	Evidence string   `json:"evidence"`
	Profiles []string `json:"profiles"`
	Results  []Result `json:"results"`
	Counts   Counts   `json:"counts"`
}

// Counts are numbers of cases.
type Counts struct {
	Pass           int `json:"pass"`
	Fail           int `json:"fail"`
	Skip           int `json:"skip"`
	KnownFailure   int `json:"known_failure"`
	UnexpectedPass int `json:"unexpected_pass"`
}

func (r *Report) count() {
	r.Counts = Counts{}
	for i := range r.Results {
		switch r.Results[i].Status {
		case Pass:
			r.Counts.Pass++
		case Fail:
			r.Counts.Fail++
		case Skip:
			r.Counts.Skip++
		case KnownFailure:
			r.Counts.KnownFailure++
		case UnexpectedPass:
			r.Counts.UnexpectedPass++
		}
	}
}

// Conforms reports whether the subject holds what it promised: at least one case
// passed, none failed, and none that it named the profile of was skipped.
func (r *Report) Conforms() bool {
	return r.Counts.Pass > 0 && r.Counts.Fail == 0 && r.Counts.UnexpectedPass == 0 && r.Counts.Skip == 0
}

// Requirement sums up the cases of one requirement.
type Requirement struct {
	ID     string
	Counts Counts
	// Failed lists the ids of the cases that failed.
	Failed []string
}

// Requirements sums the results up per requirement, in the order of their ids.
// A finding that names a requirement of its own counts there as well.
func (r *Report) Requirements() []Requirement {
	byID := map[string]*Report{}
	for _, result := range r.Results {
		ids := slices.Clone(result.Requirements)
		for _, f := range result.Findings {
			if f.Requirement != "" {
				ids = append(ids, f.Requirement)
			}
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			if byID[id] == nil {
				byID[id] = &Report{}
			}
			byID[id].Results = append(byID[id].Results, result)
		}
	}
	var out []Requirement
	for id, part := range byID {
		part.count()
		req := Requirement{ID: id, Counts: part.Counts}
		for i := range part.Results {
			if s := part.Results[i].Status; s == Fail || s == UnexpectedPass {
				req.Failed = append(req.Failed, part.Results[i].ID)
			}
		}
		out = append(out, req)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}
