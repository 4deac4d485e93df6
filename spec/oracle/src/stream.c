/* Frames in a stream (spec chapter 01, Streams). */
#include "abi.h"

static u32 direction; /* 0: no stream is open */
static u8 *buffer;
static u32 buffer_size, begin, end;
static int ended;
static i32 refusal; /* the last word, once it is not 0 */
static u32 refusal_offset;
static enum field refusal_field;

void forget_stream(void)
{
	direction = 0;
	buffer = 0;
	buffer_size = begin = end = 0;
	ended = 0;
	refusal = 0;
}

i32 EXPORT(rw_stream_open)(u32 wanted)
{
	if (wanted != DIRECTION_REQUEST && wanted != DIRECTION_RESPONSE)
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);
	forget_stream();
	direction = wanted;
	return 0;
}

/* The buffer grows with the bytes that came, never with a length that a header
 * promises. spec:req WIRE-029 */
static int make_room(u32 n)
{
	if (n <= buffer_size - end)
		return 1;
	u32 held = end - begin;
	u64 size = buffer_size ? buffer_size : 4096;
	while (size < (u64)held + n)
		size *= 2;
	if (size > buffer_size) {
		u8 *larger = size >> 32 ? 0 : allocate((u32)size);
		if (!larger)
			return 0;
		copy(larger, buffer + begin, held);
		buffer = larger;
		buffer_size = (u32)size;
	} else {
		copy(buffer, buffer + begin, held);
	}
	begin = 0;
	end = held;
	return 1;
}

i32 EXPORT(rw_stream_push)(const u8 *in, u32 len)
{
	if (direction == 0 || ended)
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);
	if (len == 0) {
		ended = 1;
		return 0;
	}
	if (!make_room(len))
		return refuse(NO_MEMORY, 0, FIELD_NONE);
	copy(buffer + end, in, len);
	end += len;
	return (i32)len;
}

static i32 decode(const u8 *in, u32 len, u8 *rec, u32 cap)
{
	return direction == DIRECTION_REQUEST ? decode_request(in, len, rec, cap)
					      : decode_response(in, len, rec, cap);
}

/* spec:req WIRE-032
 * spec:req WIRE-033
 * spec:req WIRE-034 */
static i32 next(u8 *rec, u32 cap, u8 *out, u32 out_cap)
{
	const u8 *frame = buffer + begin;
	u32 held = end - begin;
	u32 header = direction == DIRECTION_REQUEST ? REQUEST_HEADER : RESPONSE_HEADER;
	u32 total = header;

	if (held >= header) {
		i32 wrong = direction == DIRECTION_REQUEST ? check_request_header(frame, &total)
							   : check_response_header(frame, &total);
		if (wrong)
			return wrong;
	}
	if (held < total) {
		if (!ended || held == 0)
			return 0;
		return decode(frame, held, rec, cap);
	}
	if (out_cap < total)
		return -BUFFER_TOO_SMALL;
	i32 result = decode(frame, total, rec, cap);
	if (result < 0)
		return result;
	copy(out, frame, total);
	begin += total;
	return (i32)total;
}

/* spec:req WIRE-035
 * spec:req ABI-012 */
i32 EXPORT(rw_stream_next)(u8 *rec, u32 cap, u8 *out, u32 out_cap)
{
	if (direction == 0)
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);
	if (refusal)
		return refuse(-refusal, refusal_offset, refusal_field);
	i32 result = next(rec, cap, out, out_cap);
	if (result < 0 && result > -BUFFER_TOO_SMALL) {
		refusal = result;
		last_refusal(&refusal_offset, &refusal_field);
	}
	return result;
}
