/* The region of spec chapter 02, as the ring functions see it. */
#ifndef RINGWIRE_REGION_H
#define RINGWIRE_REGION_H

#include "abi.h"

struct region {
	u64 size;
	u32 slot_count, slot_size, slot_stride, max_message;
	u64 response_slots;
};

enum {
	REGION_HEADER = 256,
	REQUEST_CONTROL = 512,
	RESPONSE_CONTROL = 1024,
	WORKER_BLOCK = 1536,
	FIRST_SLOTS = 4096,
};

/* Offsets in a ring control block. */
enum { WRITE_POSITION = 0, URGENT_COUNT = 8, READ_POSITION = 128, NEED_WAKEUP = 256 };

/* Reads and judges the region header; 0: acceptable. */
int acceptable(const u8 *image, u32 len, struct region *region);

#endif
