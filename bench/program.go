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

// PlotProgram is the program that draws reports; it has peers too.
const PlotProgram = "ringwire-peers"

// programs hold the peers that need other Go modules. Their names are for reports
// without them.
var programs = []struct {
	name  string
	peers []string
}{
	{PlotProgram, []string{"gRPC", "floor: cache line", "floor: eventfd, one CPU", "floor: eventfd, two CPUs"}},
	{"ringwire-peers-shmipc", []string{"shmipc-go (Go to Go)"}},
}

// Inventory is what a program of peers says of itself when it is run with the
// argument "list". With "serve NAME WORKERS PYTHON" it is the caller of one of
// them, see Speak; with "plot DIR", PlotProgram draws the report on its standard
// input.
type Inventory struct {
	Peers   []ProgramPeer     `json:"peers"`
	Modules map[string]string `json:"modules"` // versions
}

// ProgramPeer is a peer of that program.
type ProgramPeer struct {
	Name   string   `json:"name"`
	Needs  []string `json:"needs,omitempty"`  // Python packages
	Floor  bool     `json:"floor,omitempty"`  // only one call at a time, and no payload
	Absent string   `json:"absent,omitempty"` // why it was not built
}

// addPrograms adds the peers of the programs that lie in the folder.
func (c *Catalog) addPrograms(ctx context.Context, python, dir string) error {
	for _, p := range programs {
		path := filepath.Join(dir, p.name)
		if _, err := os.Stat(path); dir != "" && err == nil {
			if err := c.addProgram(ctx, python, path); err != nil {
				return err
			}
			continue
		}
		for _, name := range p.peers {
			c.Missing = append(c.Missing, Missing{name, "the program " + p.name + " is not built: see make bench"})
		}
	}
	return nil
}

func (c *Catalog) addProgram(ctx context.Context, python, program string) error {
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
		if p.Floor {
			does = isFloor
		}
		c.add(commandPeer{p.Name, does, func(_ string, workers int) []string {
			return []string{program, "serve", p.Name, strconv.Itoa(workers), python}
		}}, p.Needs)
	}
	return nil
}

// Plot lets PlotProgram draw the report into a folder.
func (r Report) Plot(ctx context.Context, program, dir string) error {
	report, err := json.Marshal(r)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "plot", dir)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(report), os.Stderr
	return cmd.Run()
}

// isFloor reports whether a floor can stand under the work: one small call at a
// time.
func isFloor(w Work) bool {
	return w.Workers == 1 && w.Function == Add && !w.Async && w.InFlight == 1
}
