package fuzz

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// seedSizeMax keeps out the vectors of many megabytes: a fuzzer changes a few
// bytes of its seeds, and copies all of them.
const seedSizeMax = 64 << 10

// vector is as much of a golden vector as a seed needs.
type vector struct {
	MaxMessage string `json:"max_message"`
	Input      []run
	Chunks     [][]run
}

// run is a sequence of bytes that is repeated.
type run struct {
	Hex    string
	Repeat string
}

// seeds are the inputs of the vectors of one operation with their max_message;
// the chunks of a stream are put together.
func seeds(f *testing.F, operation string, add func(b []byte, limit uint32)) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("..", "testdata", "vectors", operation+"-*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no vectors of %s: %v", operation, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(text, &v); err != nil {
			f.Fatalf("%s: %v", file, err)
		}
		limit, err := strconv.ParseUint(v.MaxMessage, 10, 32)
		if err != nil {
			f.Fatalf("%s: %v", file, err)
		}
		if b, ok := v.bytes(f); ok {
			add(b, uint32(limit))
		}
	}
}

func (v *vector) bytes(f *testing.F) (b []byte, ok bool) {
	f.Helper()
	for _, runs := range append(v.Chunks, v.Input) {
		for _, run := range runs {
			part, err := hex.DecodeString(run.Hex)
			if err != nil {
				f.Fatal(err)
			}
			times := 1
			if run.Repeat != "" {
				if times, err = strconv.Atoi(run.Repeat); err != nil {
					f.Fatal(err)
				}
			}
			if len(b)+len(part)*times > seedSizeMax {
				return nil, false
			}
			b = append(b, bytes.Repeat(part, times)...)
		}
	}
	return b, true
}
