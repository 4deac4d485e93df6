// Command ringwire-peers holds what `ringwire bench` measures besides its own
// peers: those that need other Go modules, and the floors under all of them. See
// bench.Inventory for its arguments.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"

	"github.com/ringwire/ringwire/bench"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "ringwire-peers: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "list":
		return json.NewEncoder(os.Stdout).Encode(inventory())
	case len(args) == 4 && args[0] == "serve":
		return serve(ctx, args[1], args[2], args[3])
	case len(args) == 2 && args[0] == "plot":
		return plotReport(os.Stdin, args[1])
	case len(args) == 5 && args[0] == "profile":
		return profilePeer(ctx, os.Stdout, args[1], args[2], args[3], args[4])
	case len(args) == 2 && args[0] == "answer":
		return answer(args[1])
	}
	return errors.New("usage: ringwire-peers list | serve NAME WORKERS PYTHON | plot DIR | profile NAME PYTHON PY-SPY DIR")
}

// entry is a peer of this program.
type entry struct {
	bench.ProgramPeer
	make func(python string) bench.Peer
}

func entries() []entry {
	list := []entry{{
		bench.ProgramPeer{Name: "gRPC", Needs: []string{"grpcio"}},
		func(python string) bench.Peer { return grpcPeer{python} },
	}}
	for _, p := range placements() {
		list = append(list, entry{
			bench.ProgramPeer{Name: pinnedName + p.suffix, Lone: true, Absent: p.absent},
			func(python string) bench.Peer {
				return pinnedPeer{bench.WithoutSpinning(pinnedName+p.suffix, python), p}
			},
		})
	}
	for _, f := range floors() {
		list = append(list, entry{
			bench.ProgramPeer{Name: f.name, Lone: true, Absent: f.absent},
			func(python string) bench.Peer { f.python = python; return f },
		})
	}
	return list
}

func inventory() bench.Inventory {
	inventory := bench.Inventory{Modules: map[string]string{}}
	for _, e := range entries() {
		inventory.Peers = append(inventory.Peers, e.ProgramPeer)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "google.golang.org/grpc" {
				inventory.Modules[m.Path] = m.Version
			}
		}
	}
	return inventory
}

func serve(ctx context.Context, name, workers, python string) error {
	n, err := strconv.Atoi(workers)
	if err != nil {
		return err
	}
	for _, e := range entries() {
		if e.Name == name {
			return bench.Speak(ctx, e.make(python), n, os.Stdin, os.Stdout)
		}
	}
	return fmt.Errorf("no such peer: name=%q", name)
}
