package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/internal/slowwire"
)

// sampled is an input that the child was asked about.
type sampled struct {
	vector  *vectors.Vector
	verdict conformance.Verdict
}

// send puts an input to the child, together with as many others as it answers at
// a time.
func (c *comparison) send(ctx context.Context, direction string, b []byte, limit uint64, v slowwire.Verdict) error {
	c.sent = append(c.sent, &sampled{vector: vectorOf(direction, b, limit, v)})
	c.counts.child++
	if len(c.sent) < c.child.Parallel() {
		return nil
	}
	return c.settle(ctx)
}

// settle waits for the child and judges what it answered.
func (c *comparison) settle(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, s := range c.sent {
		wg.Go(func() { s.verdict = c.child.Judge(ctx, s.vector) })
	}
	wg.Wait()
	for _, s := range c.sent {
		if s.verdict.Status != conformance.Pass {
			return fmt.Errorf("%s does not agree: %s %x with max_message=%d: %s %+v", c.child.Info().Name,
				s.vector.Operation, []byte(*s.vector.Input), s.vector.MaxMessage, s.verdict.Reason, s.verdict.Findings)
		}
	}
	c.sent = nil
	return nil
}

// vectorOf is the vector that expects what the panel agreed on.
func vectorOf(direction string, b []byte, limit uint64, verdict slowwire.Verdict) *vectors.Vector {
	in := vectors.Bytes(b)
	v := &vectors.Vector{
		Operation: "decode_" + direction, Result: vectors.Valid, Input: &in, MaxMessage: vectors.Number(limit),
	}
	if r := verdict.Refusal; r != nil {
		v.Result = vectors.Invalid
		v.Error = &vectors.Error{Code: r.Code, Category: r.Category, Offset: vectors.Number(r.Offset), Field: r.Field}
		return v
	}
	number := func(name string) uint32 { return uint32(verdict.Numbers[name]) }
	part := func(name string) []byte { return []byte(verdict.Parts[name]) }
	m := &vectors.Message{
		Type: number("type"), RequestID: number("request_id"), TotalLength: number("total_length"),
		Response: direction == slowwire.Response,
	}
	if m.Response {
		m.Body, m.ErrorMessage = part("body"), part("error_message")
		m.StatusCode, m.Success = number("status_code"), number("success")
	} else {
		m.ModuleName, m.FunctionName, m.Kwargs = part("module_name"), part("function_name"), part("kwargs")
	}
	v.Message = m
	return v
}
