//go:build !linux

package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/conformance/vectors"
)

// workerFlags are none: a live worker is judged in shared memory, which needs
// Linux.
type workerFlags struct{ commands []string }

func (*workerFlags) add(*cobra.Command) {}

func (*workerFlags) open([]vectors.Vector, func(*vectors.Vector) bool, time.Duration) []opener {
	return nil
}

func addMirror(*cobra.Command) {}
