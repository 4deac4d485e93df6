// Package pyref holds the Python reference package, so that a Go program can
// bring its worker along.
package pyref

import "embed"

// Source is the Python package ringwire: the directory of that name with its
// modules, without tests.
//
//go:embed ringwire/*.py
var Source embed.FS
