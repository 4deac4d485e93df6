package bench

import (
	"cmp"
	"context"
	"time"
)

// Peer is a way of calling Python, or something to compare that with.
type Peer interface {
	Name() string
	// Does reports whether such work makes sense for the peer.
	Does(w Work) bool
	// Start makes the peer ready, with so many worker processes.
	Start(ctx context.Context, workers int) (Session, error)
}

// Session is a peer that is ready. It costs nothing while it is not used.
type Session interface {
	Measure(ctx context.Context, r Round) (Sample, error)
	// Processes lists the caller and the workers.
	Processes() []int
	Close() error
}

// Span is how long a round lasts.
type Span struct {
	WarmUp  time.Duration // calls that do not count
	Measure time.Duration // calls that do
}

// Plan is what Run measures.
type Plan struct {
	Works  []Work // those with the same number of workers follow one another
	Rounds int
	Span   Span
}

// Run measures every work with every peer that does it. The ratios of the report
// are those of the first peer over the others. A peer that fails is named in its
// row and does not end the run. progress is called after every round.
func Run(ctx context.Context, plan Plan, peers []Peer, progress func(done, total int)) ([]Row, error) {
	var rows []Row
	total := len(plan.Works) * plan.Rounds
	for start := 0; start < len(plan.Works); {
		end := start + 1
		for end < len(plan.Works) && plan.Works[end].Workers == plan.Works[start].Workers {
			end++
		}
		group := plan.Works[start:end]
		team := assemble(ctx, peers, group)
		for _, work := range group {
			row, err := measure(ctx, plan, team, work, rows, func(round int) {
				progress(len(rows)*plan.Rounds+round, total)
			})
			if err != nil {
				team.close()
				return nil, err
			}
			rows = append(rows, row)
		}
		team.close()
		start = end
	}
	return rows, nil
}

// measure makes one row: rounds in which the peers take turns.
func measure(ctx context.Context, plan Plan, t team, work Work, earlier []Row, ended func(round int)) (Row, error) {
	runs := make([]run, len(t))
	for round := range plan.Rounds {
		for i, m := range t {
			if round%2 == 1 {
				i = len(t) - 1 - i
				m = t[i]
			}
			if !m.peer.Does(work) || runs[i].over(plan) {
				continue
			}
			r := Round{Work: work}
			if work.open() {
				can := capacity(earlier, work, m.peer.Name())
				if r.Rate = cmp.Or(work.PerSecond, work.Load*can); r.Rate > can {
					continue
				}
			}
			began := time.Now()
			figures, err := m.round(ctx, r, plan.Span)
			if ctx.Err() != nil {
				return Row{}, context.Cause(ctx)
			}
			runs[i].spent += time.Since(began)
			if runs[i].failure = err; err == nil {
				runs[i].rounds = append(runs[i].rounds, figures)
			}
		}
		ended(round + 1)
	}
	return newRow(work, t, runs), nil
}

// run is what one peer does in one row.
type run struct {
	rounds  []figures
	spent   time.Duration
	failure error // ends it
}

// enough is how many rounds a median needs where a peer is so slow that its rounds
// take several times as long as they should.
const enough = 3

// over reports whether the peer has no further rounds in this row.
func (r run) over(plan Plan) bool {
	slow := r.spent > 2*time.Duration(plan.Rounds)*(plan.Span.WarmUp+plan.Span.Measure)
	return r.failure != nil || slow && len(r.rounds) >= enough
}
