/* The region header, made and judged (spec chapter 02). */
#include "region.h"

static const u8 magic[8] = { 'R', 'I', 'N', 'G', 'W', 'I', 'R', 'E' };

static u64 round_up(u64 n, u64 unit)
{
	return (n + unit - 1) / unit * unit;
}

/* spec:req REGION-009 */
static int in_range(u32 slot_count, u32 slot_size, u32 limit)
{
	if (slot_count < 2 || slot_count > 65536 || (slot_count & (slot_count - 1)) != 0)
		return 0;
	if (slot_size < 64 || slot_size > 1048576 || slot_size % 8 != 0)
		return 0;
	return limit >= MAX_MESSAGE_MIN && limit <= MAX_MESSAGE_MAX;
}

/* Everything that follows from slot_count and slot_size. */
static void lay_out(struct region *region)
{
	region->slot_stride = (u32)round_up(8 + (u64)region->slot_size, 64);
	u64 slots = (u64)region->slot_count * region->slot_stride;
	region->response_slots = round_up(FIRST_SLOTS + slots, 4096);
	region->size = round_up(region->response_slots + slots, 4096);
}

/* spec:req REGION-005
 * spec:req REGION-006
 * spec:req REGION-007
 * spec:req REGION-008
 * spec:req REGION-010
 * spec:req REGION-013 */
int acceptable(const u8 *image, u32 len, struct region *region)
{
	if (len < REGION_HEADER)
		return 0;
	for (u32 i = 0; i < 8; i++)
		if (image[i] != magic[i])
			return 0;
	if (get16(image + 8) != 1)
		return 0;
	if (get64(image + 56) != 0 || get32(image + 52) != 1)
		return 0;
	region->slot_count = get32(image + 36);
	region->slot_size = get32(image + 40);
	region->max_message = get32(image + 48);
	if (!in_range(region->slot_count, region->slot_size, region->max_message))
		return 0;
	lay_out(region);
	return get32(image + 12) == REGION_HEADER
	    && get64(image + 16) == region->size
	    && get32(image + 44) == region->slot_stride
	    && get32(image + 64) == REQUEST_CONTROL
	    && get32(image + 68) == RESPONSE_CONTROL
	    && get32(image + 72) == WORKER_BLOCK
	    && get64(image + 80) == FIRST_SLOTS
	    && get64(image + 88) == region->response_slots
	    && len >= region->size;
}

i32 EXPORT(rw_region_check)(const u8 *image, u32 len)
{
	struct region region;
	return refuse(acceptable(image, len, &region) ? 0 : REGION_REFUSED, 0, FIELD_NONE);
}

/* spec:req REGION-001
 * spec:req REGION-003 */
i32 EXPORT(rw_ring_init)(u8 *image, u32 cap, const u8 *params, u32 len)
{
	struct region region;

	if (len < 32)
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);
	region.slot_count = get32(params);
	region.slot_size = get32(params + 4);
	region.max_message = get32(params + 8);
	u32 worker_id = get32(params + 12);
	u64 generation = get64(params + 16);
	u32 spin_ns = get32(params + 24);
	if (!in_range(region.slot_count, region.slot_size, region.max_message) || generation == 0)
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);
	lay_out(&region);
	if (cap < region.size)
		return -BUFFER_TOO_SMALL;

	for (u32 i = 0; i < region.size; i++)
		image[i] = 0;
	copy(image, magic, 8);
	put16(image + 8, 1);
	put16(image + 10, 0);
	put32(image + 12, REGION_HEADER);
	put64(image + 16, region.size);
	put64(image + 24, generation);
	put32(image + 32, worker_id);
	put32(image + 36, region.slot_count);
	put32(image + 40, region.slot_size);
	put32(image + 44, region.slot_stride);
	put32(image + 48, region.max_message);
	put32(image + 52, 1);
	put32(image + 64, REQUEST_CONTROL);
	put32(image + 68, RESPONSE_CONTROL);
	put32(image + 72, WORKER_BLOCK);
	put64(image + 80, FIRST_SLOTS);
	put64(image + 88, region.response_slots);
	put32(image + 96, (u32)-1);
	put32(image + 100, (u32)-1);
	put32(image + 104, (u32)-1);
	put32(image + 108, spin_ns);
	return (i32)region.size;
}
