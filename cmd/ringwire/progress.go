package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// newProgress returns a display of progress over files: bars on a terminal, a few
// plain lines elsewhere.
func newProgress(w io.Writer) func(titles []string, total int) (step func(int), stop func()) {
	if isTerminal(w) {
		return func(titles []string, total int) (step func(int), stop func()) { return progressBars(w, titles, total) }
	}
	return func(titles []string, total int) (step func(int), stop func()) { return progressLines(w, titles, total) }
}

// progressBars shows a bar for each title. step counts for the one with that index.
func progressBars(w io.Writer, titles []string, total int) (step func(int), stop func()) {
	pw := progress.NewWriter()
	pw.SetOutputWriter(w)
	pw.SetUpdateFrequency(100 * time.Millisecond)
	pw.SetStyle(progress.StyleBlocks)
	pw.SetTrackerPosition(progress.PositionRight)
	pw.SetMessageLength(14)
	pw.Style().Visibility.Time = false // the ways take turns, so it would mislead
	trackers := make([]*progress.Tracker, len(titles))
	for i, title := range titles {
		trackers[i] = &progress.Tracker{Message: title, Total: int64(total), Index: uint64(i)}
	}
	pw.SetSortBy(progress.SortByIndex)
	pw.AppendTrackers(trackers)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		pw.Render()
	}()
	return func(i int) { trackers[i].Increment(1) }, func() {
		pw.Stop()
		<-ended
	}
}

// progressLines prints a line for every quarter of the way.
func progressLines(w io.Writer, titles []string, total int) (step func(int), stop func()) {
	done := make([]atomic.Int64, len(titles))
	return func(i int) {
		n := int(done[i].Add(1))
		if quarter := n * 4 / total; quarter > (n-1)*4/total {
			fmt.Fprintf(w, "%s: %d of %d files\n", titles[i], n, total)
		}
	}, func() {}
}
