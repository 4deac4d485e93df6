package executor

import "context"

// Future is a call that was submitted. Its end comes by itself, also if nobody
// asks for it.
type Future struct {
	done chan struct{}
	raw  rawResult
	err  error
}

// Submit is Call without waiting. A call that is refused has ended already.
// A json.RawMessage, and every []byte in kwargs, must not be changed until the end
// of the call; nothing else of kwargs is used after Submit has returned.
func (p *Pool) Submit(ctx context.Context, function string, kwargs any, opts ...CallOption) *Future {
	f := &Future{done: make(chan struct{})}
	c, l, err := p.submit(ctx, function, kwargs, opts)
	if err != nil {
		f.err = err
		close(f.done)
		return f
	}
	go func() { // ends with the call, which ends with the pool at the latest
		defer close(f.done)
		if l != nil {
			l.help(ctx, c)
		}
		f.err = p.finish(ctx, c, l, &f.raw)
	}()
	return f
}

// Done is closed when the call has ended.
func (f *Future) Done() <-chan struct{} { return f.done }

// Result waits for the end of the call and stores its result where out points,
// as Call does. It may be called again.
func (f *Future) Result(out any) error {
	<-f.done
	if f.err != nil {
		return f.err
	}
	return decode(f.raw.body, false, false, out)
}
