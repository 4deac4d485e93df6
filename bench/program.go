package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// Program is the program of bench/peers: it has the peers that need other Go
// modules, and draws reports.
const Program = "ringwire-peers"

// programPeers are its peers, for reports without it.
var programPeers = []string{
	"gRPC",
	quiet + ", one CPU", quiet + ", two CPUs",
	"floor: cache line",
	"floor: eventfd, one CPU", "floor: eventfd, two CPUs",
	"floor: eventfd, Go poller and Python, one CPU", "floor: eventfd, Go poller and Python, two CPUs",
}

// Inventory is what the program says of itself when it is run with the argument
// "list". With "serve NAME WORKERS PYTHON" it is the caller of one of its peers,
// see Speak; with "plot DIR" it draws the report on its standard input.
type Inventory struct {
	Peers   []ProgramPeer     `json:"peers"`
	Modules map[string]string `json:"modules"` // versions
}

// ProgramPeer is a peer of that program.
type ProgramPeer struct {
	Name   string   `json:"name"`
	Needs  []string `json:"needs,omitempty"`  // Python packages
	Lone   bool     `json:"lone,omitempty"`   // only one call at a time, and no payload
	Absent string   `json:"absent,omitempty"` // why it was not built
}

// addProgram adds the peers of the program, if it lies in the folder.
func (c *Catalog) addProgram(ctx context.Context, python, dir string) error {
	program := filepath.Join(dir, Program)
	if _, err := os.Stat(program); dir == "" || err != nil {
		for _, name := range programPeers {
			c.Missing = append(c.Missing, Missing{name, "the program " + Program + " is not built: see make bench"})
		}
		return nil
	}
	out, err := exec.CommandContext(ctx, program, "list").Output()
	if err != nil {
		return fmt.Errorf("ask %s for its peers: %w", program, err)
	}
	var inventory Inventory
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&inventory); err != nil {
		return fmt.Errorf("ask %s for its peers: %w", program, err)
	}
	for name, version := range inventory.Modules {
		c.Versions[name] = version
	}
	for _, p := range inventory.Peers {
		if p.Absent != "" {
			c.Missing = append(c.Missing, Missing{p.Name, p.Absent})
			continue
		}
		does := anything
		if p.Lone {
			does = isLone
		}
		c.add(commandPeer{p.Name, does, func(_ string, workers int) []string {
			return []string{program, "serve", p.Name, strconv.Itoa(workers), python}
		}}, p.Needs)
	}
	return nil
}

// Plot lets the program draw the report into a folder.
func (r Report) Plot(ctx context.Context, program, dir string) error {
	report, err := json.Marshal(r)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "plot", dir)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(report), os.Stderr
	return cmd.Run()
}

// isLone reports whether the work is one small call at a time: what a floor can
// stand under.
func isLone(w Work) bool {
	return w.Workers == 1 && w.Function == Add && !w.Async && w.InFlight == 1
}
