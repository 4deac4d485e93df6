package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

// Scaling is how the executor's calls per second grow with workers and shrink with
// what functions do, beside what a model says whose few times come from the same run.
type Scaling struct {
	Model   Model        `json:"model"`
	Rows    []ScalingRow `json:"rows"`
	Failure string       `json:"failure,omitempty"`
}

// ScalingRow is the result for one Handling: the median over rounds.
type ScalingRow struct {
	Handling
	Measured  float64 `json:"measured"`  // calls per second
	Predicted float64 `json:"predicted"` // calls per second
	By        Limit   `json:"by"`        // what bounds the prediction
}

// deep is how many calls are in flight where a worker shall be busy with functions
// that wait.
const deep = 512

// scalingWorks is each number of workers with each function: doubled up to one for
// each CPU, and two for each.
func scalingWorks(cpus int) []Handling {
	var works []Handling
	for workers := 1; ; workers = min(2*workers, cpus) {
		works = append(works, scalingFunctions(workers)...)
		if workers == cpus {
			return append(works, scalingFunctions(2*cpus)...)
		}
	}
}

func scalingFunctions(workers int) []Handling {
	h := Handling{Workers: workers, InFlight: busy * workers, Spin: spinLikeExecutor(workers)}
	var works []Handling
	for _, h.Computes = range []time.Duration{0, 10 * time.Microsecond, 100 * time.Microsecond, time.Millisecond} {
		works = append(works, h)
	}
	h.Computes, h.Waits = 0, time.Millisecond
	return append(works, h)
}

// MeasureScaling measures the executor as its users have it, with Python's standard
// library. A failure is part of the result; the error is that of ctx.
func MeasureScaling(ctx context.Context, python string, rounds int, span Span) (Scaling, error) {
	s, err := measureScaling(ctx, executorPeer{plain, python, executorVariant{env: standardLibrary}}, rounds, span)
	if ctx.Err() != nil {
		return s, context.Cause(ctx)
	}
	if err != nil {
		s.Failure = err.Error()
	}
	return s, nil
}

func measureScaling(ctx context.Context, peer Peer, rounds int, span Span) (Scaling, error) {
	works := scalingWorks(sys.CPUs())
	pools := map[int]*executorSession{}
	for _, w := range works {
		if pools[w.Workers] != nil {
			continue
		}
		session, err := peer.Start(ctx, w.Workers)
		if err != nil {
			return Scaling{}, err
		}
		defer session.Close()
		pools[w.Workers] = session.(*executorSession)
	}
	rates := make([][]float64, len(works))
	var small, waiting []costs
	for range rounds {
		for i, w := range works {
			c, err := pools[w.Workers].costs(ctx, w, span)
			if err != nil {
				return Scaling{}, fmt.Errorf("%+v: %w", w, err)
			}
			rates[i] = append(rates[i], c.rate)
			if i == 0 { // one worker, and a function that does nothing
				small = append(small, c)
			}
		}
		c, err := pools[1].costs(ctx, Handling{Workers: 1, InFlight: deep, Waits: time.Millisecond}, span)
		if err != nil {
			return Scaling{}, err
		}
		waiting = append(waiting, c)
	}
	s := Scaling{Model: Model{
		CPUs:     sys.CPUs(),
		Worker:   median(small, func(c costs) time.Duration { return c.worker }),
		Awaiting: median(waiting, func(c costs) time.Duration { return c.worker }),
		Master:   median(small, func(c costs) time.Duration { return c.master }),
	}}
	for i, w := range works {
		row := ScalingRow{Handling: w, Measured: median(rates[i], func(r float64) float64 { return r })}
		row.Predicted, row.By = s.Model.Predict(w)
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

// costs are those of a call, and how many there were per second.
type costs struct {
	rate           float64
	master, worker time.Duration // CPU time
}

func (s *executorSession) costs(ctx context.Context, h Handling, span Span) (costs, error) {
	function, argument := "handlers:compute", h.Computes
	if h.Waits > 0 {
		function, argument = "handlers:wait", h.Waits
	}
	arguments := struct {
		US int64 `json:"us"`
	}{argument.Microseconds()}
	call := func(ctx context.Context, _ int) error {
		var echoed int64
		if err := s.pool.Call(ctx, function, arguments, &echoed); err != nil {
			return err
		}
		return check(echoed == arguments.US)
	}
	r := Round{Work: Work{Workers: h.Workers, InFlight: h.InFlight}, Seconds: span.WarmUp.Seconds()}
	if _, err := Drive(ctx, call, r); err != nil {
		return costs{}, err
	}
	r.Seconds = span.Measure.Seconds()
	masterBefore, workerBefore, err := s.cpuTimes()
	if err != nil {
		return costs{}, err
	}
	sample, err := Drive(ctx, call, r)
	if err != nil {
		return costs{}, err
	}
	master, worker, err := s.cpuTimes()
	calls := time.Duration(sample.Calls)
	return costs{
		rate:   float64(sample.Calls) / sample.Elapsed.Seconds(),
		master: (master - masterBefore) / calls,
		worker: (worker - workerBefore) / calls,
	}, err
}

// cpuTimes returns what this process and the workers have used so far.
func (s *executorSession) cpuTimes() (master, workers time.Duration, err error) {
	if master, err = cpuTime([]int{os.Getpid()}); err != nil {
		return 0, 0, err
	}
	workers, err = cpuTime(s.pids[1:])
	return master, workers, err
}
