package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/ringwire/ringwire/spec"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  ringwire version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "ringwire %s, protocol %s, %s %s/%s\n",
				buildVersion(), protocolVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// protocolVersion is the version of the specification, from its registry.
func protocolVersion() string {
	var region struct {
		Major int `json:"version_major"`
		Minor int `json:"version_minor"`
	}
	data, err := spec.Registry.ReadFile("registry/region.json")
	if err == nil {
		err = json.Unmarshal(data, &region)
	}
	if err != nil {
		panic(err) // the registry is part of this binary
	}
	return fmt.Sprintf("%d.%d", region.Major, region.Minor)
}

// buildVersion is the module's version, as the go command has recorded it.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
