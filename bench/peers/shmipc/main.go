// Command ringwire-peers-shmipc measures shmipc-go between two Go processes: what
// another library makes of shared memory when there is no Python. See
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

	"github.com/cloudwego/shmipc-go"

	"github.com/ringwire/ringwire/bench"
)

const (
	name    = "shmipc-go (Go to Go)"
	library = "github.com/cloudwego/shmipc-go"
)

func main() {
	const nothing = 5 // the library has no exported name for it
	shmipc.SetLogLevel(nothing)
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "ringwire-peers-shmipc: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "list":
		return json.NewEncoder(os.Stdout).Encode(inventory())
	case len(args) == 4 && args[0] == "serve" && args[1] == name:
		workers, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return bench.Speak(ctx, peer{}, workers, os.Stdin, os.Stdout)
	case len(args) == 2 && args[0] == "answer":
		return answer(args[1])
	}
	return errors.New("usage: ringwire-peers-shmipc list | serve NAME WORKERS PYTHON")
}

func inventory() bench.Inventory {
	inventory := bench.Inventory{
		Peers:   []bench.ProgramPeer{{Name: name}},
		Modules: map[string]string{},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == library {
				inventory.Modules[library] = m.Version
			}
		}
	}
	return inventory
}
