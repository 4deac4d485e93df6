package main

import "github.com/spf13/cobra"

// systemCommands are those that need this system.
func systemCommands() []*cobra.Command { return []*cobra.Command{newTorture()} }
