// Command judge puts the golden vectors to package wire, by every way in: it is
// built with a package wire in which internal/mutate has hidden mutants. The exit
// code is 1 at the first vector that fails, whose id it prints.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/native"
	"github.com/ringwire/ringwire/conformance/vectors"
)

func main() {
	all := vectors.All()
	for i := range all {
		v := &all[i]
		if p := v.Profile(); p != "decode" && p != "encode" && p != "stream" {
			continue
		}
		if native.New().Judge(context.Background(), v).Status != conformance.Pass || !otherWays(v) {
			fmt.Println(v.ID)
			os.Exit(1)
		}
	}
}
