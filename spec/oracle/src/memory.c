/* Little-endian access at any address, and the blocks of rw_alloc. */
#include "abi.h"

enum { PAGE = 65536 };

extern u8 __heap_base, __heap_end;

u32 get16(const u8 *at)
{
	return (u32)at[0] | (u32)at[1] << 8;
}

u32 get32(const u8 *at)
{
	return get16(at) | get16(at + 2) << 16;
}

u64 get64(const u8 *at)
{
	return (u64)get32(at) | (u64)get32(at + 4) << 32;
}

void put8(u8 *at, u32 value)
{
	at[0] = (u8)value;
}

void put16(u8 *at, u32 value)
{
	at[0] = (u8)value;
	at[1] = (u8)(value >> 8);
}

void put32(u8 *at, u32 value)
{
	put16(at, value);
	put16(at + 2, value >> 16);
}

void put64(u8 *at, u64 value)
{
	put32(at, (u32)value);
	put32(at + 4, (u32)(value >> 32));
}

void copy(u8 *to, const u8 *from, u32 n)
{
	for (u32 i = 0; i < n; i++)
		to[i] = from[i];
}

/* Blocks are cut from one stretch of memory that is the module's own. The host
 * may have added pages behind it, so a stretch that is too short is only
 * extended if the new pages follow it; otherwise a new stretch begins. */
static u64 stretch_start, stretch_end, next_block;

u8 *allocate(u32 n)
{
	if (stretch_start == 0) {
		stretch_start = next_block = ((u64)(__SIZE_TYPE__)&__heap_base + 15) & ~15ull;
		stretch_end = (u64)(__SIZE_TYPE__)&__heap_end;
	}
	if (next_block + n > stretch_end) {
		u64 missing = next_block + n - stretch_end;
		u64 had = (u64)__builtin_wasm_memory_size(0) * PAGE;
		if (had != stretch_end)
			missing = n;
		u64 pages = (missing + PAGE - 1) / PAGE;
		if (pages > 65535 || __builtin_wasm_memory_grow(0, (__SIZE_TYPE__)pages) == (__SIZE_TYPE__)-1)
			return 0;
		if (had != stretch_end)
			stretch_start = next_block = had;
		stretch_end = had + pages * PAGE;
	}
	u8 *block = (u8 *)(__SIZE_TYPE__)next_block;
	next_block = (next_block + n + 15) & ~15ull;
	return block;
}

u32 EXPORT(rw_alloc)(u32 n)
{
	return (u32)(__SIZE_TYPE__)allocate(n);
}

void EXPORT(rw_reset)(void)
{
	next_block = stretch_start;
	refuse(0, 0, FIELD_NONE);
	forget_stream();
}
