/* Memory, numbers, refusals. */
#include "mutants.h"

struct chosen chosen = { "RINGWIRE-MUTANT", 0 };

extern u8 __heap_base, __heap_end;

u32 max_message = 67108864, error_offset, error_field;

u32 get(const u8 *at, u32 bytes)
{
	u32 value = 0;
	for (u32 i = bytes; i > 0; i--)
		value = value << 8 | at[i - 1];
	return value;
}

u64 get64(const u8 *at)
{
	return get(at, 4) | (u64)get(at + 4, 4) << 32;
}

void put(u8 *at, u32 bytes, u32 value)
{
	for (u32 i = 0; i < bytes; i++, value >>= 8)
		at[i] = (u8)value;
}

void put64(u8 *at, u64 value)
{
	put(at, 4, (u32)value);
	put(at + 4, 4, (u32)(value >> 32));
}

void copy(u8 *to, const u8 *from, u32 n)
{
	for (u32 i = 0; i < n; i++)
		to[i] = from[i];
}

static u32 next, end;

u8 *allocate(u32 n)
{
	if (next == 0) {
		next = ((u32)&__heap_base + 15) & ~15u;
		end = M(76) ? __builtin_wasm_memory_size(0) << 16 : (u32)&__heap_end;
	}
	if (n > end - next) {
		u32 pages = (n >> 16) + 1;
		u32 old = __builtin_wasm_memory_grow(0, pages);
		if (old == (u32)-1)
			return 0;
		if (old << 16 != end)
			next = old << 16;
		end = (old + pages) << 16;
	}
	u8 *block = (u8 *)next;
	next = (next + n + 15) & ~15u;
	return block;
}

u32 EXPORT(rw_alloc)(u32 n)
{
	return (u32)allocate(n);
}

void EXPORT(rw_reset)(void)
{
	error_offset = error_field = 0;
	forget_stream();
}

i32 refuse(i32 code, u32 offset, u32 field)
{
	error_offset = offset;
	error_field = field;
	return -code;
}

i32 EXPORT(rw_abi_version)(void)
{
	return 1 << 16;
}

static const char info[] = "{\"name\":\"mutant\",\"version\":\"1.0\",\"language\":\"C\","
			   "\"profiles\":[\"decode\",\"encode\",\"stream\",\"ring\"],\"max_message\":\"67108864\"}";

i32 EXPORT(rw_info)(u8 *out, u32 cap)
{
	if (cap < sizeof info - 1)
		return -BUFFER_TOO_SMALL;
	copy(out, (const u8 *)info, sizeof info - 1);
	return sizeof info - 1;
}

i32 EXPORT(rw_error)(u8 *out, u32 cap)
{
	if (cap < 8)
		return -BUFFER_TOO_SMALL;
	put(out, 4, error_offset);
	put(out + 4, 4, error_field);
	return 8;
}

i32 EXPORT(rw_set_max_message)(u32 n)
{
	max_message = n;
	return 0;
}
