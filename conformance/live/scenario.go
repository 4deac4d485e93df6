//go:build linux

package live

import "slices"

// scenario is a case of the kit's own.
type scenario struct {
	group, name  string
	comment      string
	requirements string // ids, separated by spaces
	python       bool   // only for workers that import the kit's modules
	run          func(*trial)
}

// pythonModule is there only for a worker that imports the kit's modules.
const pythonModule = module + "_python"

func (s *scenario) id() string { return "live-" + s.group + "-" + s.name }

// scenarios are all of them, in the order of the report.
var scenarios = slices.Concat(
	handshake, functions, echoes, flow, doorbells, cancellation, endings, deaths, corruptions, pythonic, soak,
)
