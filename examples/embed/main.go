package main

import (
	"context"
	"fmt"
	"log"

	"github.com/ringwire/ringwire/executor"
)

func main() {
	ctx := context.Background()
	pool, err := executor.New(ctx, executor.Config{
		Path:  []string{"."},       // where stats.py is
		Allow: []string{"stats:*"}, // what may be called
	})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	kwargs := map[string]any{"values": []float64{1, 2, 3, 100}, "cut": 1}
	mean, err := executor.CallAs[float64](ctx, pool, "stats:trimmed_mean", kwargs)
	fmt.Println(mean, err)
}
