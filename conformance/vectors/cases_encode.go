package vectors

import (
	"fmt"
	"strings"
)

func (c *cases) encodeRequest() {
	good := func(id, comment string, f frame) {
		c.encodes(id, comment, f, "WIRE-030", opts{})
	}
	good("example", "the worked example of chapter 01", example)
	good("smallest", "names of one byte and no kwargs", request(1, "m", "f", ""))
	good("asymmetric", "every part has another length and every number another value in each byte",
		request(0x04030201, strings.Repeat("m", 3), strings.Repeat("f", 7), strings.Repeat("k", 260)))
	good("id-greatest", "the greatest id", request(0xFFFFFFFF, "m", "f", "{}"))
	good("kwargs-not-text", "kwargs are opaque", request(9, "m", "f", "\x00\xFF\x80"))
	good("names-longest", "two names of 1,024 bytes", request(2, strings.Repeat("m", 1024), strings.Repeat("f", 1024), "{}"))
	good("names-not-ascii", "names are text of any script", request(2, "modul\u00E9", "\u95A2\u6570", "{}"))
	good("kwargs-64-kib", "a length that needs three bytes", request(4, "m", "f", strings.Repeat("k", 65536)))
	good("shutdown", "SHUTDOWN is a bare header", bare(3, 0))
	good("cancel", "CANCEL is a bare header", bare(4, 7))
	c.encodes("limit-reached", "a message of exactly max_message bytes", request(6, "m", "f", strings.Repeat("k", 1024-23)), "WIRE-006 WIRE-030 LIMIT-002", opts{max: 1024})

	bad := func(id, comment string, f frame, r refusal, requirements string, o opts) {
		c.encodeRefuses(id, comment, f, r, "WIRE-031 "+requirements, o)
	}
	for _, t := range []byte{0, 2, 5, 10, 255} {
		bad(fmt.Sprintf("type-%d", t), "a type that no master sends", example.withType(t), refusal{"BAD_TYPE", 0, "type"}, "WIRE-002", opts{flags: "Unsupported"})
	}
	bad("limit-exceeded-by-one", "a message of max_message plus 1 bytes", request(6, "m", "f", strings.Repeat("k", 1024-22)), refusal{"TOO_LARGE", 5, "total_length"}, "WIRE-006 LIMIT-002", opts{max: 1024, flags: "Limit"})
	bad("module-name-too-long", "a module name of 1,025 bytes", request(2, strings.Repeat("m", 1025), "f", "{}"), refusal{"NAME_TOO_LONG", 9, "module_name_len"}, "WIRE-007", opts{flags: "Limit"})
	bad("function-name-too-long", "a function name of 1,025 bytes", request(2, "m", strings.Repeat("f", 1025), "{}"), refusal{"NAME_TOO_LONG", 13, "function_name_len"}, "WIRE-008", opts{flags: "Limit"})
	bad("id-zero", "id 0 is reserved for SHUTDOWN", example.withID(0), refusal{"RESERVED_ID", 1, "request_id"}, "WIRE-011", opts{flags: "Contents"})
	bad("module-name-empty", "no module name", request(7, "", "f", "{}"), refusal{"EMPTY_NAME", 9, "module_name_len"}, "WIRE-012", opts{flags: "Contents"})
	bad("function-name-empty", "no function name", request(7, "m", "", "{}"), refusal{"EMPTY_NAME", 13, "function_name_len"}, "WIRE-013", opts{flags: "Contents"})
	bad("module-name-not-text", "a module name that is no text", request(7, "ab\xC3", "f", "{}"), refusal{"BAD_UTF8", 23, "module_name"}, "WIRE-014", opts{flags: "Text"})
	bad("module-name-surrogate", "a module name with a surrogate, as a string with unpaired halves gives it", request(7, "\xED\xA0\x80", "f", "{}"), refusal{"BAD_UTF8", 21, "module_name"}, "WIRE-014", opts{flags: "Text"})
	bad("module-name-nul", "a module name with a zero byte", request(7, "a\x00", "f", "{}"), refusal{"NUL_IN_NAME", 22, "module_name"}, "WIRE-015", opts{flags: "Nul"})
	bad("function-name-not-text", "a function name that is no text", request(7, "mod", "\xFF", "{}"), refusal{"BAD_UTF8", 24, "function_name"}, "WIRE-016", opts{flags: "Text"})
	bad("function-name-nul", "a function name with a zero byte", request(7, "mod", "f\x00", "{}"), refusal{"NUL_IN_NAME", 25, "function_name"}, "WIRE-017", opts{flags: "Nul"})
	bad("names-share-a-sequence", "a sequence that begins in the module name and ends in the function name: both are no text, the first decides", request(7, "\xC3", "\xA9", ""), refusal{"BAD_UTF8", 21, "module_name"}, "WIRE-014", opts{flags: "Text Precedence"})
	bad("shutdown-id-one", "SHUTDOWN with an id", bare(3, 1), refusal{"RESERVED_ID", 1, "request_id"}, "WIRE-018", opts{flags: "Contents"})
	bad("cancel-id-zero", "CANCEL that names no call", bare(4, 0), refusal{"RESERVED_ID", 1, "request_id"}, "WIRE-019", opts{flags: "Contents"})
	bad("shutdown-with-module-name", "SHUTDOWN with a module name", request(7, "m", "", "").withType(3).withID(0), refusal{"NONZERO_LENGTH", 9, "module_name_len"}, "WIRE-020", opts{flags: "Contents"})
	bad("cancel-with-function-name", "CANCEL with a function name", request(7, "", "f", "").withType(4), refusal{"NONZERO_LENGTH", 13, "function_name_len"}, "WIRE-020", opts{flags: "Contents"})
	bad("cancel-with-kwargs", "CANCEL with kwargs", request(7, "", "", "k").withType(4), refusal{"NONZERO_LENGTH", 17, "kwargs_len"}, "WIRE-020", opts{flags: "Contents"})
	bad("order-limit-before-name-limit", "over the limit and a name too long", request(6, strings.Repeat("m", 1025), "f", ""), refusal{"TOO_LARGE", 5, "total_length"}, "WIRE-006 WIRE-007", opts{max: 1024, flags: "Limit Precedence"})
	bad("order-name-limit-before-id", "a name too long and id 0", request(0, "m", strings.Repeat("f", 1025), ""), refusal{"NAME_TOO_LONG", 13, "function_name_len"}, "WIRE-008 WIRE-011", opts{flags: "Limit Precedence"})
}

func (c *cases) encodeResponse() {
	good := func(id, comment string, f frame) {
		c.encodes(id, comment, f, "WIRE-030", opts{})
	}
	good("example", "the worked example of chapter 01", exampleResponse)
	good("empty", "success without a body", response(1, 200, "", ""))
	good("asymmetric", "status_code lies behind body_len, not before it", response(0x04030201, 503, strings.Repeat("b", 258), strings.Repeat("e", 5)))
	good("status-299", "the highest status of a success", response(3, 299, "null", ""))
	good("status-400", "the lowest status of a failure", response(3, 400, "", "no"))
	good("status-599", "the highest status of a failure", response(3, 599, "", "no"))
	good("failure-without-message", "a failure need not say why", response(3, 500, "", ""))
	good("error-message-with-nul", "a zero byte in an error message is allowed", response(3, 500, "", "a\x00b"))
	good("error-message-not-ascii", "an error message is text of any script", response(3, 500, "{}", "\u00E9\u20AC\U0001F300"))
	good("body-not-text", "the body is opaque", response(3, 200, "\x00\xFF\xFE", ""))
	good("body-64-kib", "a length that needs three bytes", response(3, 200, strings.Repeat("b", 65536), ""))
	c.encodes("limit-reached", "a message of exactly max_message bytes", response(6, 200, strings.Repeat("b", 1024-20), ""), "WIRE-006 WIRE-030 LIMIT-002", opts{max: 1024})

	bad := func(id, comment string, f frame, r refusal, requirements string, o opts) {
		c.encodeRefuses(id, comment, f, r, "WIRE-031 "+requirements, o)
	}
	for _, t := range []byte{0, 1, 3, 255} {
		bad(fmt.Sprintf("type-%d", t), "a type that no worker sends", exampleResponse.withType(t), refusal{"BAD_TYPE", 0, "type"}, "WIRE-003", opts{flags: "Unsupported"})
	}
	bad("limit-exceeded-by-one", "a message of max_message plus 1 bytes", response(6, 200, strings.Repeat("b", 1024-19), ""), refusal{"TOO_LARGE", 5, "total_length"}, "WIRE-006 LIMIT-002", opts{max: 1024, flags: "Limit"})
	bad("id-zero", "id 0 is reserved", exampleResponse.withID(0), refusal{"RESERVED_ID", 1, "request_id"}, "WIRE-021", opts{flags: "Contents"})
	bad("success-2", "success is exactly 0 or 1", exampleResponse.withSuccess(2), refusal{"BAD_SUCCESS", 19, "success"}, "WIRE-022", opts{flags: "Contents"})
	status := refusal{"STATUS_CONFLICT", 13, "status_code"}
	for _, s := range []uint16{199, 300, 500} {
		bad(fmt.Sprintf("success-with-status-%d", s), "success 1 with a status that is no success", exampleResponse.withStatus(s), status, "WIRE-023", opts{flags: "Contents"})
	}
	for _, s := range []uint16{200, 399, 600} {
		bad(fmt.Sprintf("failure-with-status-%d", s), "success 0 with a status that is no failure", response(7, 500, "", "").withStatus(s), status, "WIRE-024", opts{flags: "Contents"})
	}
	bad("success-with-error-message", "success 1 with an error message", response(7, 200, "null", "but"), refusal{"STATUS_CONFLICT", 15, "error_message_len"}, "WIRE-025", opts{flags: "Contents"})
	bad("error-message-not-text", "an error message that is no text", response(7, 500, "body", "no\xE9"), refusal{"BAD_UTF8", 26, "error_message"}, "WIRE-026", opts{flags: "Text"})
	bad("error-message-continues-body", "an error message that goes on with a sequence that the body began", response(7, 500, "\xC3", "\xA9"), refusal{"BAD_UTF8", 21, "error_message"}, "WIRE-026", opts{flags: "Text"})
	bad("order-limit-before-success", "over the limit and success 2", response(6, 200, strings.Repeat("b", 1100), "").withSuccess(2), refusal{"TOO_LARGE", 5, "total_length"}, "WIRE-006 WIRE-022", opts{max: 1024, flags: "Limit Precedence"})
}
