package oracle

import (
	"encoding/json"
	"fmt"

	"github.com/ringwire/ringwire/spec"
)

type code struct {
	Name, Category string
	Value          int32
}

// names are those of the numbers in results and records.
type names struct {
	codes  map[int32]code
	fields map[uint32]string
}

func loadNames() names {
	var codes struct{ Codes []code }
	var abi struct {
		Fields []struct {
			Name  string
			Value uint32
		}
	}
	read("registry/codes.json", &codes)
	read("registry/abi.json", &abi)
	n := names{codes: map[int32]code{}, fields: map[uint32]string{}}
	for _, c := range codes.Codes {
		n.codes[c.Value] = c
	}
	for _, f := range abi.Fields {
		n.fields[f.Value] = f.Name
	}
	return n
}

// read reads a file that is part of the program; what is wrong with it is a
// panic.
func read(name string, into any) {
	data, err := spec.Registry.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		panic(fmt.Sprintf("oracle: file=%s: %v", name, err))
	}
}
