package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// newProgress returns a display of progress: a bar on a terminal, a few plain
// lines elsewhere.
func newProgress(w io.Writer) func(title string, total int) (step, stop func()) {
	if isTerminal(w) {
		return func(title string, total int) (step, stop func()) { return progressBar(w, title, total) }
	}
	return func(title string, total int) (step, stop func()) { return progressLines(w, title, total) }
}

func progressBar(w io.Writer, title string, total int) (step, stop func()) {
	pw := progress.NewWriter()
	pw.SetOutputWriter(w)
	pw.SetUpdateFrequency(100 * time.Millisecond)
	pw.SetStyle(progress.StyleBlocks)
	pw.SetTrackerPosition(progress.PositionRight)
	pw.SetMessageLength(14)
	pw.Style().Options.TimeInProgressPrecision = 100 * time.Millisecond
	pw.Style().Options.TimeDonePrecision = 10 * time.Millisecond
	tracker := &progress.Tracker{Message: title, Total: int64(total)}
	pw.AppendTracker(tracker)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		pw.Render()
	}()
	return func() { tracker.Increment(1) }, func() {
		pw.Stop()
		<-ended
	}
}

// progressLines prints a line for every quarter of the way.
func progressLines(w io.Writer, title string, total int) (step, stop func()) {
	var done atomic.Int64
	return func() {
		n := int(done.Add(1))
		if quarter := n * 4 / total; quarter > (n-1)*4/total {
			fmt.Fprintf(w, "%s: %d of %d files\n", title, n, total)
		}
	}, func() {}
}
