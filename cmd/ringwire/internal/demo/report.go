package demo

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringwire/ringwire/internal/sys"
)

// Report is what the demo found and how long each way took.
type Report struct {
	Python    string `json:"python"`
	Root      string `json:"root"`
	CPUs      int    `json:"cpus"`
	Files     int    `json:"files"`
	Lines     int    `json:"lines"`
	Functions int    `json:"functions"`
	Classes   int    `json:"classes"`
	Branches  int    `json:"branches"`

	MostComplex []Located `json:"most_complex"`
	Failures    []Failure `json:"failures"`
	Runs        []Timing  `json:"runs"`
}

// Located is a function with its file.
type Located struct {
	Function
	File string `json:"file"`
}

// Failure is a file that Python cannot parse.
type Failure struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

// Timing is how long one way of doing the work took.
type Timing struct {
	Title          string  `json:"title"`
	Seconds        float64 `json:"seconds"`
	FilesPerSecond float64 `json:"files_per_second"`
	Speedup        float64 `json:"speedup"` // of the first run over this one
}

// mostComplex is how many functions the report names.
const mostComplex = 10

// newReport adds up the first run and compares it with the others. Runs that
// disagree about a file are an error: then there would be nothing to compare.
func newReport(library Library, runs []run) (*Report, error) {
	first := runs[0]
	r := &Report{Python: library.Python, Root: library.Root, CPUs: sys.CPUs(), Files: len(library.Files)}
	for i, file := range library.Files {
		f := first.findings[i]
		for _, other := range runs[1:] {
			if !f.equal(other.findings[i]) {
				return nil, fmt.Errorf("%s and %s disagree about %s", first.title, other.title, file)
			}
		}
		if f.failure != "" {
			// Some parsers repeat the path, which the report shows beside it.
			text := strings.ReplaceAll(f.failure, filepath.Join(library.Root, file), filepath.Base(file))
			r.Failures = append(r.Failures, Failure{file, text})
			continue
		}
		r.Lines += f.metrics.Lines
		r.Functions += f.metrics.Functions
		r.Classes += f.metrics.Classes
		r.Branches += f.metrics.Branches
		if m := f.metrics.MostComplex; m != nil {
			r.MostComplex = append(r.MostComplex, Located{*m, file})
		}
	}
	slices.SortStableFunc(r.MostComplex, func(a, b Located) int { return b.Complexity - a.Complexity })
	r.MostComplex = r.MostComplex[:min(mostComplex, len(r.MostComplex))]
	for _, run := range runs {
		r.Runs = append(r.Runs, Timing{
			Title:          run.title,
			Seconds:        run.elapsed.Seconds(),
			FilesPerSecond: float64(r.Files) / run.elapsed.Seconds(),
			Speedup:        run.elapsed.Seconds() / first.elapsed.Seconds(),
		})
	}
	return r, nil
}

func (f finding) equal(g finding) bool {
	a, b := f.metrics, g.metrics
	sameFunction := a.MostComplex == b.MostComplex ||
		a.MostComplex != nil && b.MostComplex != nil && *a.MostComplex == *b.MostComplex
	a.MostComplex, b.MostComplex = nil, nil
	return a == b && sameFunction && f.failure == g.failure
}
