package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/spec"
)

// Certificate is a record that anyone can reproduce bit for bit with the same
// module and kit, because a bare WebAssembly module has no clock, files or
// randomness. That is what "WebAssembly-verified" means.
type Certificate struct {
	Format   int             `json:"format"`
	Verified bool            `json:"webassembly_verified"`
	Module   string          `json:"module_sha256"`
	Vectors  string          `json:"vectors_sha256"`
	Oracle   string          `json:"oracle_sha256"`
	Subject  Info            `json:"subject"`
	Profiles []string        `json:"profiles"`
	Counts   Counts          `json:"counts"`
	Verdicts []CertifiedCase `json:"verdicts"`
}

// CertifiedCase is the outcome of one case.
type CertifiedCase struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
}

// certificateFormat rises when the meaning of a member changes.
const certificateFormat = 1

// Certify makes a certificate of a report on a WebAssembly module. Known
// failures are failures here.
func Certify(r *Report, moduleDigest string, all []vectors.Vector) (*Certificate, error) {
	if r.Kind != "wasm" {
		return nil, fmt.Errorf("conformance: only WebAssembly modules can be certified: what others do is only observed: kind=%s", r.Kind)
	}
	digest, err := DigestVectors(all)
	if err != nil {
		return nil, err
	}
	c := &Certificate{
		Format: certificateFormat, Verified: r.Conforms() && r.Counts.KnownFailure == 0,
		Module: moduleDigest, Vectors: digest, Oracle: digestOf(spec.Oracle),
		Subject: r.Subject, Profiles: r.Profiles, Counts: r.Counts,
	}
	for i := range r.Results {
		c.Verdicts = append(c.Verdicts, CertifiedCase{r.Results[i].ID, r.Results[i].Status})
	}
	return c, nil
}

// Write writes the certificate in its one form.
func (c *Certificate) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(c)
}

// DigestVectors is the SHA-256, in hex, of the files of the vectors, one after
// the other in the order of their ids.
func DigestVectors(all []vectors.Vector) (string, error) {
	h := sha256.New()
	for i := range all {
		data, err := vectors.Encode(&all[i])
		if err != nil {
			return "", err
		}
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
