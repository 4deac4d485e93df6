//go:build linux

package propertytests

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/commands"
	"github.com/leanovate/gopter/gen"

	"github.com/ringwire/ringwire/executor"
)

// poolRuns bounds the sequences of commands on a real pool: each costs processes.
const poolRuns = 4

// poolModel is what the counters of a pool must say after a sequence of calls.
type poolModel struct {
	succeeded, failed, canceled, lost, refused uint64
}

// poolSystem is a real pool, and what was seen of its workers.
type poolSystem struct {
	pool *executor.Pool
	seen map[uint64]executor.WorkerState // by generation
	last map[int]uint64                  // greatest generation by place
}

// poolCommand is a call with a foreseeable end, or a blow to a worker.
type poolCommand struct {
	name string
	run  func(context.Context, *executor.Pool) error
	want error // nil: success
	add  poolModel
}

func (c *poolCommand) String() string                   { return c.name }
func (*poolCommand) PreCondition(s commands.State) bool { return true }

func (c *poolCommand) NextState(s commands.State) commands.State {
	m := s.(poolModel)
	m.succeeded += c.add.succeeded
	m.failed += c.add.failed
	m.canceled += c.add.canceled
	m.lost += c.add.lost
	m.refused += c.add.refused
	return m
}

func (c *poolCommand) Run(s commands.SystemUnderTest) commands.Result {
	sut := s.(*poolSystem)
	if err := c.run(context.Background(), sut.pool); !errors.Is(err, c.want) {
		return fmt.Sprintf("got %v, want %v", err, c.want)
	}
	for _, w := range sut.pool.Workers() {
		if before, ok := sut.seen[w.Generation]; ok && before != w.State && !before.CanBecome(w.State) {
			return fmt.Sprintf("worker %d went from %s to %s", w.Worker, before, w.State)
		}
		if w.Generation < sut.last[w.Worker] {
			return fmt.Sprintf("place %d went back to generation %d", w.Worker, w.Generation)
		}
		sut.seen[w.Generation], sut.last[w.Worker] = w.State, w.Generation
	}
	return sut.pool.Stats()
}

func (c *poolCommand) PostCondition(s commands.State, r commands.Result) *gopter.PropResult {
	stats, ok := r.(executor.Stats)
	if !ok {
		return verdict(r.(string))
	}
	want := s.(poolModel)
	got := poolModel{stats.Succeeded, stats.Failed, stats.Canceled, stats.Lost, stats.Refused}
	switch {
	case got != want:
		return verdict(fmt.Sprintf("counted %+v, want %+v", got, want))
	case stats.Calls != got.succeeded+got.failed+got.canceled+got.lost+got.refused:
		return verdict(fmt.Sprintf("%d calls do not add up: %+v", stats.Calls, got))
	case stats.InFlight != 0 || stats.Queued != 0:
		return verdict(fmt.Sprintf("nothing was under way, but %+v", stats))
	}
	return verdict("")
}

func call(function string, kwargs any) func(context.Context, *executor.Pool) error {
	return func(ctx context.Context, p *executor.Pool) error { return p.Call(ctx, function, kwargs, nil) }
}

var poolCommands = []any{
	&poolCommand{"add", call("handlers:add", map[string]int{"a": 1, "b": 2}), nil, poolModel{succeeded: 1}},
	&poolCommand{"async add", call("handlers:async_add", map[string]int{"a": 1, "b": 2}), nil, poolModel{succeeded: 1}},
	&poolCommand{"raise", call("handlers:fail", nil), executor.ErrRaised, poolModel{failed: 1}},
	&poolCommand{"forbidden", call("os:getpid", nil), executor.ErrForbidden, poolModel{refused: 1}},
	&poolCommand{"exit", call("handlers:exit_now", nil), executor.ErrWorkerLost, poolModel{lost: 1}},
	&poolCommand{"deadline", func(ctx context.Context, p *executor.Pool) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		return p.Call(ctx, "handlers:async_sleep", map[string]int{"seconds": 1000}, nil)
	}, executor.ErrExpired, poolModel{canceled: 1}},
	&poolCommand{"kill an idle worker", func(_ context.Context, p *executor.Pool) error {
		for _, w := range p.Workers() {
			_ = syscall.Kill(w.PID, syscall.SIGKILL)
			break
		}
		return nil
	}, nil, poolModel{}},
}

// TestPoolKeepsItsBooks plays random calls and blows on a real pool. Each call must
// end as foreseen and be counted once, and workers must live by the state table.
func TestPoolKeepsItsBooks(t *testing.T) {
	t.Setenv("RINGWIRE_RUNS", fmt.Sprint(poolRuns))
	check(t, map[string]gopter.Prop{"pool keeps its books": commands.Prop(&commands.ProtoCommands{
		InitialStateGen: gen.Const(poolModel{}),
		NewSystemUnderTestFunc: func(commands.State) commands.SystemUnderTest {
			p, err := executor.New(t.Context(), executor.Config{
				Workers: 2, Path: []string{"../executor/testdata"}, Allow: []string{"handlers:*"}, CancelGrace: time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			return &poolSystem{p, make(map[uint64]executor.WorkerState), make(map[int]uint64)}
		},
		DestroySystemUnderTestFunc: func(s commands.SystemUnderTest) {
			if err := s.(*poolSystem).pool.Close(); err != nil {
				t.Error(err)
			}
		},
		GenCommandFunc: func(commands.State) gopter.Gen {
			return gen.OneConstOf(poolCommands...).Map(func(c *poolCommand) commands.Command { return c })
		},
	})})
}
