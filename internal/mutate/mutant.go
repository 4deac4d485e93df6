package main

// variable of the environment that chooses a mutant in a program that holds all
// of them.
const variable = "RINGWIRE_MUTANT"

// Kinds of mutants.
const (
	removed     = "check removed"
	forced      = "check always refuses or always takes the branch"
	border      = "border moved by one"
	offByOne    = "sum off by one"
	narrow      = "sum in 32 bits"
	wrongCode   = "another code"
	wrongOffset = "offset off by one"
	wrongField  = "another field"
)

var kinds = []string{removed, forced, border, offByOne, narrow, wrongCode, wrongOffset, wrongField}

// mutant is one change to a codec.
type mutant struct {
	Number   int    `json:"number"`
	Kind     string `json:"kind"`
	Function string `json:"function"`
	Text     string `json:"text"` // what is changed

	// killedBy is the id of a vector, or how else it ended; empty: it lives.
	killedBy string
}
