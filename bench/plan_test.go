package bench

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWorks(t *testing.T) {
	works := Works(Lists{Workers: []int{1, 2}, InFlight: []int{1, 4}, Payloads: []int{0, 1 << 20, 16 << 20}, Loads: []float64{0.5}, Rates: []float64{20_000}})
	want := []Work{
		{Workers: 1, Function: Add, InFlight: 1},
		{Workers: 1, Function: Add, InFlight: 4},
		{Workers: 1, Function: Add, Async: true, InFlight: 1},
		{Workers: 1, Function: Add, Async: true, InFlight: 64},
		{Workers: 1, Function: Add, Load: 0.5},
		{Workers: 1, Function: Add, PerSecond: 20_000},
		{Workers: 1, Function: Echo, InFlight: 1},
		{Workers: 1, Function: Echo, InFlight: 64},
		{Workers: 1, Function: Echo, Payload: 1 << 20, InFlight: 1},
		{Workers: 1, Function: EchoBytes, Payload: 1 << 20, InFlight: 1},
		{Workers: 1, Function: Echo, Payload: 1 << 20, InFlight: 8},
		{Workers: 1, Function: Echo, Payload: 16 << 20, InFlight: 1},
		{Workers: 1, Function: EchoBytes, Payload: 16 << 20, InFlight: 1},
		{Workers: 2, Function: Add, InFlight: 1},
		{Workers: 2, Function: Add, InFlight: 64},
		{Workers: 2, Function: Add, Load: 0.5},
		{Workers: 2, Function: Add, PerSecond: 20_000},
	}
	if !slices.Equal(works, want) {
		t.Errorf("got  %+v\nwant %+v", works, want)
	}
}

func TestCatalog(t *testing.T) {
	c, err := NewCatalog(t.Context(), "python3", "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Peers[0].Name() != "ringwire" {
		t.Errorf("first: %s", c.Peers[0].Name())
	}
	if len(c.Peers)+len(c.Missing) != len(entries(""))+len(programPeers)+len(unbuilt) || c.Missing[0].Peer != "shmipc-go (Go to Go)" {
		t.Errorf("%d peers, %d missing", len(c.Peers), len(c.Missing))
	}
	c.Versions = map[string]string{}
	before := len(c.Missing)
	c.add(unixSocketPeer{name: "X"}, []string{"orjson"})
	if added := c.Missing[before:]; len(added) != 1 || added[0] != (Missing{"X", "the Python package orjson is not installed"}) {
		t.Errorf("%+v", added)
	}

	if err := c.Select([]string{"Unix socket*", "g*"}); err != nil {
		t.Fatal(err)
	}
	if len(c.Peers) < 3 || c.Peers[0].Name() != "Unix socket, asyncio" || !slices.ContainsFunc(c.Missing, func(m Missing) bool { return m.Peer == "gRPC" }) {
		t.Errorf("%+v", c)
	}
	if c.Select([]string{"nothing"}) == nil || c.Select([]string{"["}) == nil {
		t.Error("a selection of nothing was accepted")
	}
	if _, err := NewCatalog(t.Context(), "no-such-python", ""); err == nil {
		t.Error("an interpreter that is not there")
	}

	dir := t.TempDir()
	write := func(script string) {
		if err := os.WriteFile(filepath.Join(dir, Program), []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	write(`echo '{"peers": [{"name": "P"}, {"name": "F", "lone": true}, {"name": "A", "absent": "so"}], "modules": {"m": "v1"}}'`)
	if c, err = NewCatalog(t.Context(), "python3", dir); err != nil {
		t.Fatal(err)
	}
	p, floor := c.Peers[len(c.Peers)-2], c.Peers[len(c.Peers)-1]
	two := Work{Workers: 1, Function: Add, InFlight: 2}
	if p.Name() != "P" || !p.Does(two) || floor.Name() != "F" || floor.Does(two) || c.Versions["m"] != "v1" || !slices.Contains(c.Missing, Missing{"A", "so"}) {
		t.Errorf("%+v", c)
	}
	for _, script := range []string{"exit 1", "echo nonsense"} {
		write(script)
		if _, err := NewCatalog(t.Context(), "python3", dir); err == nil {
			t.Errorf("a program that does this: %s", script)
		}
	}
}
