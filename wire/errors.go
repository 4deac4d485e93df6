package wire

import "strconv"

// Error says why a message was refused. Code, Offset and Field are the same in
// every implementation; the rest is for people. Find it with errors.As.
type Error struct {
	Code   Code
	Offset int   // bytes from the start of the message
	Field  Field // the header field, the part of the payload, or FieldTrailing

	// Got is what was found: the value of a header field, the first ill-formed
	// byte, or the number of bytes given where there are too few or too many.
	Got uint64
	// Want is the sum, size or limit that Got was held against; 0 where it was
	// held against none.
	Want uint64
}

// Category is the category of the code.
func (e *Error) Category() Category { return e.Code.Category() }

// Error is a sentence with the fix where it helps, and the facts.
func (e *Error) Error() string {
	b := make([]byte, 0, 192)
	b = append(b, "wire: "...)
	b = append(b, explain(e.Code)...)
	b = append(b, ": code="...)
	b = append(b, e.Code.String()...)
	b = append(b, " offset="...)
	b = strconv.AppendInt(b, int64(e.Offset), 10)
	b = append(b, " field="...)
	b = append(b, e.Field...)
	b = append(b, " got="...)
	b = strconv.AppendUint(b, e.Got, 10)
	if e.Want != 0 {
		b = append(b, " want="...)
		b = strconv.AppendUint(b, e.Want, 10)
	}
	return string(b)
}

func refuse(code Code, offset int, field Field, got, want uint64) *Error {
	return &Error{Code: code, Offset: offset, Field: field, Got: got, Want: want}
}

// explain is the sentence of a code.
func explain(c Code) string {
	switch c {
	case CodeTruncatedHeader:
		return "message ends inside its header"
	case CodeTruncatedBody:
		return "message ends before total_length"
	case CodeLengthMismatch:
		return "total_length is not the header plus the payload lengths"
	case CodeTrailing:
		return "bytes follow the message"
	case CodeBadType:
		return "this direction does not carry such a type"
	case CodeTooLarge:
		return "frame exceeds max_message; send less or raise the limit on both sides"
	case CodeNameTooLong:
		return "name is longer than a name may be"
	case CodeBadSuccess:
		return "success must be 0 or 1"
	case CodeBadUTF8:
		return "text is not well-formed UTF-8"
	case CodeEmptyName:
		return "a request must name a module and a function"
	case CodeNULInName:
		return "name contains a zero byte"
	case CodeStatusConflict:
		return "success 1 needs status 200 to 299 and no error message, success 0 needs status 400 to 599"
	case CodeReservedID:
		return "request_id 0 belongs to SHUTDOWN alone"
	case CodeNonzeroLength:
		return "SHUTDOWN and CANCEL have no payload"
	}
	return "message refused"
}
