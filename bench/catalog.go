package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"slices"

	"github.com/ringwire/ringwire/executor"
)

// Missing is a peer that cannot be measured here.
type Missing struct {
	Peer   string `json:"peer"`
	Reason string `json:"reason"`
}

// Catalog is everything that the executor is measured beside.
type Catalog struct {
	Peers   []Peer // the executor itself first
	Missing []Missing
	// Versions of the optional Python packages and Go modules that peers use.
	Versions map[string]string
}

// optional lists the Python packages that some peers need.
var optional = []string{"grpcio", "httptools", "orjson", "pyzmq", "ringwire-native", "uvicorn", "uvloop"}

// entry is a peer, and the Python packages without which it is not there.
type entry struct {
	peer  Peer
	needs []string
}

// entries lists the peers of this package, in the order of the report.
func entries(python string) []entry {
	uvloop := []string{"RINGWIRE_NATIVE=0", "RINGWIRE_JSON=stdlib", "RINGWIRE_LOOP=uvloop"}
	ours := func(name string, v executorVariant) Peer { return executorPeer{name, python, v} }
	socket := func(name, server, json string) Peer { return unixSocketPeer{name, python, server, json} }
	return []entry{
		{ours(plain, executorVariant{env: standardLibrary}), nil},
		{WithoutSpinning(quiet, python), nil},
		{ours("ringwire, stream", executorVariant{transport: executor.TransportStream, env: standardLibrary}), nil},
		{ours("ringwire, uvloop", executorVariant{env: uvloop, only: isAdding}), []string{"uvloop"}},
		{ours("ringwire, orjson", executorVariant{env: []string{"RINGWIRE_NATIVE=0", "RINGWIRE_JSON=orjson"}}), []string{"orjson"}},
		{ours(quick, executorVariant{env: []string{"RINGWIRE_JSON=stdlib"}}), []string{"ringwire-native"}},
		{ours(quickest, executorVariant{}), []string{"ringwire-native", "orjson"}},
		{pythonScript(processes, python, "python_pools.py", "ProcessPoolExecutor"), nil},
		{pythonScript("multiprocessing.Pool", python, "python_pools.py", "Pool"), nil},
		{socket("Unix socket, asyncio", "asyncio", "stdlib"), nil},
		{socket("Unix socket, uvloop", "uvloop", "stdlib"), []string{"uvloop"}},
		{socket("Unix socket, blocking", "blocking", "stdlib"), nil},
		{socket(socketSpin, spinning, "stdlib"), nil},
		{socket("Unix socket, spinning, orjson", spinning, "orjson"), []string{"orjson"}},
		{pythonScript("ZeroMQ", python, "zeromq.py"), []string{"pyzmq"}},
		{httpPeer{"HTTP (uvicorn)", python}, []string{"uvicorn"}},
	}
}

// unbuilt are peers that nothing here can build everywhere.
var unbuilt = []Missing{{
	"shmipc-go (Go to Go)",
	"shared memory between Go programs, without Python; not every Go module proxy serves github.com/cloudwego/shmipc-go, so nothing here fetches it",
}}

// NewCatalog finds out which peers there are. dir is the folder of the programs
// with the peers that need other Go modules, or "" without any.
func NewCatalog(ctx context.Context, python, dir string) (Catalog, error) {
	c := Catalog{Versions: map[string]string{}, Missing: slices.Clone(unbuilt)}
	installed, err := packageVersions(ctx, python)
	if err != nil {
		return c, err
	}
	for name, version := range installed {
		if version != "" {
			c.Versions[name] = version
		}
	}
	for _, e := range entries(python) {
		c.add(e.peer, e.needs)
	}
	return c, c.addProgram(ctx, python, dir)
}

// add adds a peer, unless it needs a package that is not there.
func (c *Catalog) add(p Peer, needs []string) {
	for _, name := range needs {
		if c.Versions[name] == "" {
			c.Missing = append(c.Missing, Missing{p.Name(), "the Python package " + name + " is not installed"})
			return
		}
	}
	c.Peers = append(c.Peers, p)
}

// Select keeps the peers, and the missing ones, whose name matches one of the
// patterns, if there are any.
func (c *Catalog) Select(patterns []string) error {
	if len(patterns) == 0 {
		return nil
	}
	var bad error
	unwanted := func(name string) bool {
		return !slices.ContainsFunc(patterns, func(pattern string) bool {
			matched, err := path.Match(pattern, name)
			bad = errors.Join(bad, err)
			return matched
		})
	}
	c.Peers = slices.DeleteFunc(c.Peers, func(p Peer) bool { return unwanted(p.Name()) })
	c.Missing = slices.DeleteFunc(c.Missing, func(m Missing) bool { return unwanted(m.Peer) })
	if bad == nil && len(c.Peers) == 0 {
		bad = fmt.Errorf("no peer matches: patterns=%q", patterns)
	}
	return bad
}

// packageVersions asks the interpreter; "" stands for a package that it lacks.
func packageVersions(ctx context.Context, python string) (map[string]string, error) {
	const script = `
import json, sys
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
print(json.dumps({name: version(name) for name in sys.argv[1:]}))`
	out, err := exec.CommandContext(ctx, python, append([]string{"-c", script}, optional...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its packages: %w", python, err)
	}
	var versions map[string]string
	return versions, json.Unmarshal(out, &versions)
}
