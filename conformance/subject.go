package conformance

import (
	"context"

	"github.com/ringwire/ringwire/conformance/vectors"
)

// Info is what a subject says about itself.
type Info struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Language   string   `json:"language"`
	Profiles   []string `json:"profiles"`
	MaxMessage uint64   `json:"max_message,string"`
}

// Subject is an implementation that is judged. A subject whose Parallel is
// greater than 1 may be asked from that many goroutines at once.
type Subject interface {
	Info() Info
	// Kind is native, wasm, exec, decoder or worker.
	Kind() string
	Parallel() int
	// Judge puts the question of a vector and judges the answer. It returns when
	// the verdict is there or ctx is done, whatever the implementation does.
	Judge(ctx context.Context, v *vectors.Vector) Verdict
	// Close ends the subject and frees what it holds.
	Close() error
}

// Inspector is a subject that has checks of its own besides the vectors, such as
// the exports of a WebAssembly module.
type Inspector interface {
	Inspect(ctx context.Context) []Result
}

// Status is the outcome of a case.
type Status string

// Outcomes. KnownFailure and UnexpectedPass only occur with a list of known
// failures; the second counts as a failure, because the list is out of date.
const (
	Pass           Status = "pass"
	Fail           Status = "fail"
	Skip           Status = "skip"
	KnownFailure   Status = "known-failure"
	UnexpectedPass Status = "unexpected-pass"
)

// Verdict is what a subject made of one vector.
type Verdict struct {
	Status Status `json:"status"`
	// Reason says why a case was skipped.
	Reason   string    `json:"reason,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
}

// Finding is one thing that is wrong.
type Finding struct {
	// Requirement is the id that the finding offends, if it is known better than
	// from the vector.
	Requirement string `json:"requirement,omitempty"`
	// Where says in which of several runs of the case it showed; empty: in all.
	Where string `json:"where,omitempty"`
	// Text says what was expected and what came.
	Text string `json:"text"`
}

// Skipped is a verdict on a case that the subject cannot be asked.
func Skipped(reason string) Verdict { return Verdict{Status: Skip, Reason: reason} }

// Judged is the verdict that follows from findings: none is a pass.
func Judged(findings []Finding) Verdict {
	if len(findings) == 0 {
		return Verdict{Status: Pass}
	}
	return Verdict{Status: Fail, Findings: findings}
}

// Answer is what a codec says to a decode, encode or stream operation: the
// member that the operation calls for, or Error, or Skip.
type Answer struct {
	Message  *vectors.Message
	Output   []byte
	Messages []vectors.Message
	Error    *vectors.Error
	// Unlocated says that the subject cannot tell offset, field and chunk.
	Unlocated bool
	// Skip says why the subject did not answer.
	Skip string
}
