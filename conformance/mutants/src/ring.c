/* Regions and rings. */
#include "mutants.h"

struct lane {
	u32 count, size, stride, maximum;
	u64 response_slots, total;
	u8 *control, *other_control, *slots;
};

static u64 up(u64 n, u64 unit)
{
	return (n + unit - 1) / unit * unit;
}

static void lay_out(struct lane *l)
{
	l->stride = M(110) ? l->size + 8 : (u32)up(8 + (u64)l->size, 64);
	u64 slots = (u64)l->count * l->stride;
	l->response_slots = M(111) ? 4096 + slots : up(4096 + slots, 4096);
	l->total = up(l->response_slots + slots, 4096);
}

static int in_range(const struct lane *l)
{
	if (!M(112) && (l->count & (l->count - 1)) != 0)
		return 0;
	if (l->count < (M(113) ? 1 : 2) || (l->count > 65536 && !M(114)))
		return 0;
	if (l->size < 64 && !M(115))
		return 0;
	if (l->size > 1048576 && !M(116))
		return 0;
	if (l->size % 8 != 0 && !M(117))
		return 0;
	return M(118) || (l->maximum >= 1024 && l->maximum <= 1073741824);
}

static int same(u64 a, u64 b)
{
	return M(119) ? (u32)a == (u32)b : a == b;
}

static int acceptable(const u8 *image, u32 n, struct lane *l)
{
	static const u8 magic[] = "RINGWIRE";
	if (n < 256)
		return 0;
	for (u32 i = 0; i < (M(120) ? 7 : 8); i++)
		if (image[i] != magic[i])
			return 0;
	if (M(121) ? image[8] != 1 : get(image + 8, 2) != 1)
		return 0;
	if (M(122) && get(image + 10, 2) != 0)
		return 0;
	if (M(123) && get(image + 76, 4) != 0)
		return 0;
	if (M(124) ? get(image + 56, 4) != 0 : M(125) ? 0 : get64(image + 56) != 0)
		return 0;
	if (get(image + 52, 4) != 1 && !M(126))
		return 0;
	l->count = get(image + 36, 4);
	l->size = get(image + 40, 4);
	l->maximum = get(image + 48, 4);
	if (!in_range(l))
		return 0;
	lay_out(l);
	if (!same(get64(image + 16), l->total) && !M(127))
		return 0;
	if (n < l->total && !M(128))
		return 0;
	if (M(129))
		return 1; /* offsets are taken for granted */
	return (get(image + 12, 4) == 256 || M(130)) && (get(image + 44, 4) == l->stride || M(131)) &&
	       get(image + 64, 4) == 512 && get(image + 68, 4) == 1024 && (get(image + 72, 4) == 1536 || M(132)) &&
	       same(get64(image + 80), 4096) && same(get64(image + 88), l->response_slots);
}

i32 EXPORT(rw_region_check)(const u8 *image, u32 n)
{
	struct lane l;
	return refuse(acceptable(image, n, &l) ? 0 : REGION_REFUSED, 0, 0);
}

i32 EXPORT(rw_ring_init)(u8 *image, u32 cap, const u8 *params, u32 n)
{
	struct lane l;
	if (n < 32)
		return refuse(BAD_ARGUMENT, 0, 0);
	l.count = get(params, 4);
	l.size = get(params + 4, 4);
	l.maximum = get(params + 8, 4);
	if (!in_range(&l))
		return refuse(BAD_ARGUMENT, 0, 0);
	lay_out(&l);
	if (cap < l.total)
		return -BUFFER_TOO_SMALL;
	for (u32 i = 0; i < (M(133) ? 4096 : l.total); i++)
		image[i] = 0;
	copy(image, (const u8 *)"RINGWIRE", 8);
	put(image + 8, 2, 1);
	put(image + 12, 4, 256);
	put64(image + 16, l.total);
	copy(image + 24, params + 16, M(134) ? 4 : 8);
	copy(image + 32, params + 12, 4);
	put(image + 36, 4, l.count);
	put(image + 40, 4, l.size);
	put(image + 44, 4, l.stride);
	put(image + 48, 4, l.maximum);
	put(image + 52, 4, 1);
	put(image + 64, 4, 512);
	put(image + 68, 4, 1024);
	put(image + 72, 4, 1536);
	put64(image + 80, 4096);
	put64(image + 88, l.response_slots);
	for (u32 at = 96; at < 108; at += 4)
		put(image + at, 4, M(135) ? 0 : (u32)-1);
	copy(image + 108, params + 24, 4);
	return (i32)l.total;
}

static i32 attach(u8 *image, u32 n, u32 which, struct lane *l)
{
	if (which != 1 && which != 2)
		return refuse(BAD_ARGUMENT, 0, 0);
	if (!acceptable(image, n, l))
		return refuse(REGION_REFUSED, 0, 0);
	l->control = image + 512 * which;
	l->other_control = image + 512 * (3 - which);
	l->slots = image + (which == 2 ? (u32)l->response_slots : 4096);
	return 0;
}

static u8 *slot(const struct lane *l, u64 position)
{
	u32 index = M(136) ? (u32)(position % (l->count - 1)) : (u32)(position & (l->count - 1));
	return l->slots + index * l->stride;
}

/* A position as this side understands it. */
static u64 position(const u8 *at)
{
	return M(137) ? get(at, 4) : get64(at);
}

static i32 corrupt(u8 *side, i32 code)
{
	if (!M(138))
		put(side + 24, 4, (u32)code);
	return refuse(code, 0, 0);
}

i32 EXPORT(rw_ring_push)(u8 *image, u32 n, u32 which, u8 *side, const u8 *in, u32 length, u32 urgent)
{
	struct lane l;
	i32 wrong = attach(image, n, which, &l);
	if (wrong)
		return wrong;
	if (get(side + 24, 4))
		return refuse((i32)get(side + 24, 4), 0, 0);
	if (length == 0)
		return refuse(BAD_ARGUMENT, 0, 0);
	if (length > l.maximum && !M(139))
		return refuse(TOO_LARGE, 0, 0);
	u64 write = position(side), read = position(l.control + 128);
	if (read > write && !M(140))
		return corrupt(side, RING_POSITION);
	if (read < position(side + 8) && !M(141))
		return corrupt(side, RING_POSITION);
	put64(side + 8, read);
	u32 done = get(side + 16, 4), start = done;
	u32 size = M(142) ? l.size - 8 : l.size;
	u32 room = M(143) ? l.count - 1 : M(144) ? l.count + 1 : l.count;
	while (done < length && write - read < room) {
		u8 *at = slot(&l, write);
		u32 part = length - done < size ? length - done : size;
		put(at, 4, M(145) ? part : length);
		put(at + 4, 4, M(146) ? done / size : done);
		copy(at + 8, in + done, part);
		if (M(147))
			for (u32 i = part; i < l.size; i++)
				at[8 + i] = 0;
		done += part;
		write++;
	}
	u32 bell = 0;
	if (done != start || M(148)) {
		u32 need = get((M(149) ? l.other_control : l.control) + 256, 4);
		if (!M(150) || done == length)
			put64(l.control, write);
		if (urgent && !M(151) && (done == length || M(152)))
			put(l.control + 8, 4, get(l.control + 8, 4) + 1);
		bell = M(153) ? need == 1 : M(154) ? (need & 0xFF) != 0 : need != 0;
	}
	put64(side, write);
	put(side + 16, 4, done == length ? 0 : done);
	put(side + 20, 4, bell);
	return (i32)done;
}

i32 EXPORT(rw_ring_pop)(u8 *image, u32 n, u32 which, u8 *side, u8 *out, u32 cap)
{
	struct lane l;
	i32 wrong = attach(image, n, which, &l);
	if (wrong)
		return wrong;
	if (get(side + 24, 4))
		return refuse((i32)get(side + 24, 4), 0, 0);
	u64 read = position(side), write = position(l.control);
	if (write < read && !M(155))
		return corrupt(side, RING_POSITION);
	if (write - read > l.count && write > read && !M(156))
		return corrupt(side, RING_POSITION);
	put64(side + 8, write);
	u32 have = get(side + 16, 4), length = get(side + 20, 4);
	for (u32 turns = 0; (M(155) ? write != read : write > read) && turns < l.count; turns++) {
		const u8 *at = slot(&l, read);
		u32 total = get(at, 4), offset = get(at + 4, 4);
		if (total == 0 && !M(157))
			return corrupt(side, RING_LENGTH);
		if (total > l.maximum && !M(158) && !M(159))
			return corrupt(side, RING_LENGTH);
		if (M(159))
			total = total < l.maximum ? total : l.maximum;
		if (offset != have && !M(160))
			return corrupt(side, RING_FRAGMENT);
		if (have != 0 && total != length && !M(161))
			return corrupt(side, RING_FRAGMENT);
		if (cap < total)
			return -BUFFER_TOO_SMALL;
		length = M(161) && have ? length : total;
		u32 size = l.size;
		u32 part = length - have < size ? length - have : size;
		copy(out + have, at + 8, part);
		have += part;
		read++;
		int whole = have >= length;
		if (!M(162) || whole)
			put64(l.control + 128, read);
		put64(side, read);
		put(side + 16, 4, whole ? 0 : have);
		put(side + 20, 4, whole ? 0 : length);
		if (M(163))
			put(image + 1536 + 16, 4, 1);
		if (whole)
			return (i32)length;
	}
	return 0;
}
