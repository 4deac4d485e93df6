// Package spec carries the machine-readable parts of the specification into Go
// programs: the registries, the schemas and the executable specification.
package spec

import "embed"

// Oracle is the executable specification, a WebAssembly module with the
// interface of chapter 08. Its source is in oracle/src; oracle/build.sh
// rebuilds it byte for byte.
//
//go:embed oracle/oracle.wasm
var Oracle []byte

// Registry holds registry/*.json: names and numbers of the specification.
//
//go:embed registry/*.json
var Registry embed.FS

// VectorSchema is the JSON schema of a vector.
//
//go:embed schema/vector.schema.json
var VectorSchema []byte
