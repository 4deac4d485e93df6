// Command ringwire calls Python functions from the command line, shows what a
// machine can do, and draws frames. Its exit codes are listed in exit.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/ringwire/ringwire/conformance/wasm"
)

func main() {
	wasm.ServeIfChild()
	// The first Ctrl-C cancels, so that workers end in order; the second one ends
	// this process at once, and with it the workers.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(execute(ctx, newRoot(), os.Args[1:]))
}
