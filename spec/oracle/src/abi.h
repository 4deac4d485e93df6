/* The WebAssembly interface of spec chapter 08, and what the files of the
 * oracle share. The oracle is written from spec/ alone and favours the plain
 * way over the fast one: it is the text of the specification, made to run. */
#ifndef RINGWIRE_ABI_H
#define RINGWIRE_ABI_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;

#define EXPORT(name) __attribute__((export_name(#name), used)) name

/* registry/codes.json */
enum {
	TRUNCATED_HEADER = 1,
	TRUNCATED_BODY = 2,
	LENGTH_MISMATCH = 3,
	TRAILING = 4,
	BAD_TYPE = 5,
	TOO_LARGE = 6,
	NAME_TOO_LONG = 7,
	BAD_SUCCESS = 8,
	BAD_UTF8 = 9,
	EMPTY_NAME = 10,
	NUL_IN_NAME = 11,
	STATUS_CONFLICT = 12,
	RESERVED_ID = 13,
	NONZERO_LENGTH = 14,
	RING_POSITION = 32,
	RING_LENGTH = 33,
	RING_FRAGMENT = 34,
};

/* registry/abi.json */
enum {
	BUFFER_TOO_SMALL = 64,
	BAD_ARGUMENT = 65,
	NO_MEMORY = 66,
	REGION_REFUSED = 70,
};

enum field {
	FIELD_NONE = 0,
	FIELD_TYPE = 1,
	FIELD_REQUEST_ID = 2,
	FIELD_TOTAL_LENGTH = 3,
	FIELD_MODULE_NAME_LEN = 4,
	FIELD_FUNCTION_NAME_LEN = 5,
	FIELD_KWARGS_LEN = 6,
	FIELD_BODY_LEN = 7,
	FIELD_STATUS_CODE = 8,
	FIELD_ERROR_MESSAGE_LEN = 9,
	FIELD_SUCCESS = 10,
	FIELD_MODULE_NAME = 16,
	FIELD_FUNCTION_NAME = 17,
	FIELD_KWARGS = 18,
	FIELD_BODY = 19,
	FIELD_ERROR_MESSAGE = 20,
	FIELD_TRAILING = 21,
};

/* registry/wire.json */
enum { REQUEST = 1, RESPONSE = 2, SHUTDOWN = 3, CANCEL = 4 };
enum { REQUEST_HEADER = 21, RESPONSE_HEADER = 20 };
enum { DIRECTION_REQUEST = 1, DIRECTION_RESPONSE = 2 };

/* registry/limits.json */
enum {
	NAME_MAX = 1024,
	MAX_MESSAGE_DEFAULT = 67108864,
	MAX_MESSAGE_MIN = 1024,
	MAX_MESSAGE_MAX = 1073741824,
};

enum { RECORD_SIZE = 40 };

/* memory.c */
u32 get16(const u8 *at);
u32 get32(const u8 *at);
u64 get64(const u8 *at);
void put8(u8 *at, u32 value);
void put16(u8 *at, u32 value);
void put32(u8 *at, u32 value);
void put64(u8 *at, u64 value);
void copy(u8 *to, const u8 *from, u32 n);
u8 *allocate(u32 n);

/* refusal.c: remembers offset and field for rw_error, returns -code. */
i32 refuse(i32 code, u32 offset, enum field field);
void last_refusal(u32 *offset, enum field *field);
extern u32 max_message;

/* text.c: offset of the first ill-formed sequence, n if there is none. */
u32 first_ill_formed(const u8 *text, u32 n);
u32 first_zero(const u8 *text, u32 n);

/* One part of a payload: its bytes, and where they lie in the message. */
struct part {
	const u8 *bytes;
	u32 length;
	u32 offset;
};

/* part.c. read_part finds the part whose offset and length lie at `at` in a
 * record to be encoded; 0: it is not within the record's len bytes. */
int read_part(const u8 *rec, u32 len, u32 at, struct part *part);
i32 truncated_body(u32 given, const struct part *parts, const enum field *names, u32 count);

/* request.c, response.c. The header check covers WIRE-002 to WIRE-008 and is
 * given a whole header; total is set when it returns 0. */
i32 check_request_header(const u8 *header, u32 *total);
i32 check_response_header(const u8 *header, u32 *total);
i32 decode_request(const u8 *in, u32 len, u8 *rec, u32 cap);
i32 decode_response(const u8 *in, u32 len, u8 *rec, u32 cap);

/* stream.c */
void forget_stream(void);

#endif
