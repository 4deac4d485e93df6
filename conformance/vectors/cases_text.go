package vectors

import "strings"

// textCase is a byte string that is, or is not, UTF-8.
type textCase struct {
	id, comment, text string
	// at is the offset of the first ill-formed sequence.
	at int
}

// goodTexts lie on the good side of every border of RFC 3629.
var goodTexts = []textCase{
	{id: "u0001", comment: "the first code point that a name may hold", text: "\x01"},
	{id: "u007f", comment: "last code point of one byte", text: "\x7F"},
	{id: "u0080", comment: "first code point of two bytes", text: "\u0080"},
	{id: "u07ff", comment: "last code point of two bytes", text: "\u07FF"},
	{id: "u0800", comment: "first code point of three bytes", text: "\u0800"},
	{id: "ud7ff", comment: "last code point before the surrogates", text: "\uD7FF"},
	{id: "ue000", comment: "first code point after the surrogates", text: "\uE000"},
	{id: "ufeff", comment: "a byte order mark is text like any other", text: "\uFEFFm"},
	{id: "uffff", comment: "a noncharacter is text; last code point of three bytes", text: "\uFFFF"},
	{id: "u10000", comment: "first code point of four bytes", text: "\U00010000"},
	{id: "u10ffff", comment: "the last code point", text: "\U0010FFFF"},
	{id: "mixed", comment: "sequences of all four lengths", text: "a\u00E9\u20AC\U0001F300z"},
	{id: "decomposed", comment: "text is not normalised", text: "e\u0301"},
}

// badTexts each hold one ill-formed sequence.
var badTexts = []textCase{
	{"lone-continuation", "a continuation byte without a first byte", "\x80", 0},
	{"continuation-after-text", "a sequence of three bytes that breaks off before its third; the offset is that of its first byte", "a\xE2\x82b", 1},
	{"last-continuation", "the greatest continuation byte alone", "ab\xBF", 2},
	{"fe", "FE never occurs in UTF-8", "a\xFE", 1},
	{"ff", "FF never occurs in UTF-8", "\xFFa", 0},
	{"c0", "C0 would start an overlong form", "\xC0\xAF", 0},
	{"c1", "C1 would start an overlong form", "\xC1\xBF", 0},
	{"overlong-zero", "C0 80 is an overlong zero, in Java's modified UTF-8 the usual one", "a\xC0\x80", 1},
	{"overlong-three", "E0 9F BF is the last overlong form of three bytes", "\xE0\x9F\xBF", 0},
	{"overlong-four", "F0 8F BF BF is the last overlong form of four bytes", "\xF0\x8F\xBF\xBF", 0},
	{"surrogate-first", "U+D800, the first surrogate", "\xED\xA0\x80", 0},
	{"surrogate-last", "U+DFFF, the last surrogate", "m\xED\xBF\xBF", 1},
	{"surrogate-pair", "a surrogate pair, each half encoded by itself as CESU-8 does", "\xED\xA0\xBC\xED\xBC\x80", 0},
	{"above-last", "U+110000, one above the last code point", "\xF4\x90\x80\x80", 0},
	{"f5", "F5 would start code points far above the last", "\xF5\x80\x80\x80", 0},
	{"five-bytes", "a sequence of five bytes, as RFC 2279 had them", "\xF8\x88\x80\x80\x80", 0},
	{"truncated-two", "a sequence of two bytes that ends with the field", "ab\xC3", 2},
	{"truncated-three", "a sequence of three bytes that ends with the field after two", "a\xE2\x82", 1},
	{"truncated-four", "a sequence of four bytes that ends with the field after three", "\xF0\x9F\x8C", 0},
	{"first-byte-twice", "a first byte followed by another first byte", "\xC3\xC3\xA9", 0},
	{"after-replacement", "U+FFFD, which many decoders put for what they cannot read, is text; the byte after it is not", "\uFFFD\x80", 3},
	{"latin1", "Latin-1, where UTF-8 is meant", "caf\xE9", 3},
	{"utf16", "UTF-16 with its byte order mark", "\xFF\xFEm", 0},
	{"late", "one bad byte after 200 good ones", strings.Repeat("\u00E9", 100) + "\x80", 200},
	{"third-byte-low", "a third byte below the continuation bytes", "\xE2\x82\x7F", 0},
	{"fourth-byte-high", "a fourth byte above the continuation bytes", "\xF0\x9F\x8C\xC0", 0},
}
