/* The mutant zoo: one codec and ring with more than a hundred faults, of which a
 * build has one. The kit must find each of them; with number 0 there is none,
 * and the kit must find nothing. The list of faults is in ../mutants.go.
 *
 * M(n) is true in mutant n. It stands where the fault is, so that the right way
 * and the wrong way can be read side by side. */
#ifndef RINGWIRE_MUTANTS_H
#define RINGWIRE_MUTANTS_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;

#define EXPORT(name) __attribute__((export_name(#name), used)) name

/* Go code finds the name in the module and writes the number behind it. */
struct chosen {
	char name[16];
	volatile u32 mutant;
};
extern struct chosen chosen;
#define M(n) (chosen.mutant == (n))

enum {
	TRUNCATED_HEADER = 1, TRUNCATED_BODY, LENGTH_MISMATCH, TRAILING, BAD_TYPE, TOO_LARGE, NAME_TOO_LONG,
	BAD_SUCCESS, BAD_UTF8, EMPTY_NAME, NUL_IN_NAME, STATUS_CONFLICT, RESERVED_ID, NONZERO_LENGTH,
	RING_POSITION = 32, RING_LENGTH, RING_FRAGMENT,
	BUFFER_TOO_SMALL = 64, BAD_ARGUMENT, NO_MEMORY, REGION_REFUSED = 70,
};

enum { MODULE_NAME = 16, FUNCTION_NAME, KWARGS, BODY, ERROR_MESSAGE, TRAILING_FIELD };

u32 get(const u8 *at, u32 bytes);
u64 get64(const u8 *at);
void put(u8 *at, u32 bytes, u32 value);
void put64(u8 *at, u64 value);
void copy(u8 *to, const u8 *from, u32 n);
u8 *allocate(u32 n);

extern u32 max_message, error_offset, error_field;
i32 refuse(i32 code, u32 offset, u32 field);

/* Offset of the first ill-formed sequence, or n. */
u32 ill_formed(const u8 *text, u32 n);

/* A message of either direction: its header fields by number (registry/abi.json)
 * and its parts. */
struct message {
	int response;
	u32 type, id, total, status, success;
	u32 parts;
	u32 length[3], offset[3];
	const u8 *bytes[3];
};

void read_header(struct message *m, int response, const u8 *in);
i32 check_header(struct message *m);
i32 decode(int response, const u8 *in, u32 n, u8 *rec, u32 cap);
u64 sum(const struct message *m);

void forget_stream(void);

#endif
