package slowwire

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// registry is what the decoder interprets.
type registry struct {
	Headers    map[string]header // by direction
	Types      map[uint64]kind
	Categories map[string]string // by code
	NameMax    uint64
}

type kind struct{ name, direction string }

type header struct {
	Size   int
	Fields []struct {
		Offset int
		Size   int
		Name   string
	}
	Parts []string
}

var load = sync.OnceValue(func() *registry {
	var wire struct {
		Types []struct {
			Value     uint64
			Name      string
			Direction string
		}
		Request  header `json:"request_header"`
		Response header `json:"response_header"`
	}
	var codes struct {
		Codes []struct{ Name, Category string }
	}
	var limits struct {
		Limits []struct {
			Name  string
			Value uint64
		}
	}
	readJSON("spec/registry/wire.json", &wire)
	readJSON("spec/registry/codes.json", &codes)
	readJSON("spec/registry/limits.json", &limits)

	reg := &registry{
		Headers:    map[string]header{"request": wire.Request, "response": wire.Response},
		Types:      map[uint64]kind{},
		Categories: map[string]string{},
	}
	for _, t := range wire.Types {
		reg.Types[t.Value] = kind{t.Name, t.Direction}
	}
	for _, c := range codes.Codes {
		reg.Categories[c.Name] = c.Category
	}
	for _, l := range limits.Limits {
		if l.Name == "name_max" {
			reg.NameMax = l.Value
		}
	}
	return reg
})

// Codes lists the names of all codes of the registry that chapter 01 defines.
func Codes() []string {
	var codes struct {
		Codes []struct{ Name, Scope string }
	}
	readJSON("spec/registry/codes.json", &codes)
	var names []string
	for _, c := range codes.Codes {
		if c.Scope == "wire" {
			names = append(names, c.Name)
		}
	}
	return names
}

// ReadSpec returns a file of the specification, named from the module root.
func ReadSpec(name string) []byte {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			panic("slowwire: tests must run inside the module")
		}
		dir = filepath.Dir(dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		panic(err)
	}
	return text
}

func readJSON(name string, into any) {
	if err := json.Unmarshal(ReadSpec(name), into); err != nil {
		panic(fmt.Sprintf("slowwire: %s: %v", name, err))
	}
}
