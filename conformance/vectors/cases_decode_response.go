package vectors

import (
	"fmt"
	"strings"
)

var exampleResponse = response(7, 200, `{"sum":3}`, "")

func (c *cases) decodeResponseValid() {
	good := func(id, comment string, f frame, requirements string) {
		c.decodes(id, comment, f, requirements, opts{})
	}
	good("example", "the worked example of chapter 01", exampleResponse, "WIRE-005 WIRE-030")
	good("empty", "success without a body: 20 bytes", response(1, 200, "", ""), "WIRE-005 WIRE-023")
	good("asymmetric", "body, message and status have different numbers, so that status_code before body_len, or any other swap, is seen",
		response(0x04030201, 503, strings.Repeat("b", 258), strings.Repeat("e", 5)), "WIRE-005")
	good("status-before-body-len", "decoded with the fields in the order of an old mistake (status_code before body_len) the lengths would be 200 and 0",
		response(9, 200, strings.Repeat("b", 200), ""), "WIRE-005")
	good("id-greatest", "the greatest id", response(0xFFFFFFFF, 200, "1", ""), "WIRE-021")
	good("status-200", "the lowest status of a success", response(3, 200, "null", ""), "WIRE-023")
	good("status-204", "a success with another status", response(3, 204, "", ""), "WIRE-023")
	good("status-299", "the highest status of a success", response(3, 299, "null", ""), "WIRE-023")
	good("status-400", "the lowest status of a failure", response(3, 400, "", "no"), "WIRE-024")
	good("status-499", "cancelled", response(3, 499, `{"started":true}`, "cancelled"), "WIRE-024")
	good("status-500", "raised", response(3, 500, `{"type":"ValueError"}`, "ValueError: no"), "WIRE-024")
	good("status-599", "the highest status of a failure", response(3, 599, "", "no"), "WIRE-024")
	good("failure-without-message", "a failure need not say why", response(3, 500, "", ""), "WIRE-024 WIRE-025")
	good("failure-with-body", "a failure may carry a body and a message", response(3, 404, `{"code":"x"}`, "not found"), "WIRE-024")
	good("error-message-with-nul", "a zero byte in an error message is allowed", response(3, 500, "", "a\x00b"), "WIRE-026")
	good("error-message-long", "an error message has no limit of its own", response(3, 500, "", strings.Repeat("e", 5000)), "WIRE-026")
	good("body-not-text", "the body is opaque", response(3, 200, "\x00\xFF\xFE", ""), "WIRE-027")
	good("body-cuts-a-sequence", "the body is opaque and ends inside a sequence; the message is judged by itself", response(3, 500, "\xE2\x82", "no"), "WIRE-026 WIRE-027")
	good("body-64-kib", "a length that needs three bytes", response(3, 200, strings.Repeat("b", 65536), ""), "WIRE-005")
	good("body-1-mib", "a message of more than a mebibyte", response(3, 200, strings.Repeat("b", 1<<20), ""), "WIRE-005")
	for _, t := range goodTexts {
		good("error-message-"+t.id, "error message: "+t.comment, response(5, 500, "", t.text), "WIRE-026")
	}
	c.decodes("limit-reached", "a message of exactly max_message bytes", response(6, 200, strings.Repeat("b", 1024-20), ""), "WIRE-006", opts{max: 1024})
}

func (c *cases) decodeResponseShape() {
	bad := func(id, comment string, in []byte, r refusal, requirements string, o opts) {
		c.refuses(true, id, comment, in, r, requirements, o)
	}
	for _, t := range headerCuts(responseFields) {
		bad(t.id(), t.comment(), exampleResponse.bytes()[:t.n], refusal{"TRUNCATED_HEADER", t.n, t.field}, "WIRE-001 WIRE-028", opts{flags: "Truncated"})
	}
	for _, t := range []struct {
		value   byte
		comment string
	}{
		{0, "type 0 was never given out"},
		{1, "a REQUEST does not travel from worker to master"},
		{3, "a SHUTDOWN does not travel from worker to master"},
		{4, "a CANCEL does not travel from worker to master"},
		{10, "first reserved type"},
		{21, "last reserved type"},
		{255, "the greatest type"},
	} {
		bad(fmt.Sprintf("type-%d", t.value), t.comment, exampleResponse.withType(t.value).bytes(), refusal{"BAD_TYPE", 0, "type"}, "WIRE-003", opts{flags: "Unsupported"})
	}

	lengths := func(id, comment string, f frame, requirements, flags string) {
		bad(id, comment, f.bytes(), refusal{"LENGTH_MISMATCH", 5, "total_length"}, requirements, opts{flags: flags})
	}
	lengths("total-length-one-short", "total_length is one less than the sum: a header counted as 19 bytes", exampleResponse.withTotal(28), "WIRE-005", "Lengths")
	lengths("total-length-one-long", "total_length is one more than the sum: a header counted as 21 bytes", exampleResponse.withTotal(30), "WIRE-005", "Lengths")
	lengths("total-length-zero", "total_length is 0", exampleResponse.withTotal(0), "WIRE-005", "Lengths")
	lengths("total-length-without-header", "total_length counts the payload only", exampleResponse.withTotal(9), "WIRE-005", "Lengths")
	lengths("total-length-big-endian", "total_length is big-endian", exampleResponse.withTotal(29<<24), "WIRE-005 WIRE-030", "Lengths ByteOrder Precedence")
	lengths("body-len-one-long", "body_len is one more than total_length allows: a reader that trusts it reads past the end", exampleResponse.withLength(0, 10), "WIRE-005 WIRE-028", "Lengths OverRead")
	lengths("error-message-len-one-long", "error_message_len is one more than total_length allows", response(7, 500, "", "no").withLength(1, 3), "WIRE-005 WIRE-028", "Lengths OverRead")
	lengths("sum-wraps-in-error-message", "the sum is total_length plus 2^32: equal in 32 bits", response(7, 500, "body", "no").withLength(1, 0xFFFFFFFF).withTotal(23), "WIRE-004 WIRE-005", "Wrap")
	lengths("sum-wraps-in-both", "two lengths of 2^31 and more cancel out in 32 bits", response(7, 500, "body", "no").withLength(0, 0x80000004).withLength(1, 0x80000002), "WIRE-004 WIRE-005", "Wrap Signed")
	lengths("sum-wraps-to-header", "the lengths add up to 2^32: a bare header in 32 bits", response(7, 500, "body", "no").withLength(0, 4).withLength(1, 0xFFFFFFFC).withTotal(20), "WIRE-004 WIRE-005", "Wrap")
	// As an old worker wrote it: status before body_len.
	swapped := exampleResponse.bytes()
	copy(swapped[9:], []byte{200, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1})
	bad("written-status-before-body-len", "written with status_code before body_len: the sizes agree and nothing else does",
		swapped, refusal{"LENGTH_MISMATCH", 5, "total_length"}, "WIRE-005 WIRE-030", opts{flags: "FieldOrder"})
	short := exampleResponse.bytes()
	short = append(short[:19:19], short[20:]...)
	short[5] = 28
	bad("header-of-19-bytes", "written without the success byte and with total_length to match", short, refusal{"LENGTH_MISMATCH", 5, "total_length"}, "WIRE-005 WIRE-030", opts{flags: "FieldOrder"})
	bare19 := response(7, 200, "", "").withTotal(19).bytes()[:19]
	bad("header-of-19-bytes-alone", "a header without the success byte and without payload", bare19, refusal{"TRUNCATED_HEADER", 19, "success"}, "WIRE-001 WIRE-028", opts{flags: "FieldOrder Truncated"})

	tooLarge := refusal{"TOO_LARGE", 5, "total_length"}
	bad("limit-exceeded-by-one", "a message of max_message plus 1 bytes", response(6, 200, strings.Repeat("b", 1024-19), "").bytes(), tooLarge, "WIRE-006", opts{max: 1024, flags: "Limit"})
	bad("limit-exceeded-by-error-message", "the limit is one of the whole message", response(6, 500, strings.Repeat("b", 500), strings.Repeat("e", 505)).bytes(), tooLarge, "WIRE-006", opts{max: 1024, flags: "Limit"})
	announce := func(total uint32) []byte {
		return response(6, 200, "", "").withLength(0, total-20).withTotal(total).bytes()
	}
	bad("limit-exceeded-announced", "a header that announces 64 MiB plus 1 byte: refused before the payload is waited for", announce(defaultMax+1), tooLarge, "WIRE-006 WIRE-029", opts{flags: "Limit Precedence"})
	bad("limit-announced", "a header that announces exactly 64 MiB is only cut off", announce(defaultMax), refusal{"TRUNCATED_BODY", 20, "body"}, "WIRE-006 WIRE-009 WIRE-029", opts{flags: "Limit Truncated"})
	bad("greatest-total-length", "a header that announces 4 GiB minus 1 byte", announce(0xFFFFFFFF), tooLarge, "WIRE-006 WIRE-029", opts{flags: "Limit Signed Precedence"})

	whole := response(8, 500, "body!", "why").bytes() // 20 + 5 + 3
	for _, t := range []struct {
		n           int
		part, where string
	}{
		{20, "body", "right after the header"},
		{24, "body", "inside the body"},
		{25, "error_message", "between body and error message"},
		{27, "error_message", "before the last byte"},
	} {
		bad(fmt.Sprintf("body-cut-at-%d", t.n), "cut off "+t.where, whole[:t.n], refusal{"TRUNCATED_BODY", t.n, t.part}, "WIRE-009 WIRE-028", opts{flags: "Truncated OverRead"})
	}
	bad("body-cut-before-last-body-byte", "no error message, and the body lacks a byte: the part that is cut is not the last", exampleResponse.bytes()[:28], refusal{"TRUNCATED_BODY", 28, "body"}, "WIRE-009 WIRE-028", opts{flags: "Truncated OverRead"})
	bad("trailing-one-byte", "one byte after the message", append(exampleResponse.bytes(), 0), refusal{"TRAILING", 29, "trailing"}, "WIRE-010", opts{flags: "Trailing"})
	bad("trailing-message", "another message after the message", append(exampleResponse.bytes(), exampleResponse.bytes()...), refusal{"TRAILING", 29, "trailing"}, "WIRE-010", opts{flags: "Trailing"})
	bad("trailing-after-empty", "one byte after a message without payload", append(response(1, 200, "", "").bytes(), 1), refusal{"TRAILING", 20, "trailing"}, "WIRE-010", opts{flags: "Trailing"})
}

func (c *cases) decodeResponseContents() {
	bad := func(id, comment string, f frame, r refusal, requirements, flags string) {
		c.refuses(true, id, comment, f.bytes(), r, requirements, opts{flags: flags})
	}
	status := refusal{"STATUS_CONFLICT", 13, "status_code"}
	bad("id-zero", "id 0 is reserved", exampleResponse.withID(0), refusal{"RESERVED_ID", 1, "request_id"}, "WIRE-021", "Contents")
	for _, s := range []byte{2, 127, 128, 255} {
		bad(fmt.Sprintf("success-%d", s), "success is exactly 0 or 1, not just true", exampleResponse.withSuccess(s), refusal{"BAD_SUCCESS", 19, "success"}, "WIRE-022", "Contents")
	}
	for _, s := range []uint16{0, 100, 199, 300, 404, 500, 65535} {
		bad(fmt.Sprintf("success-with-status-%d", s), "success 1 with a status that is no success", exampleResponse.withStatus(s), status, "WIRE-023", "Contents")
	}
	bad("status-big-endian", "status 200 with its bytes swapped", exampleResponse.withStatus(200<<8), status, "WIRE-023 WIRE-030", "Contents ByteOrder")
	failure := response(7, 500, "", "no")
	for _, s := range []uint16{0, 200, 299, 300, 399, 600, 65535} {
		bad(fmt.Sprintf("failure-with-status-%d", s), "success 0 with a status that is no failure", failure.withStatus(s), status, "WIRE-024", "Contents")
	}
	bad("success-with-error-message", "success 1 with an error message", response(7, 200, "null", "but"), refusal{"STATUS_CONFLICT", 15, "error_message_len"}, "WIRE-025", "Contents")
	bad("success-with-error-message-only", "success 1 with an error message of one byte and no body", response(7, 200, "", "?"), refusal{"STATUS_CONFLICT", 15, "error_message_len"}, "WIRE-025", "Contents")
	for _, t := range badTexts {
		bad("error-message-"+t.id, "error message: "+t.comment, response(7, 500, "body", t.text), refusal{"BAD_UTF8", 24 + t.at, "error_message"}, "WIRE-026", "Text")
	}
	bad("error-message-continues-body", "the error message goes on with a sequence that the body began: it is judged by itself", response(7, 500, "\xE2\x82", "\xACno"), refusal{"BAD_UTF8", 22, "error_message"}, "WIRE-026", "Text")
}

// decodeResponsePrecedence fixes the order of the checks, as for requests.
func (c *cases) decodeResponsePrecedence() {
	bad := func(id, comment string, in []byte, r refusal, requirements string, limit uint64) {
		c.refuses(true, "order-"+id, comment, in, r, requirements, opts{flags: "Precedence", max: limit})
	}
	big := strings.Repeat("b", 1100)
	bad("type-before-length", "unknown type and wrong total_length", exampleResponse.withType(1).withTotal(1).bytes(), refusal{"BAD_TYPE", 0, "type"}, "WIRE-003 WIRE-005", 0)
	bad("type-before-limit", "unknown type and over the limit", response(6, 200, big, "").withType(9).bytes(), refusal{"BAD_TYPE", 0, "type"}, "WIRE-003 WIRE-006", 1024)
	bad("length-before-limit", "total_length wrong and over the limit", exampleResponse.withTotal(0xFFFFFFFF).bytes(), refusal{"LENGTH_MISMATCH", 5, "total_length"}, "WIRE-005 WIRE-006", 0)
	bad("length-before-truncation", "total_length wrong and more than the bytes at hand", exampleResponse.withTotal(100).bytes(), refusal{"LENGTH_MISMATCH", 5, "total_length"}, "WIRE-005 WIRE-009", 0)
	bad("length-before-success", "total_length wrong and success 2", exampleResponse.withTotal(28).withSuccess(2).bytes(), refusal{"LENGTH_MISMATCH", 5, "total_length"}, "WIRE-005 WIRE-022", 0)
	bad("limit-before-truncation", "over the limit and cut off", response(6, 200, big, "").bytes()[:1000], refusal{"TOO_LARGE", 5, "total_length"}, "WIRE-006 WIRE-009", 1024)
	bad("limit-before-status", "over the limit and a status that is none", response(6, 200, big, "").withStatus(7).bytes(), refusal{"TOO_LARGE", 5, "total_length"}, "WIRE-006 WIRE-023", 1024)
	bad("truncation-before-id", "cut off and id 0", exampleResponse.withID(0).bytes()[:28], refusal{"TRUNCATED_BODY", 28, "body"}, "WIRE-009 WIRE-021", 0)
	bad("truncation-before-success", "cut off and success 2", exampleResponse.withSuccess(2).bytes()[:28], refusal{"TRUNCATED_BODY", 28, "body"}, "WIRE-009 WIRE-022", 0)
	bad("trailing-before-status", "a byte too many and a status that is none", append(exampleResponse.withStatus(7).bytes(), 0), refusal{"TRAILING", 29, "trailing"}, "WIRE-010 WIRE-023", 0)
	bad("id-before-success", "id 0 and success 2", exampleResponse.withID(0).withSuccess(2).bytes(), refusal{"RESERVED_ID", 1, "request_id"}, "WIRE-021 WIRE-022", 0)
	bad("success-before-status", "success 2 and, whatever it means, a status of 300", exampleResponse.withSuccess(2).withStatus(300).bytes(), refusal{"BAD_SUCCESS", 19, "success"}, "WIRE-022 WIRE-023", 0)
	bad("success-before-text", "success 2 and an error message that is no text", response(7, 500, "", "\xFF").withSuccess(2).bytes(), refusal{"BAD_SUCCESS", 19, "success"}, "WIRE-022 WIRE-026", 0)
	bad("status-before-error-message", "success 1 with status 500 and an error message", response(7, 500, "", "no").withSuccess(1).bytes(), refusal{"STATUS_CONFLICT", 13, "status_code"}, "WIRE-023 WIRE-025", 0)
	bad("error-message-before-text", "success 1 with an error message that is no text either", response(7, 200, "", "\xFF").bytes(), refusal{"STATUS_CONFLICT", 15, "error_message_len"}, "WIRE-025 WIRE-026", 0)
	bad("status-before-text", "success 0 with status 200 and an error message that is no text", response(7, 500, "", "\xFF").withStatus(200).bytes(), refusal{"STATUS_CONFLICT", 13, "status_code"}, "WIRE-024 WIRE-026", 0)
}
