/* Parts of a payload: found in a record, and named when they are cut off. */
#include "abi.h"

/* spec:req WIRE-009 */
i32 truncated_body(u32 given, const struct part *parts, const enum field *names, u32 count)
{
	u32 i = 0;
	while (i + 1 < count && parts[i].offset + parts[i].length <= given)
		i++;
	return refuse(TRUNCATED_BODY, given, names[i]);
}

int read_part(const u8 *rec, u32 len, u32 at, struct part *part)
{
	u32 offset = get32(rec + at);
	part->length = get32(rec + at + 4);
	part->bytes = rec + offset;
	if (part->length == 0)
		return 1;
	return offset >= RECORD_SIZE && (u64)offset + part->length <= len;
}
