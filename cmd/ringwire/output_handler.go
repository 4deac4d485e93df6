package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// outputHandler passes on what workers print, as they print it, and drops the
// rest of the pool's log.
type outputHandler struct {
	mu *sync.Mutex
	w  io.Writer
}

func newOutputHandler(w io.Writer) slog.Handler { return outputHandler{new(sync.Mutex), w} }

func (h outputHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h outputHandler) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "line" {
			return true
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		fmt.Fprintln(h.w, a.Value.String())
		return false
	})
	return nil
}

func (h outputHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h outputHandler) WithGroup(string) slog.Handler      { return h }
