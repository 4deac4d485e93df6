package executor

import (
	"sync"
	"sync/atomic"
)

// queue holds the calls that wait for a lane, first come, first served. It is a
// linked list, so that a call whose caller gives up leaves at once.
type queue struct {
	mu     sync.Mutex
	first  *call
	last   *call
	refuse error // why nothing may wait any more, or nil

	length atomic.Int32 // of the list; read without the lock
}

// push puts a call behind the others, or returns why it cannot.
func (q *queue) push(c *call, limit int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refuse != nil {
		return q.refuse
	}
	if int(q.length.Load()) >= limit {
		return ErrQueueFull
	}
	c.prev, c.next, c.queued = q.last, nil, true
	if q.last == nil {
		q.first = c
	} else {
		q.last.next = c
	}
	q.last = c
	q.length.Add(1)
	return nil
}

// pushFront puts a call before the others: it has waited before. It has been
// accepted once, so no limit applies.
func (q *queue) pushFront(c *call) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refuse != nil {
		return q.refuse
	}
	c.prev, c.next, c.queued = nil, q.first, true
	if q.first == nil {
		q.last = c
	} else {
		q.first.prev = c
	}
	q.first = c
	q.length.Add(1)
	return nil
}

func (q *queue) removeLocked(c *call) {
	if c.prev == nil {
		q.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		q.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.prev, c.next, c.queued = nil, nil, false
	q.length.Add(-1)
}

// withdraw ends a call with cause, if it is in the queue.
func (q *queue) withdraw(c *call, cause error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !c.queued {
		return false
	}
	q.removeLocked(c)
	c.fail(cause, OutcomeNotStarted)
	return true
}

// drain gives calls to send, first to last, until it refuses one.
func (q *queue) drain(send func(*call) bool) {
	if q.length.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.first != nil && send(q.first) {
		q.removeLocked(q.first)
	}
}

// close makes the queue refuse calls with err, and ends those that wait.
func (q *queue) close(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refuse = err
	for q.first != nil {
		c := q.first
		q.removeLocked(c)
		c.fail(err, OutcomeNotStarted)
	}
}

// open makes the queue accept calls again.
func (q *queue) open() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refuse = nil
}
