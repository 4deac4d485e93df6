// Command killmatrix writes the kill matrix of the mutant zoo, or checks that the
// committed one is current. Run it at the root of the repository.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/ringwire/ringwire/conformance/mutants"
)

const file = "conformance/mutants/MUTANTS.md"

func main() {
	check := flag.Bool("check", false, "compare with the committed matrix instead of writing it")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(check bool) error {
	table, err := mutants.Matrix(context.Background(), func(done, total int) {
		if done%20 == 0 || done == total {
			fmt.Fprintf(os.Stderr, "%d of %d mutants\n", done, total)
		}
	})
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(file, []byte(table), 0o644)
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if string(committed) != table {
		return fmt.Errorf("killmatrix: not current: file=%s", file)
	}
	return nil
}
