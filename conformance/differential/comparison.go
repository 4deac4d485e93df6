package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/internal/panel"
	"github.com/ringwire/ringwire/internal/slowwire"
)

const (
	// streamEvery is how many inputs go by from one stream to the next.
	streamEvery = 8
	// tellEvery is how many inputs go by from one sign of life to the next.
	tellEvery = 1_000_000
)

// comparison is a run over n inputs.
type comparison struct {
	seed     uint64
	n        int
	sample   int
	module   []byte
	child    conformance.Subject // nil: none
	progress io.Writer

	counts counts
	sent   []*sampled // to the child, and not judged yet
}

// counts say what was compared, so that nobody takes a run for worth more than
// it is.
type counts struct {
	inputs, streams, framesInStreams, child int
	outcomes                                map[string]int // by code, or "accepted"
}

func (c *counts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d inputs, %d streams of %d messages, %d put to the child", c.inputs, c.streams, c.framesInStreams, c.child)
	for _, name := range slices.Sorted(maps.Keys(c.outcomes)) {
		fmt.Fprintf(&b, "\n  %-17s %d", name, c.outcomes[name])
	}
	return b.String()
}

// run compares until the inputs are used up or somebody disagrees.
func (c *comparison) run(ctx context.Context) (err error) {
	p, err := panel.New(ctx, c.module)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	c.counts.outcomes = map[string]int{}
	// Streams have numbers of their own, so that input i is the same whatever
	// streamEvery is.
	rng, pieces := rand.New(rand.NewPCG(c.seed, 0)), rand.New(rand.NewPCG(c.seed, 1))
	for c.counts.inputs < c.n {
		if err := ctx.Err(); err != nil {
			return err
		}
		direction := slowwire.Request
		if c.counts.inputs%2 == 1 {
			direction = slowwire.Response
		}
		b, limit := slowwire.Generate(rng, direction)
		limit = panel.Limit(limit)
		verdict, err := p.Message(direction, b, limit)
		if err != nil {
			return c.blame(err)
		}
		c.count(verdict)
		if c.child != nil && c.counts.inputs%c.sample == 0 {
			if err := c.send(ctx, direction, b, limit, verdict); err != nil {
				return c.blame(err)
			}
		}
		if c.counts.inputs%streamEvery == 0 {
			n, err := p.Stream(direction, stream(pieces, direction, b), limit)
			if err != nil {
				return c.blame(err)
			}
			c.counts.streams++
			c.counts.framesInStreams += n
		}
		if c.counts.inputs%tellEvery == 0 {
			fmt.Fprintf(c.progress, "%d of %d inputs\n", c.counts.inputs, c.n)
		}
	}
	return c.blame(c.settle(ctx))
}

func (c *comparison) blame(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("seed=%d input=%d: %w", c.seed, c.counts.inputs, err)
}

func (c *comparison) count(v slowwire.Verdict) {
	c.counts.inputs++
	if v.Refusal != nil {
		c.counts.outcomes[v.Refusal.Code]++
		return
	}
	c.counts.outcomes["accepted"]++
}

// stream is good messages with b among or behind them, in pieces that know
// nothing of frames.
func stream(rng *rand.Rand, direction string, b []byte) [][]byte {
	samples := slowwire.SamplesOf(direction)
	var all []byte
	for range rng.IntN(4) {
		all = append(all, samples[rng.IntN(len(samples))].Bytes...)
	}
	all = append(all, b...)
	if rng.IntN(2) == 0 {
		all = append(all, samples[rng.IntN(len(samples))].Bytes...)
	}
	longest := []int{1, 7, 21, 64, 4096}[rng.IntN(5)]
	var chunks [][]byte
	for len(all) > 0 {
		n := min(1+rng.IntN(longest), len(all))
		chunks = append(chunks, all[:n])
		all = all[n:]
	}
	return chunks
}
