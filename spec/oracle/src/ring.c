/* Both sides of a ring on an image (spec chapter 03). Nothing else touches the
 * image during a call, so the orderings of the chapter need no fences here;
 * what counts is which values are read once, which are judged, and what is
 * written. */
#include "region.h"

/* A ring of an image. */
struct ring {
	u8 *control, *slots;
	struct region region;
};

/* Offsets in a side record. */
enum { OWN = 0, OTHER = 8, PROGRESS = 16, EXTRA = 20, CORRUPT = 24 };

static i32 attach(u8 *image, u32 len, u32 which, struct ring *ring)
{
	if (which != DIRECTION_REQUEST && which != DIRECTION_RESPONSE)
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);
	if (!acceptable(image, len, &ring->region))
		return refuse(REGION_REFUSED, 0, FIELD_NONE);
	int response = which == DIRECTION_RESPONSE;
	ring->control = image + (response ? RESPONSE_CONTROL : REQUEST_CONTROL);
	ring->slots = image + (response ? (u32)ring->region.response_slots : FIRST_SLOTS);
	return 0;
}

static u8 *slot(const struct ring *ring, u64 position)
{
	return ring->slots + (u32)(position & (ring->region.slot_count - 1)) * ring->region.slot_stride;
}

/* spec:req RING-020
 * spec:req ABI-015 */
static i32 corrupt(u8 *side, i32 code)
{
	put32(side + CORRUPT, (u32)code);
	return refuse(code, 0, FIELD_NONE);
}

static u32 least(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* spec:req RING-001
 * spec:req RING-002
 * spec:req RING-003
 * spec:req RING-004
 * spec:req RING-005
 * spec:req RING-006
 * spec:req RING-007
 * spec:req RING-008
 * spec:req RING-016
 * spec:req RING-021
 * spec:req BELL-002
 * spec:req ABI-013
 * spec:req ABI-016 */
i32 EXPORT(rw_ring_push)(u8 *image, u32 len, u32 which, u8 *side, const u8 *in, u32 n, u32 urgent)
{
	struct ring ring;
	i32 refusal = attach(image, len, which, &ring);
	if (refusal)
		return refusal;
	if (get32(side + CORRUPT) != 0)
		return refuse((i32)get32(side + CORRUPT), 0, FIELD_NONE);
	u32 done = get32(side + PROGRESS);
	if (n == 0 || done >= n)
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);
	if (n > ring.region.max_message)
		return refuse(TOO_LARGE, 0, FIELD_NONE);

	u64 write = get64(side + OWN);
	u64 read = get64(ring.control + READ_POSITION);
	if (write - read > write - get64(side + OTHER))
		return corrupt(side, RING_POSITION);
	put64(side + OTHER, read);

	u64 start = write;
	while (done < n && write - read < ring.region.slot_count) {
		u8 *at = slot(&ring, write);
		u32 fragment = least(n - done, ring.region.slot_size);
		put32(at, n);
		put32(at + 4, done);
		copy(at + 8, in + done, fragment);
		done += fragment;
		write++;
	}
	u32 bell = 0;
	if (write != start) {
		put64(ring.control + WRITE_POSITION, write);
		if (done == n && urgent)
			put32(ring.control + URGENT_COUNT, get32(ring.control + URGENT_COUNT) + 1);
		bell = get32(ring.control + NEED_WAKEUP) != 0;
	}
	put64(side + OWN, write);
	put32(side + PROGRESS, done == n ? 0 : done);
	put32(side + EXTRA, bell);
	return (i32)done;
}

/* spec:req RING-011
 * spec:req RING-012
 * spec:req RING-013
 * spec:req RING-014
 * spec:req RING-015
 * spec:req RING-017
 * spec:req RING-018
 * spec:req ABI-014 */
i32 EXPORT(rw_ring_pop)(u8 *image, u32 len, u32 which, u8 *side, u8 *out, u32 cap)
{
	struct ring ring;
	i32 refusal = attach(image, len, which, &ring);
	if (refusal)
		return refusal;
	if (get32(side + CORRUPT) != 0)
		return refuse((i32)get32(side + CORRUPT), 0, FIELD_NONE);

	u64 read = get64(side + OWN);
	u64 write = get64(ring.control + WRITE_POSITION);
	if (write - read > ring.region.slot_count)
		return corrupt(side, RING_POSITION);
	put64(side + OTHER, write);

	u32 have = get32(side + PROGRESS);
	u32 length = get32(side + EXTRA);
	while (read != write) {
		const u8 *at = slot(&ring, read);
		u32 message_length = get32(at);
		u32 fragment_offset = get32(at + 4);
		if (message_length == 0 || message_length > ring.region.max_message)
			return corrupt(side, RING_LENGTH);
		if (fragment_offset != have || (have != 0 && message_length != length))
			return corrupt(side, RING_FRAGMENT);
		if (cap < message_length)
			return -BUFFER_TOO_SMALL;
		length = message_length;
		u32 fragment = least(length - have, ring.region.slot_size);
		copy(out + have, at + 8, fragment);
		have += fragment;
		read++;
		put64(ring.control + READ_POSITION, read);
		put64(side + OWN, read);
		put32(side + PROGRESS, have == length ? 0 : have);
		put32(side + EXTRA, have == length ? 0 : length);
		if (have == length)
			return (i32)length;
	}
	return 0;
}
