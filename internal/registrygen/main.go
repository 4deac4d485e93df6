// Command registrygen turns the registries of the specification into Go
// constants, so that every number lives once, in spec/registry.
//
//	go generate ./internal/registrygen        # writes the files
//	go run ./internal/registrygen -check      # exit 1 if one is out of date
//
// It writes wire/registry_gen.go and ring/registry_gen.go. The two packages
// get constants of their own, because neither may know the other.
package main

//go:generate go run .

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// targets are the generated files, relative to the module root.
var targets = []struct {
	path   string
	render func(*registry) ([]byte, error)
}{
	{"wire/registry_gen.go", renderWire},
	{"ring/registry_gen.go", renderRing},
	{"payload/registry_gen.go", renderPayload},
}

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a generated file is out of date")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "registrygen:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	reg, err := loadRegistry(filepath.Join(root, "spec", "registry"))
	if err != nil {
		return err
	}
	var stale []error
	for _, target := range targets {
		source, err := target.render(reg)
		if err != nil {
			return fmt.Errorf("%s: %w", target.path, err)
		}
		path := filepath.Join(root, filepath.FromSlash(target.path))
		if !check {
			if err := os.WriteFile(path, source, 0o644); err != nil {
				return err
			}
			continue
		}
		if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, source) {
			stale = append(stale, fmt.Errorf("%s differs from spec/registry; run: go generate ./internal/registrygen", target.path))
		}
	}
	return errors.Join(stale...)
}

// moduleRoot is the nearest folder at or above the current one with a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside the module: no go.mod at or above the current folder")
		}
		dir = parent
	}
}
