//go:build !linux

package main

import "github.com/spf13/cobra"

// systemCommands are none: torture needs the signals and limits of Linux.
func systemCommands() []*cobra.Command { return nil }
