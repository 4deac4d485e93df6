package wire

import (
	"bytes"
	"unicode/utf8"
)

// checkText checks that a part of the payload, which begins at offset, is text.
//
//spec:req WIRE-014
//spec:req WIRE-016
//spec:req WIRE-026
func checkText(text []byte, offset int, field Field) *Error {
	if utf8.Valid(text) {
		return nil
	}
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return refuse(CodeBadUTF8, offset+at, field, uint64(text[at]), 0)
}

// checkName checks the contents of a module or function name, which begins at
// offset.
//
//spec:req WIRE-015
//spec:req WIRE-017
func checkName(name []byte, offset int, field Field) *Error {
	for _, c := range name {
		if c == 0 || c >= utf8.RuneSelf {
			return checkUnusualName(name, offset, field)
		}
	}
	return nil
}

// checkUnusualName is apart from checkName so that the names that people use,
// ASCII and short, are checked in one pass and without a call.
func checkUnusualName(name []byte, offset int, field Field) *Error {
	if err := checkText(name, offset, field); err != nil {
		return err
	}
	if at := bytes.IndexByte(name, 0); at >= 0 {
		return refuse(CodeNULInName, offset+at, field, 0, 0)
	}
	return nil
}
