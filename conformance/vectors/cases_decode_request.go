package vectors

import (
	"fmt"
	"strings"
)

// headerCut is a header that ends at n, in or right before a field.
type headerCut struct {
	n     int
	field string
}

func (h headerCut) id() string { return fmt.Sprintf("header-cut-at-%02d", h.n) }

func (h headerCut) comment() string {
	return fmt.Sprintf("%d bytes of a header: the byte that is missing belongs to %s", h.n, h.field)
}

// headerCuts returns the borders of a header: before each field, and before the
// last byte of each.
func headerCuts(fields []field) []headerCut {
	var cuts []headerCut
	for _, f := range fields {
		cuts = append(cuts, headerCut{f.offset, f.name})
		if last := f.end - 1; last > f.offset {
			cuts = append(cuts, headerCut{last, f.name})
		}
	}
	return cuts
}

var example = request(7, "m", "add", `{"a":1,"b":2}`)

func (c *cases) decodeRequestValid() {
	good := func(id, comment string, f frame, requirements string) {
		c.decodes(id, comment, f, requirements, opts{})
	}
	good("example", "the worked example of chapter 01", example, "WIRE-005 WIRE-030")
	good("smallest", "names of one byte and no kwargs: 23 bytes", request(1, "m", "f", ""), "WIRE-005 WIRE-012 WIRE-013")
	good("asymmetric", "every part has another length and every number another value in each byte, so that no two fields can be mistaken for one another",
		request(0x04030201, strings.Repeat("m", 3), strings.Repeat("f", 7), strings.Repeat("k", 260)), "WIRE-005")
	good("id-one", "the smallest id of a call", request(1, "module", "function", "{}"), "WIRE-011")
	good("id-sign-bit", "an id is unsigned", request(0x80000000, "m", "f", "{}"), "WIRE-011")
	good("id-greatest", "the greatest id", request(0xFFFFFFFF, "m", "f", "{}"), "WIRE-011")
	good("kwargs-not-json", "kwargs are opaque: whether they are JSON is judged by the worker", request(9, "m", "f", "not JSON"), "WIRE-027")
	good("kwargs-not-text", "kwargs are opaque: they need not be text and may hold zero bytes", request(9, "m", "f", "\x00\xFF\x80\x00"), "WIRE-027")
	good("kwargs-look-like-a-frame", "kwargs that are a message themselves", request(9, "m", "f", string(example.bytes())), "WIRE-027")
	good("module-name-longest", "a module name of 1,024 bytes", request(2, strings.Repeat("m", 1024), "f", "{}"), "WIRE-007")
	good("function-name-longest", "a function name of 1,024 bytes", request(2, "m", strings.Repeat("f", 1024), "{}"), "WIRE-008")
	good("module-name-longest-in-bytes", "the limit counts bytes: 512 characters of two bytes", request(2, strings.Repeat("\u00E9", 512), "f", ""), "WIRE-007")
	good("function-name-dotted", "a function name may be a dotted path", request(3, "package.module", "Class.method", "{}"), "WIRE-016")
	good("function-name-odd", "names are any text: spaces, slashes and control characters included", request(3, " m/\n", "f\t\\ \"", "{}"), "WIRE-014 WIRE-016")
	good("kwargs-64-kib", "a length that needs three bytes", request(4, "m", "f", strings.Repeat("k", 65536)), "WIRE-005")
	good("kwargs-1-mib", "a message of more than a mebibyte", request(4, "m", "f", strings.Repeat("k", 1<<20)), "WIRE-005")
	good("shutdown", "SHUTDOWN is a bare header with id 0", bare(3, 0), "WIRE-018 WIRE-020")
	good("cancel", "CANCEL names the call to cancel", bare(4, 7), "WIRE-019 WIRE-020")
	good("cancel-id-one", "CANCEL of the least id that a call may have", bare(4, 1), "WIRE-019")
	good("cancel-id-greatest", "CANCEL of the greatest id", bare(4, 0xFFFFFFFF), "WIRE-019")
	for _, t := range goodTexts {
		good("module-name-"+t.id, "module name: "+t.comment, request(5, t.text, "f", "{}"), "WIRE-014")
		good("function-name-"+t.id, "function name: "+t.comment, request(5, "m", t.text, "{}"), "WIRE-016")
	}
	full := request(6, "m", "f", strings.Repeat("k", 1024-23))
	c.decodes("limit-reached", "a message of exactly max_message bytes", full, "WIRE-006", opts{max: 1024})
}

func (c *cases) decodeRequestShape() {
	bad := func(id, comment string, in []byte, r refusal, requirements string, o opts) {
		c.refuses(false, id, comment, in, r, requirements, o)
	}
	for _, t := range headerCuts(requestFields) {
		bad(t.id(), t.comment(), example.bytes()[:t.n], refusal{"TRUNCATED_HEADER", t.n, t.field}, "WIRE-001 WIRE-028", opts{flags: "Truncated"})
	}
	for _, t := range []struct {
		value   byte
		comment string
	}{
		{0, "type 0 was never given out"},
		{2, "a RESPONSE does not travel from master to worker"},
		{5, "type 5 was never given out"},
		{9, "one below the reserved types"},
		{10, "first reserved type: refused until a version defines it"},
		{21, "last reserved type; also the size of the header"},
		{22, "one above the reserved types"},
		{'1', "the digit 1 instead of the number"},
		{0x81, "type 1 with the highest bit set"},
		{255, "the greatest type"},
	} {
		bad(fmt.Sprintf("type-%d", t.value), t.comment, example.withType(t.value).bytes(), refusal{"BAD_TYPE", 0, "type"}, "WIRE-002", opts{flags: "Unsupported"})
	}

	mismatch := refusal{"LENGTH_MISMATCH", 5, "total_length"}
	lengths := func(id, comment string, f frame, requirements, flags string) {
		bad(id, comment, f.bytes(), mismatch, requirements, opts{flags: flags})
	}
	lengths("total-length-one-short", "total_length is one less than the sum", example.withTotal(37), "WIRE-005", "Lengths")
	lengths("total-length-one-long", "total_length is one more than the sum", example.withTotal(39), "WIRE-005", "Lengths")
	lengths("total-length-zero", "total_length is 0", example.withTotal(0), "WIRE-005", "Lengths")
	lengths("total-length-without-header", "total_length counts the payload only", example.withTotal(17), "WIRE-005", "Lengths")
	lengths("total-length-header-only", "total_length counts the header only", example.withTotal(21), "WIRE-005", "Lengths")
	lengths("total-length-big-endian", "total_length is big-endian", example.withTotal(38<<24), "WIRE-005 WIRE-030", "Lengths ByteOrder Precedence")
	lengths("lengths-big-endian", "all lengths but total_length are big-endian", example.withLength(0, 1<<24).withLength(1, 3<<24).withLength(2, 13<<24), "WIRE-005 WIRE-030", "Lengths ByteOrder Precedence")
	lengths("module-name-len-one-long", "module_name_len is one more than total_length allows", example.withLength(0, 2), "WIRE-005", "Lengths")
	lengths("function-name-len-one-short", "function_name_len is one less than total_length says", example.withLength(1, 2), "WIRE-005", "Lengths")
	lengths("kwargs-len-one-long", "kwargs_len is one more than total_length allows: a reader that trusts it reads past the end", example.withLength(2, 14), "WIRE-005 WIRE-028", "Lengths OverRead")
	lengths("shutdown-total-length-zero", "a SHUTDOWN of which only type and id are filled in", bare(3, 0).withTotal(0), "WIRE-005", "Lengths")
	lengths("cancel-total-length-20", "a CANCEL that counts a header of 20 bytes", bare(4, 7).withTotal(20), "WIRE-005", "Lengths")

	lengths("sum-wraps-in-kwargs", "the sum is total_length plus 2^32: equal in 32 bits", example.withLength(2, 0xFFFFFFFF).withTotal(24), "WIRE-004 WIRE-005", "Wrap")
	lengths("sum-wraps-in-names", "two lengths of 2^31 cancel out in 32 bits", example.withLength(0, 0x80000000+1).withLength(1, 0x80000000+3), "WIRE-004 WIRE-005", "Wrap Precedence")
	lengths("sum-wraps-in-module-name", "header and module name alone exceed 32 bits", frame{typ: 1, id: 7, total: 23, lengths: [3]uint32{0xFFFFFFFF, 1, 2}, payload: []byte("fk")}, "WIRE-004 WIRE-005", "Wrap Precedence")
	lengths("sum-wraps-thrice", "all three lengths are 2^32-1 and total_length is what remains in 32 bits", example.withLength(0, 0xFFFFFFFF).withLength(1, 0xFFFFFFFF).withLength(2, 0xFFFFFFFF).withTotal(18), "WIRE-004 WIRE-005", "Wrap Precedence")
	lengths("sum-wraps-to-header", "the lengths add up to 2^32: a bare header in 32 bits", frame{typ: 1, id: 7, total: 21, lengths: [3]uint32{1, 1, 0xFFFFFFFE}, payload: []byte("mf")}, "WIRE-004 WIRE-005", "Wrap")
	lengths("sum-wraps-to-zero", "header and lengths add up to 2^32, total_length is 0", example.withLength(2, 0xFFFFFFFF-24).withTotal(0), "WIRE-004 WIRE-005", "Wrap")
	lengths("length-is-minus-one", "kwargs_len is -1 for a reader with signed numbers, and total_length agrees with it", frame{typ: 1, id: 7, total: 22, lengths: [3]uint32{1, 1, 0xFFFFFFFF}, payload: []byte("mf")}, "WIRE-004 WIRE-005", "Wrap Signed")

	tooLarge := refusal{"TOO_LARGE", 5, "total_length"}
	bad("limit-exceeded-by-one", "a message of max_message plus 1 bytes", request(6, "m", "f", strings.Repeat("k", 1024-22)).bytes(), tooLarge, "WIRE-006", opts{max: 1024, flags: "Limit"})
	bad("limit-exceeded-other-limit", "max_message is what the lane says, not the default", request(6, "m", "f", strings.Repeat("k", 4096-22)).bytes(), tooLarge, "WIRE-006", opts{max: 4096, flags: "Limit"})
	announce := func(total uint32) []byte {
		return request(6, "m", "f", "").withLength(2, total-23).withTotal(total).bytes()
	}
	bad("limit-exceeded-announced", "a header that announces 64 MiB plus 1 byte: refused before the payload is waited for", announce(defaultMax+1), tooLarge, "WIRE-006 WIRE-029", opts{flags: "Limit Precedence"})
	bad("limit-announced", "a header that announces exactly 64 MiB is only cut off", announce(defaultMax), refusal{"TRUNCATED_BODY", 23, "kwargs"}, "WIRE-006 WIRE-009 WIRE-029", opts{flags: "Limit Truncated"})
	bad("greatest-total-length", "a header that announces 4 GiB minus 1 byte", announce(0xFFFFFFFF), tooLarge, "WIRE-006 WIRE-029", opts{flags: "Limit Signed Precedence"})
	bad("sign-bit-total-length", "a header that announces 2 GiB: negative for a reader with signed numbers", announce(0x80000000), tooLarge, "WIRE-006 WIRE-029", opts{flags: "Limit Signed Precedence"})

	bad("module-name-too-long", "a module name of 1,025 bytes", request(2, strings.Repeat("m", 1025), "f", "{}").bytes(), refusal{"NAME_TOO_LONG", 9, "module_name_len"}, "WIRE-007", opts{flags: "Limit"})
	bad("function-name-too-long", "a function name of 1,025 bytes", request(2, "m", strings.Repeat("f", 1025), "{}").bytes(), refusal{"NAME_TOO_LONG", 13, "function_name_len"}, "WIRE-008", opts{flags: "Limit"})
	bad("module-name-too-long-in-bytes", "the limit counts bytes: 513 characters of two bytes", request(2, strings.Repeat("\u00E9", 513), "f", "").bytes(), refusal{"NAME_TOO_LONG", 9, "module_name_len"}, "WIRE-007", opts{flags: "Limit"})

	whole := request(8, "mod", "func", "kwargs").bytes() // 21 + 3 + 4 + 6
	for _, t := range []struct {
		n           int
		part, where string
	}{
		{21, "module_name", "right after the header"},
		{23, "module_name", "inside the module name"},
		{24, "function_name", "between module name and function name"},
		{27, "function_name", "inside the function name"},
		{28, "kwargs", "between function name and kwargs"},
		{33, "kwargs", "before the last byte"},
	} {
		bad(fmt.Sprintf("body-cut-at-%d", t.n), "cut off "+t.where, whole[:t.n], refusal{"TRUNCATED_BODY", t.n, t.part}, "WIRE-009 WIRE-028", opts{flags: "Truncated OverRead"})
	}
	bad("body-cut-before-last-function-byte", "no kwargs, and the function name lacks a byte: the part that is cut is not the last", request(8, "mod", "func", "").bytes()[:27], refusal{"TRUNCATED_BODY", 27, "function_name"}, "WIRE-009 WIRE-028", opts{flags: "Truncated OverRead"})

	bad("trailing-one-byte", "one byte after the message", append(example.bytes(), 0), refusal{"TRAILING", 38, "trailing"}, "WIRE-010", opts{flags: "Trailing"})
	bad("trailing-message", "another message after the message", append(example.bytes(), example.bytes()...), refusal{"TRAILING", 38, "trailing"}, "WIRE-010", opts{flags: "Trailing"})
	bad("trailing-1000-bytes", "a slot handed over with its padding", append(example.bytes(), make([]byte, 1000)...), refusal{"TRAILING", 38, "trailing"}, "WIRE-010", opts{flags: "Trailing"})
	bad("trailing-after-shutdown", "one byte after a SHUTDOWN", append(bare(3, 0).bytes(), 0), refusal{"TRAILING", 21, "trailing"}, "WIRE-010", opts{flags: "Trailing"})
	bad("trailing-after-cancel", "a text after a CANCEL", append(bare(4, 7).bytes(), "why"...), refusal{"TRAILING", 21, "trailing"}, "WIRE-010", opts{flags: "Trailing"})
}

func (c *cases) decodeRequestContents() {
	bad := func(id, comment string, f frame, r refusal, requirements, flags string) {
		c.refuses(false, id, comment, f.bytes(), r, requirements, opts{flags: flags})
	}
	reserved := refusal{"RESERVED_ID", 1, "request_id"}
	bad("id-zero", "id 0 is reserved for SHUTDOWN", example.withID(0), reserved, "WIRE-011", "Contents")
	bad("module-name-empty", "no module name", request(7, "", "add", "{}"), refusal{"EMPTY_NAME", 9, "module_name_len"}, "WIRE-012", "Contents")
	bad("function-name-empty", "no function name", request(7, "m", "", "{}"), refusal{"EMPTY_NAME", 13, "function_name_len"}, "WIRE-013", "Contents")
	for _, t := range badTexts {
		bad("module-name-"+t.id, "module name: "+t.comment, request(7, t.text, "f", "{}"), refusal{"BAD_UTF8", 21 + t.at, "module_name"}, "WIRE-014", "Text")
		bad("function-name-"+t.id, "function name: "+t.comment, request(7, "mod", t.text, "{}"), refusal{"BAD_UTF8", 24 + t.at, "function_name"}, "WIRE-016", "Text")
	}
	bad("module-name-ends-in-function-name", "the module name breaks off inside a sequence that the function name would complete: each is judged by itself",
		request(7, "a\xE2\x82", "\xACb", ""), refusal{"BAD_UTF8", 22, "module_name"}, "WIRE-014", "Text Precedence")
	bad("function-name-ends-in-kwargs", "the function name breaks off inside a sequence that the kwargs would complete",
		request(7, "m", "f\xC3", "\xA9"), refusal{"BAD_UTF8", 23, "function_name"}, "WIRE-016", "Text")
	bad("module-name-ends-in-kwargs", "the module name breaks off although good text follows in the message",
		request(7, "m\xF0\x9F", "f", "{}"), refusal{"BAD_UTF8", 22, "module_name"}, "WIRE-014", "Text")
	bad("module-name-nul-first", "a zero byte at the start of the module name", request(7, "\x00m", "f", "{}"), refusal{"NUL_IN_NAME", 21, "module_name"}, "WIRE-015", "Nul")
	bad("module-name-nul-last", "a C string with its terminator", request(7, "mod\x00", "f", "{}"), refusal{"NUL_IN_NAME", 24, "module_name"}, "WIRE-015", "Nul")
	bad("module-name-nul-only", "a module name of one zero byte", request(7, "\x00", "f", "{}"), refusal{"NUL_IN_NAME", 21, "module_name"}, "WIRE-015", "Nul")
	bad("module-name-nul-twice", "two zero bytes: the first decides the offset", request(7, "a\x00b\x00", "f", "{}"), refusal{"NUL_IN_NAME", 22, "module_name"}, "WIRE-015", "Nul")
	bad("function-name-nul-first", "a zero byte at the start of the function name", request(7, "m", "\x00f", "{}"), refusal{"NUL_IN_NAME", 22, "function_name"}, "WIRE-017", "Nul")
	bad("function-name-nul-last", "a C string with its terminator", request(7, "m", "func\x00", "{}"), refusal{"NUL_IN_NAME", 26, "function_name"}, "WIRE-017", "Nul")
	bad("function-name-nul-hides-name", "a C string ends early: allowed:hidden would be taken for allowed", request(7, "m", "allowed\x00hidden", "{}"), refusal{"NUL_IN_NAME", 29, "function_name"}, "WIRE-017", "Nul")

	bad("shutdown-id-one", "SHUTDOWN with an id", bare(3, 1), reserved, "WIRE-018", "Contents")
	bad("shutdown-id-high-byte", "SHUTDOWN with an id of which only the highest byte is set", bare(3, 0x01000000), reserved, "WIRE-018", "Contents")
	bad("shutdown-id-greatest", "SHUTDOWN with the greatest id, to which one cannot be added", bare(3, 0xFFFFFFFF), reserved, "WIRE-018", "Contents")
	bad("cancel-id-zero", "CANCEL that names no call", bare(4, 0), reserved, "WIRE-019", "Contents")
	for _, header := range []frame{bare(3, 0), bare(4, 7)} {
		name := map[byte]string{3: "shutdown", 4: "cancel"}[header.typ]
		for part, f := range requestFields[3:] {
			withPayload := header
			withPayload.payload = []byte("x")
			withPayload.lengths[part] = 1
			bad(name+"-with-"+strings.ReplaceAll(strings.TrimSuffix(f.name, "_len"), "_", "-"), strings.ToUpper(name)+" with a payload of one byte",
				withPayload.summed(), refusal{"NONZERO_LENGTH", f.offset, f.name}, "WIRE-020", "Contents")
		}
	}
}

// decodeRequestPrecedence fixes the order of the checks: each message has two
// faults, and neighbours in the order meet in at least one of them.
func (c *cases) decodeRequestPrecedence() {
	bad := func(id, comment string, in []byte, r refusal, requirements string, limit uint64) {
		c.refuses(false, "order-"+id, comment, in, r, requirements, opts{flags: "Precedence", max: limit})
	}
	long := strings.Repeat("n", 1025)
	bad("type-before-length", "unknown type and wrong total_length", example.withType(9).withTotal(1).bytes(), refusal{"BAD_TYPE", 0, "type"}, "WIRE-002 WIRE-005", 0)
	bad("type-before-limit", "unknown type and over the limit", request(6, "m", "f", strings.Repeat("k", 1100)).withType(2).bytes(), refusal{"BAD_TYPE", 0, "type"}, "WIRE-002 WIRE-006", 1024)
	bad("length-before-limit", "total_length wrong and over the limit", example.withTotal(0xFFFFFFFF).bytes(), refusal{"LENGTH_MISMATCH", 5, "total_length"}, "WIRE-005 WIRE-006", 0)
	bad("length-before-name-limit", "total_length wrong and module name too long", example.withLength(0, 1025).bytes(), refusal{"LENGTH_MISMATCH", 5, "total_length"}, "WIRE-005 WIRE-007", 0)
	bad("length-before-truncation", "total_length wrong and more than the bytes at hand", example.withTotal(100).bytes(), refusal{"LENGTH_MISMATCH", 5, "total_length"}, "WIRE-005 WIRE-009", 0)
	bad("limit-before-name-limit", "over the limit and module name too long", request(6, long, "f", "{}").bytes(), refusal{"TOO_LARGE", 5, "total_length"}, "WIRE-006 WIRE-007", 1024)
	bad("limit-before-truncation", "over the limit and cut off", request(6, "m", "f", strings.Repeat("k", 1100)).bytes()[:1000], refusal{"TOO_LARGE", 5, "total_length"}, "WIRE-006 WIRE-009", 1024)
	bad("module-limit-before-function-limit", "both names too long", request(6, long, long, "{}").bytes(), refusal{"NAME_TOO_LONG", 9, "module_name_len"}, "WIRE-007 WIRE-008", 0)
	bad("name-limit-before-truncation", "function name too long and cut off", request(6, "m", long, "{}").bytes()[:30], refusal{"NAME_TOO_LONG", 13, "function_name_len"}, "WIRE-008 WIRE-009", 0)
	bad("name-limit-before-trailing", "module name too long and a byte too many", append(request(6, long, "f", "{}").bytes(), 0), refusal{"NAME_TOO_LONG", 9, "module_name_len"}, "WIRE-007 WIRE-010", 0)
	bad("name-limit-in-bare-header", "a CANCEL whose module name is too long: the limit comes before the contents", frame{typ: 4, id: 7, lengths: [3]uint32{1025}, payload: []byte(long)}.summed().bytes(), refusal{"NAME_TOO_LONG", 9, "module_name_len"}, "WIRE-007 WIRE-020", 0)
	bad("truncation-before-id", "cut off and id 0", example.withID(0).bytes()[:37], refusal{"TRUNCATED_BODY", 37, "kwargs"}, "WIRE-009 WIRE-011", 0)
	bad("truncation-before-text", "the module name is no text and the kwargs are cut off", request(7, "\xFF", "f", "{}").bytes()[:24], refusal{"TRUNCATED_BODY", 24, "kwargs"}, "WIRE-009 WIRE-014", 0)
	bad("truncation-before-payload-of-bare-header", "a SHUTDOWN that announces kwargs and lacks them", frame{typ: 3, lengths: [3]uint32{0, 0, 5}}.summed().bytes(), refusal{"TRUNCATED_BODY", 21, "kwargs"}, "WIRE-009 WIRE-020", 0)
	bad("trailing-before-id", "a byte too many and id 0", append(example.withID(0).bytes(), 0), refusal{"TRAILING", 38, "trailing"}, "WIRE-010 WIRE-011", 0)
	bad("trailing-before-text", "a byte too many and a function name that is no text", append(request(7, "m", "\xFF", "").bytes(), 0), refusal{"TRAILING", 23, "trailing"}, "WIRE-010 WIRE-016", 0)
	bad("id-before-module-name", "id 0 and no module name", request(0, "", "f", "{}").bytes(), refusal{"RESERVED_ID", 1, "request_id"}, "WIRE-011 WIRE-012", 0)
	bad("module-name-before-function-name", "neither name", request(7, "", "", "{}").bytes(), refusal{"EMPTY_NAME", 9, "module_name_len"}, "WIRE-012 WIRE-013", 0)
	bad("empty-before-text", "no function name and a module name that is no text", request(7, "\xFF", "", "{}").bytes(), refusal{"EMPTY_NAME", 13, "function_name_len"}, "WIRE-013 WIRE-014", 0)
	bad("text-before-nul", "a module name with a zero byte and, behind it, a byte that is no text: text is checked as a whole first", request(7, "\x00a\xFF", "f", "{}").bytes(), refusal{"BAD_UTF8", 23, "module_name"}, "WIRE-014 WIRE-015", 0)
	bad("module-nul-before-function-text", "a zero byte in the module name and a function name that is no text", request(7, "m\x00", "\xFF", "{}").bytes(), refusal{"NUL_IN_NAME", 22, "module_name"}, "WIRE-015 WIRE-016", 0)
	bad("function-text-before-nul", "a function name with a zero byte and a byte that is no text", request(7, "m", "\x00\x80", "{}").bytes(), refusal{"BAD_UTF8", 23, "function_name"}, "WIRE-016 WIRE-017", 0)
	bad("id-before-payload-in-shutdown", "SHUTDOWN with id and kwargs", frame{typ: 3, id: 5, lengths: [3]uint32{0, 0, 1}, payload: []byte("k")}.summed().bytes(), refusal{"RESERVED_ID", 1, "request_id"}, "WIRE-018 WIRE-020", 0)
	bad("id-before-payload-in-cancel", "CANCEL with id 0 and kwargs", frame{typ: 4, lengths: [3]uint32{0, 0, 1}, payload: []byte("k")}.summed().bytes(), refusal{"RESERVED_ID", 1, "request_id"}, "WIRE-019 WIRE-020", 0)
	bad("first-length-of-bare-header", "CANCEL with function name and kwargs: the first length decides", frame{typ: 4, id: 7, lengths: [3]uint32{0, 1, 1}, payload: []byte("fk")}.summed().bytes(), refusal{"NONZERO_LENGTH", 13, "function_name_len"}, "WIRE-020", 0)
	header := append([]byte{9}, example.bytes()[1:20]...)
	bad("header-before-type", "20 bytes, the first of them no type: the header is not complete, so its type is not judged", header, refusal{"TRUNCATED_HEADER", 20, "kwargs_len"}, "WIRE-001 WIRE-002", 0)
	bad("limit-does-not-hide-header", "a header cut before its last byte that announces too much", append([]byte{1, 7, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}, make([]byte, 11)...), refusal{"TRUNCATED_HEADER", 20, "kwargs_len"}, "WIRE-001 WIRE-006", 0)
}
