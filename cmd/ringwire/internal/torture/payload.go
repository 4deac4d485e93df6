//go:build linux

package torture

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
)

// pad is a long text without order. Every call sends a piece of it from a place
// of its own, so that the bytes of one call are not those of another.
type pad []byte

const (
	padSize    = 16 << 20
	maxPayload = 4 << 20

	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

func newPad(seed uint64) pad {
	rng := rand.New(rand.NewPCG(seed, 0))
	p := make(pad, padSize)
	for i := 0; i < len(p); i += 8 {
		bits := rng.Uint64()
		for j := range 8 {
			p[i+j] = letters[bits>>(8*j)%64]
		}
	}
	return p
}

// piece returns the n bytes of a call, which must not be changed.
func (p pad) piece(call uint64, n int) []byte {
	start := rand.New(rand.NewPCG(call, 1)).IntN(len(p) - n)
	return p[start : start+n]
}

// arguments returns a call's arguments as JSON, more being members of its own.
func arguments(call uint64, data []byte, size int, more string) []byte {
	b := make([]byte, 0, len(data)+len(more)+100)
	b = fmt.Appendf(b, `{"call":%d,"crc":%d,"size":%d,`, call, checksum(data), size)
	b = append(append(b, `"data":"`...), data...)
	b = append(b, '"')
	if more != "" {
		b = append(append(b, ','), more...)
	}
	return append(b, '}')
}

func checksum[T string | []byte](data T) uint32 { return crc32.ChecksumIEEE([]byte(data)) }

// answer is what a call returns.
type answer struct {
	Call uint64 `json:"call"`
	CRC  uint32 `json:"crc"`
	Data string `json:"data"`
}

// belongsTo reports whether the answer is that of the call with this id and data:
// the data backwards, again and again, up to size.
func (a *answer) belongsTo(call uint64, data []byte, size int) bool {
	if a.Call != call || len(a.Data) != size || checksum(a.Data) != a.CRC {
		return false
	}
	back := slices.Clone(data)
	slices.Reverse(back)
	if len(back) == 0 {
		back = []byte("-")
	}
	for rest := a.Data; rest != ""; {
		n := min(len(rest), len(back))
		if rest[:n] != string(back[:n]) {
			return false
		}
		rest = rest[n:]
	}
	return true
}

// payloadSize chooses a size: mostly small, sometimes several MiB.
func payloadSize(rng *rand.Rand) int {
	switch n := rng.IntN(100); {
	case n < 70:
		return rng.IntN(256)
	case n < 90:
		return rng.IntN(8 << 10)
	case n < 99:
		return rng.IntN(128 << 10)
	}
	return rng.IntN(maxPayload)
}
