package main

// rule says why changes make no difference that a message shows. An empty member
// stands for any.
type rule struct{ function, kind, text, why string }

// reason is why a mutant that lives is out of the reach of vectors; empty: some vector should kill it.
func reason(m *mutant) string {
	for _, r := range rules {
		if r.function == m.Function && (r.kind == "" || r.kind == m.Kind) && (r.text == "" || r.text == m.Text) {
			return r.why
		}
	}
	return ""
}

const (
	twoDirections = "there are two directions, and the callers name no other"
	handled       = "the other number cannot arrive here: it was refused, or taken care of, before"
	notEqual      = "it is only asked when the two differ"
	buffers       = "decides when memory is taken and bytes are moved, never which; tests of package wire bound it"
	illFormed     = "it is only asked for text that is ill-formed, in which the loop ends earlier"
	replacement   = "the only other sizes that U+FFFD has here are 1 and 3"
	slowPath      = "the way for unusual names gives the same answer for all"
	compared      = "the sum was compared with total_length before, in full"
	fourGiB       = "max_message keeps the sum below 1 GiB; a message that would wrap does not fit into a test"
	caller        = "the mistake of a caller, which no message shows; tests of the package make it"
	afterwards    = "a case ends at the first refusal; tests of the package ask again"
	brokenSource  = "concerns the errors of a source, of which the specification says nothing; tests of package wire"
)

var rules = []rule{
	{"Direction.HeaderSize", border, "", twoDirections},
	{"Direction.headerFields", border, "", twoDirections},
	{"Direction.FrameSize", "", "", "vectors hold whole messages, and only readers of streams ask for a size; tests of package wire do"},
	{"Direction.frameSize", border, "", twoDirections},
	{"Direction.parseError", border, "", twoDirections},
	{"*Reader.fill", forced, "n > 0", brokenSource},
	{"*Reader.fill", border, "n > 0", brokenSource},
	{"*Reader.fill", forced, "err != nil", brokenSource},
	{"*Request.header", narrow, "", fourGiB},
	{"*requestHeader.check", border, "h.typ != TypeShutdown", handled},
	{"*requestHeader.check", border, "h.typ != TypeCancel", handled},
	{"*requestHeader.checkExtent", border, "uint64(n) > h.total", notEqual},
	{"*responseHeader.checkExtent", border, "uint64(n) > h.total", notEqual},
	{"ParseResponse", border, "h.success == 1", handled},
	{"*Response.checkContent", border, "success == 1", handled},
	{"*Response.checkContent", border, "success == 0", handled},
	{"*Stream.Push", removed, "s.err != nil", "what is pushed after a refusal is kept and never looked at"},
	{"*Stream.Push", removed, "", caller},
	{"*Stream.claim", "", "", buffers},
	{"checkText", forced, "at < len(text)", illFormed},
	{"checkText", border, "at < len(text)", illFormed},
	{"checkText", border, "r == utf8.RuneError", replacement},
	{"checkText", border, "size == 1", replacement},
	{"checkName", forced, "", slowPath},
	{"checkName", border, "", slowPath},

	{"_check_header_complete", removed, "available >= header_size", "no field is found missing then"},
	{"_check_header_complete", border, "available >= header_size", "no field is found missing then"},
	{"_check_header_complete", narrow, "offset + size", "the offsets of a header are small"},
	{"_check_available", forced, "available < total", "no part is found missing then"},
	{"_check_available", border, "available < total", "no part is found missing then"},
	{"_check_request_contents", border, "type_ == TYPE_REQUEST", handled},
	{"parse_request", border, "type_ == TYPE_SHUTDOWN", handled},
	{"parse_request", border, "type_ == TYPE_CANCEL", handled},
	{"parse_request", narrow, "", compared},
	{"parse_request", offByOne, "kwargs_offset + kwargs_len", "the message ends there, and a slice ends with it"},
	{"parse_response", narrow, "", compared},
	{"_require", "", "", caller},
	{"encode_request_message", narrow, "", fourGiB},
	{"encode_response", narrow, "", fourGiB},
	{"encode", removed, "isinstance(message, Cancel)", "the adapter asks only how long the encoding is; pyref's tests look at it"},
	{"_StreamReader.feed", removed, "self._ended", caller},
	{"_StreamReader.feed", forced, "self._refusal is None", "what is fed after a refusal is kept and never looked at"},
	{"_StreamReader.next", removed, "self._refusal is not None", afterwards},
}
