package slowwire

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// borders32 are the numbers around which a codec that computes in too few bits,
// compares with the wrong sign or is off by one goes wrong.
var borders32 = []uint64{
	0, 1, 2, 3, 4, 5, 19, 20, 21, 22, 127, 128, 255, 256, 1023, 1024, 1025,
	1<<16 - 1, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 21, 1<<32 - 20, 1<<32 - 1,
}

var statuses = []uint64{0, 1, 100, 199, 200, 201, 299, 300, 399, 400, 404, 499, 500, 599, 600, 65535}

// snippets are what texts are made of: well-formed, and ill-formed in every way
// that RFC 3629 knows.
var snippets = []string{
	"a", "module", "é", "日", "𝛼", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff",
	"\x00", "\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
	"\xf0\x9f\x92", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
}

// wellFormedSnippets is how many of snippets are harmless in a name.
const wellFormedSnippets = 12

// Generate returns bytes that are nearly a message of the direction, more often
// than not with a fault or two, and a max_message to judge them by. Equal states
// of rng give equal results.
func Generate(rng *rand.Rand, direction string) (b []byte, maxMessage uint64) {
	h := load().Headers[direction]
	numbers := map[string]uint64{"request_id": 1 + rng.Uint64N(9)}
	parts := make([]string, len(h.Parts))
	if direction == Request {
		numbers["type"] = pick(rng, []uint64{1, 1, 1, 1, 3, 4})
		if numbers["type"] == 3 {
			numbers["request_id"] = 0
		}
		if numbers["type"] == 1 || rng.IntN(8) == 0 {
			parts = []string{text(rng), text(rng), bytesOf(rng)}
		}
	} else {
		numbers["type"] = 2
		numbers["success"] = rng.Uint64N(2)
		numbers["status_code"] = 200 + rng.Uint64N(100)
		parts[0] = bytesOf(rng)
		if numbers["success"] == 0 {
			numbers["status_code"] = 400 + rng.Uint64N(200)
			parts[1] = text(rng)
		}
	}

	size := uint64(h.Size)
	for _, part := range parts {
		size += uint64(len(part))
	}
	for range rng.IntN(3) {
		breakNumber(rng, h, numbers, parts, size)
	}
	b = Frame(direction, numbers, parts...)
	switch rng.IntN(8) {
	case 0:
		b = b[:rng.IntN(len(b)+1)]
	case 1:
		b = append(b, bytesOf(rng)...)
	case 2:
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
	}
	return b, pick(rng, []uint64{1024, 1 << 26, 1 << 26, 1 << 26, 1 << 30, size - 1, size, size + 1})
}

// breakNumber puts a border value, or a value one beside the right one, into a
// header field, or makes the lengths sum up to total_length modulo 2³².
func breakNumber(rng *rand.Rand, h header, numbers map[string]uint64, parts []string, size uint64) {
	f := h.Fields[rng.IntN(len(h.Fields))]
	i := slices.Index(h.Parts, strings.TrimSuffix(f.Name, "_len"))
	switch {
	case f.Name == "status_code":
		numbers[f.Name] = pick(rng, statuses)
	case f.Size == 1:
		numbers[f.Name] = pick(rng, []uint64{0, 1, 2, 3, 4, 5, 10, 21, 255})
	case i >= 0 && rng.IntN(3) == 0:
		// total_length has 32 bits and is left as it is: the sum is greater by 2³².
		other := (i + 1) % len(parts)
		numbers[f.Name] = 1<<32 - 1
		numbers[h.Parts[other]+"_len"] = (uint64(len(parts[i])) + uint64(len(parts[other])) + 1) & (1<<32 - 1)
	case i >= 0 && rng.IntN(2) == 0:
		// The bytes of two neighbours are told apart at another place.
		other := (i + 1) % len(parts)
		if both := uint64(len(parts[i]) + len(parts[other])); both > 0 {
			numbers[f.Name] = rng.Uint64N(both + 1)
			numbers[h.Parts[other]+"_len"] = both - numbers[f.Name]
		}
	case i >= 0:
		numbers[f.Name] = near(rng, uint64(len(parts[i])))
	case f.Name == "total_length":
		numbers[f.Name] = near(rng, size)
	default:
		numbers[f.Name] = pick(rng, borders32)
	}
}

func near(rng *rand.Rand, n uint64) uint64 {
	return pick(rng, append([]uint64{n - 1, n, n + 1}, borders32...)) & (1<<32 - 1)
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// text is a name or an error message: mostly good, now and then on or over a
// limit, empty or ill-formed.
func text(rng *rand.Rand) string {
	switch rng.IntN(24) {
	case 0:
		return ""
	case 1:
		return strings.Repeat("n", pick(rng, []int{1023, 1024, 1025}))
	}
	from := snippets[:wellFormedSnippets]
	if rng.IntN(6) == 0 {
		from = snippets
	}
	var b strings.Builder
	for range 1 + rng.IntN(4) {
		b.WriteString(pick(rng, from))
	}
	return b.String()
}

func bytesOf(rng *rand.Rand) string {
	b := make([]byte, rng.IntN(24))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return string(b)
}
