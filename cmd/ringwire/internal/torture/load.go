//go:build linux

package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ringwire/ringwire/executor"
)

// task is one call to be made.
type task struct {
	function   string
	more       string // arguments of its own, as members of a JSON object
	data, size int    // bytes there and back
	idempotent bool
	limit      time.Duration // deadline, 0: none
	revoke     time.Duration // when to cancel it, 0: never
}

// begun is a call on its way.
type begun struct {
	task
	id     uint64
	sent   []byte
	ctx    context.Context
	cancel func()
	future *executor.Future
}

// begin makes a call. The contexts of calls do not end with the run: all calls
// must end by themselves.
func (r *run) begin(t task) *begun {
	b := &begun{task: t, id: r.born(t.idempotent), ctx: context.Background(), cancel: func() {}}
	b.sent = r.pad.piece(b.id, t.data)
	switch {
	case t.limit > 0:
		b.ctx, b.cancel = context.WithTimeout(b.ctx, t.limit)
	case t.revoke > 0:
		ctx, cancel := context.WithCancel(b.ctx)
		timer := time.AfterFunc(t.revoke, cancel)
		b.ctx, b.cancel = ctx, func() { timer.Stop(); cancel() }
	}
	return b
}

func (b *begun) kwargs() json.RawMessage { return arguments(b.id, b.sent, b.size, b.more) }

func (b *begun) options() []executor.CallOption {
	if b.idempotent {
		return []executor.CallOption{executor.Idempotent()}
	}
	return nil
}

// call makes a call and waits for its end.
func (r *run) call(t task) {
	b := r.begin(t)
	defer b.cancel()
	var a answer
	err := r.pool.Call(b.ctx, module+":"+t.function, b.kwargs(), &a, b.options()...)
	r.finish(b, &a, err)
}

// submit makes a call; await waits for its end.
func (r *run) submit(t task) *begun {
	b := r.begin(t)
	b.future = r.pool.Submit(b.ctx, module+":"+t.function, b.kwargs(), b.options()...)
	return b
}

func (r *run) await(b *begun) {
	defer b.cancel()
	var a answer
	err := b.future.Result(&a)
	r.finish(b, &a, err)
}

func (r *run) finish(b *begun, a *answer, err error) {
	how := done
	switch {
	case err != nil:
		how = endingOf(err)
	case !a.belongsTo(b.id, b.sent, b.size):
		how = foreign
	}
	r.ended(b.id, how, err)
}

// caller makes calls, one after the other or in bursts.
type caller struct {
	*run
	number, callers int
	rng             *rand.Rand
}

// tide is the time from much load to little and back.
const tide = 4 * time.Second

// work makes calls until ctx is done. With the tide, callers come and go.
func (c *caller) work(ctx context.Context) {
	began := time.Now()
	for ctx.Err() == nil {
		at := time.Since(began) % tide
		busy := 1 + int(int64(c.callers)*int64(max(at, tide-at))/int64(tide))
		if c.number >= busy {
			pause(ctx, 10*time.Millisecond)
			continue
		}
		if c.rng.IntN(20) > 0 {
			c.run.call(c.task())
			continue
		}
		burst := make([]*begun, 2+c.rng.IntN(40))
		for i := range burst {
			t := c.task()
			t.data, t.size = min(t.data, 4096), min(t.size, 4096)
			burst[i] = c.submit(t)
		}
		for _, b := range burst {
			c.await(b)
		}
	}
}

// task chooses the next call.
func (c *caller) task() task {
	rng := c.rng
	t := task{function: "work", data: payloadSize(rng), size: payloadSize(rng), idempotent: rng.IntN(4) == 0}
	if rng.IntN(2) == 0 {
		t.function = "work_async"
		if rng.IntN(4) == 0 {
			t.more = fmt.Sprintf(`"seconds":%.4f`, rng.Float64()*0.05)
		}
	}
	switch rng.IntN(20) {
	case 0, 1:
		t.limit = upTo(rng, 20*time.Millisecond)
	case 2:
		t.revoke = upTo(rng, 20*time.Millisecond)
	}
	return t
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// upTo returns a duration from 1 ns to d.
func upTo(rng *rand.Rand, d time.Duration) time.Duration {
	return 1 + time.Duration(rng.Int64N(int64(d)))
}
