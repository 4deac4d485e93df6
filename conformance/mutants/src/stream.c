/* Streams. */
#include "mutants.h"

static u32 direction, held, room, passed;
static u8 *buffer;
static int ended;
static i32 refused;
static u32 refused_offset, refused_field;

void forget_stream(void)
{
	direction = held = passed = 0;
	ended = 0;
	refused = 0;
}

i32 EXPORT(rw_stream_open)(u32 which)
{
	forget_stream();
	direction = which;
	return 0;
}

i32 EXPORT(rw_stream_push)(const u8 *in, u32 n)
{
	if (n == 0)
		ended = 1;
	if (M(61) && held > 0 && held < 20)
		held = 0; /* a header that was cut is forgotten */
	if (held + n > room) {
		u8 *larger = allocate(2 * (held + n) + 4096);
		if (!larger)
			return -NO_MEMORY;
		copy(larger, buffer, held);
		buffer = larger;
		room = 2 * (held + n) + 4096;
	}
	copy(buffer + held, in, n);
	held += n;
	return (i32)n;
}

static i32 next(u8 *rec, u32 cap, u8 *out, u32 out_cap)
{
	struct message m;
	int response = direction == 2;
	u32 header = response && !M(62) ? 20 : 21;
	u32 total = header;

	if (held >= header) {
		read_header(&m, response, buffer);
		i32 wrong = M(59) ? 0 : check_header(&m);
		if (wrong)
			return wrong;
		u64 all = sum(&m);
		total = M(59) ? m.total : all > 0x7FFFFFFF ? 0x7FFFFFFF : (u32)all;
		if (total < header)
			total = header;
	}
	if (held < total) {
		if (!ended || held == 0 || M(63))
			return 0;
		return decode(response, buffer, held, rec, cap);
	}
	if (M(64) && held > total)
		return refuse(TRAILING, total, TRAILING_FIELD);
	if (out_cap < total)
		return -BUFFER_TOO_SMALL;
	i32 result = decode(response, buffer, total, rec, cap);
	if (result < 0) {
		if (M(60)) { /* leaves the frame out and goes on */
			held -= total;
			copy(buffer, buffer + total, held);
			return held > 0 ? next(rec, cap, out, out_cap) : 0;
		}
		return result;
	}
	copy(out, buffer, total);
	held -= total;
	passed += total;
	copy(buffer, buffer + total, held);
	return (i32)total;
}

i32 EXPORT(rw_stream_next)(u8 *rec, u32 cap, u8 *out, u32 out_cap)
{
	if (refused) {
		if (M(91))
			return 0;
		return refuse(-refused, refused_offset, refused_field);
	}
	i32 result = next(rec, cap, out, out_cap);
	if (result < 0) {
		if (M(65))
			error_offset += passed;
		refused = result;
		refused_offset = error_offset;
		refused_field = error_field;
	}
	return result;
}
