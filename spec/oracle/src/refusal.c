/* What the module says about itself and about its last refusal. */
#include "abi.h"

static const char info[] =
	"{\"name\":\"ringwire-oracle\",\"version\":\"1.0\",\"language\":\"C\","
	"\"profiles\":[\"decode\",\"encode\",\"stream\",\"ring\"],"
	"\"max_message\":\"67108864\"}";

u32 max_message = MAX_MESSAGE_DEFAULT;

static u32 last_offset, last_field;

i32 refuse(i32 code, u32 offset, enum field field)
{
	last_offset = offset;
	last_field = (u32)field;
	return -code;
}

void last_refusal(u32 *offset, enum field *field)
{
	*offset = last_offset;
	*field = (enum field)last_field;
}

i32 EXPORT(rw_abi_version)(void)
{
	return 1 << 16 | 0;
}

i32 EXPORT(rw_info)(u8 *out, u32 cap)
{
	u32 n = sizeof info - 1;
	if (cap < n)
		return -BUFFER_TOO_SMALL;
	copy(out, (const u8 *)info, n);
	return (i32)n;
}

i32 EXPORT(rw_error)(u8 *out, u32 cap)
{
	if (cap < 8)
		return -BUFFER_TOO_SMALL;
	put32(out, last_offset);
	put32(out + 4, last_field);
	return 8;
}

i32 EXPORT(rw_set_max_message)(u32 n)
{
	if (n < MAX_MESSAGE_MIN || n > MAX_MESSAGE_MAX)
		return -BAD_ARGUMENT;
	max_message = n;
	return 0;
}
