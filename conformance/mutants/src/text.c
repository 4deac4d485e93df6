/* UTF-8. */
#include "mutants.h"

static u32 sequence(const u8 *t, u32 n)
{
	u8 b = t[0];
	u32 length = b < 0x80 ? 1 : b < 0xC0 ? 0 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : b < 0xF8 ? 4 : 0;
	if (length == 0)
		return 0;
	u32 value = length == 1 ? b : b & (0x7F >> length);
	for (u32 i = 1; i < length; i++) {
		if (i >= n)
			return M(28) ? n : 0;
		if ((t[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (t[i] & 0x3F);
	}
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (value < least[length] && !M(25))
		return 0;
	if (value >= 0xD800 && value <= 0xDFFF && !M(26))
		return 0;
	if (value > 0x10FFFF && !M(27))
		return 0;
	return length;
}

u32 ill_formed(const u8 *t, u32 n)
{
	for (u32 at = 0; at < n;) {
		u32 length = sequence(t + at, n - at);
		if (length == 0) {
			if (M(29)) /* the first byte that is not as expected */
				while (at + 1 < n && (t[at + 1] & 0xC0) == 0x80)
					at++;
			return at;
		}
		at += length;
	}
	return n;
}
