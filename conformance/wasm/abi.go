package wasm

import (
	"encoding/json"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/ringwire/ringwire/spec"
)

// Results of chapter 08 that are no codes of a codec.
const (
	bufferTooSmall = -64
	badArgument    = -65
	unimplemented  = -89
	abiMajor       = 1
	recordSize     = 40
	sideSize       = 32
)

// tables are the names of the registries.
type tables struct {
	codes      map[int32]string
	categories map[string]string
	fields     map[uint32]string
}

// loadTables reads the registries that travel in package spec. They are part of
// the program, so what is wrong with them is a panic.
func loadTables() tables {
	var codes struct {
		Codes []struct {
			Name, Category string
			Value          int32
		}
	}
	var abi struct {
		Results []struct {
			Name  string
			Value int32
		}
		Fields []struct {
			Name  string
			Value uint32
		}
	}
	read("registry/codes.json", &codes)
	read("registry/abi.json", &abi)
	t := tables{codes: map[int32]string{}, categories: map[string]string{}, fields: map[uint32]string{}}
	for _, c := range codes.Codes {
		t.codes[-c.Value] = c.Name
		t.categories[c.Name] = c.Category
	}
	for _, r := range abi.Results {
		t.codes[r.Value] = r.Name
	}
	for _, f := range abi.Fields {
		t.fields[f.Value] = f.Name
	}
	return t
}

func read(name string, into any) {
	data, err := spec.Registry.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		panic(fmt.Sprintf("wasm: file=%s: %v", name, err))
	}
}

// export is a function that a module may or must have. All parameters are i32.
type export struct {
	name    string
	params  int
	results int
	// profile that needs it; empty: every module does; "-": optional.
	profile string
}

var exports = []export{
	{"_initialize", 0, 0, "-"},
	{"rw_abi_version", 0, 1, ""},
	{"rw_info", 2, 1, ""},
	{"rw_alloc", 1, 1, ""},
	{"rw_reset", 0, 0, ""},
	{"rw_error", 2, 1, ""},
	{"rw_set_max_message", 1, 1, "-"},
	{"rw_decode_request", 4, 1, "decode"},
	{"rw_decode_response", 4, 1, "decode"},
	{"rw_encode_request", 4, 1, "encode"},
	{"rw_encode_response", 4, 1, "encode"},
	{"rw_stream_open", 1, 1, "stream"},
	{"rw_stream_push", 2, 1, "stream"},
	{"rw_stream_next", 4, 1, "stream"},
	{"rw_region_check", 2, 1, "ring"},
	{"rw_ring_init", 4, 1, "ring"},
	{"rw_ring_push", 7, 1, "ring"},
	{"rw_ring_pop", 6, 1, "ring"},
}

// fits reports whether a function has the signature of the table.
func (e export) fits(f api.FunctionDefinition) bool {
	if len(f.ParamTypes()) != e.params || len(f.ResultTypes()) != e.results {
		return false
	}
	for _, t := range append(append([]api.ValueType{}, f.ParamTypes()...), f.ResultTypes()...) {
		if t != api.ValueTypeI32 {
			return false
		}
	}
	return true
}
