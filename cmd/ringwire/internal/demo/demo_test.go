package demo

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

func TestRun(t *testing.T) {
	const files = 12
	var steps [3]atomic.Int32 // two workers, one worker, plain Python
	report, err := Run(t.Context(), Options{
		Workers: 2,
		Limit:   files,
		Progress: func(ways []string, total int) (step func(int), stop func()) {
			if len(ways) != 3 || total != files {
				t.Errorf("ways=%q total=%d, want 3 and %d", ways, total, files)
			}
			return func(way int) { steps[way].Add(1) }, func() {}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Files != files || report.Lines == 0 || report.Functions == 0 || len(report.MostComplex) == 0 {
		t.Errorf("report is not that of a library: %+v", report)
	}
	if len(report.Runs) != len(steps) {
		t.Errorf("runs=%d", len(report.Runs))
	}
	for way := range steps {
		if n := steps[way].Load(); n != files {
			t.Errorf("way %d took %d steps, want %d", way, n, files)
		}
	}
	if report.Runs[0].Speedup != 1 {
		t.Errorf("speed-up of the first run over itself is %g", report.Runs[0].Speedup)
	}
}

func TestReportRefusesRunsThatDisagree(t *testing.T) {
	library := Library{Files: []string{"a.py"}}
	one := run{title: "one", elapsed: 1, findings: []finding{{metrics: Metrics{Lines: 1}}}}
	other := run{title: "other", elapsed: 1, findings: []finding{{metrics: Metrics{Lines: 2}}}}
	if _, err := newReport(library, []run{one, one}); err != nil {
		t.Error(err)
	}
	if _, err := newReport(library, []run{one, other}); err == nil {
		t.Error("runs that disagree were accepted")
	}
}

func TestReportSortsAndAddsUp(t *testing.T) {
	library := Library{Root: "/lib", Files: []string{"a.py", "b.py", "bad.py"}}
	r := run{elapsed: 1, findings: []finding{
		{metrics: Metrics{Lines: 10, Functions: 1, MostComplex: &Function{"f", 3, 2}}},
		{metrics: Metrics{Lines: 20, Functions: 2, MostComplex: &Function{"g", 4, 9}}},
		{failure: "SyntaxError: invalid syntax (/lib/bad.py, line 1)"},
	}}
	report, err := newReport(library, []run{r})
	if err != nil {
		t.Fatal(err)
	}
	if report.Files != 3 || report.Lines != 30 || report.Functions != 3 {
		t.Errorf("sums: %+v", report)
	}
	if report.MostComplex[0].File != "b.py" || report.MostComplex[1].File != "a.py" {
		t.Errorf("order: %+v", report.MostComplex)
	}
	if want := (Failure{"bad.py", "SyntaxError: invalid syntax (bad.py, line 1)"}); report.Failures[0] != want {
		t.Errorf("failure: %+v, want %+v", report.Failures[0], want)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, Options{Workers: 1, Progress: func([]string, int) (func(int), func()) {
		return func(int) { cancel() }, func() {}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
