/* UTF-8 as in RFC 3629, section 4: the grammar, alternative by alternative. */
#include "abi.h"

static int within(const u8 *text, u32 n, u32 at, u8 low, u8 high)
{
	return at < n && text[at] >= low && text[at] <= high;
}

/* Length of the well-formed sequence that starts at `at`; 0: none does. */
static u32 sequence(const u8 *text, u32 n, u32 at)
{
	u8 first = text[at];
	u8 low = 0x80, high = 0xBF;
	u32 length;

	if (first <= 0x7F)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		length = 2;
	else if (first >= 0xE0 && first <= 0xEF)
		length = 3;
	else if (first >= 0xF0 && first <= 0xF4)
		length = 4;
	else
		return 0;

	if (first == 0xE0)
		low = 0xA0; /* overlong below */
	if (first == 0xED)
		high = 0x9F; /* surrogates above */
	if (first == 0xF0)
		low = 0x90; /* overlong below */
	if (first == 0xF4)
		high = 0x8F; /* beyond U+10FFFF above */

	if (!within(text, n, at + 1, low, high))
		return 0;
	for (u32 i = 2; i < length; i++)
		if (!within(text, n, at + i, 0x80, 0xBF))
			return 0;
	return length;
}

u32 first_ill_formed(const u8 *text, u32 n)
{
	u32 at = 0;
	while (at < n) {
		u32 length = sequence(text, n, at);
		if (length == 0)
			return at;
		at += length;
	}
	return n;
}

u32 first_zero(const u8 *text, u32 n)
{
	u32 at = 0;
	while (at < n && text[at] != 0)
		at++;
	return at;
}
