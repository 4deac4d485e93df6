/* Request headers: REQUEST, SHUTDOWN, CANCEL (spec chapter 01). */
#include "abi.h"

struct request {
	u32 type, request_id;
	struct part module_name, function_name, kwargs;
};

/* spec:req WIRE-001 */
static i32 truncated_header(u32 n)
{
	enum field field = n < 1 ? FIELD_TYPE
			 : n < 5 ? FIELD_REQUEST_ID
			 : n < 9 ? FIELD_TOTAL_LENGTH
			 : n < 13 ? FIELD_MODULE_NAME_LEN
			 : n < 17 ? FIELD_FUNCTION_NAME_LEN
				  : FIELD_KWARGS_LEN;
	return refuse(TRUNCATED_HEADER, n, field);
}

/* spec:req WIRE-002 */
static i32 check_type(u32 type)
{
	if (type != REQUEST && type != SHUTDOWN && type != CANCEL)
		return refuse(BAD_TYPE, 0, FIELD_TYPE);
	return 0;
}

/* spec:req WIRE-004 */
static u64 sum(const struct request *m)
{
	return (u64)REQUEST_HEADER + m->module_name.length + m->function_name.length + m->kwargs.length;
}

/* spec:req WIRE-006
 * spec:req WIRE-007
 * spec:req WIRE-008 */
static i32 check_limits(const struct request *m)
{
	if (sum(m) > max_message)
		return refuse(TOO_LARGE, 5, FIELD_TOTAL_LENGTH);
	if (m->module_name.length > NAME_MAX)
		return refuse(NAME_TOO_LONG, 9, FIELD_MODULE_NAME_LEN);
	if (m->function_name.length > NAME_MAX)
		return refuse(NAME_TOO_LONG, 13, FIELD_FUNCTION_NAME_LEN);
	return 0;
}

/* spec:req WIRE-014
 * spec:req WIRE-015
 * spec:req WIRE-016
 * spec:req WIRE-017 */
static i32 check_name(const struct part *name, enum field field)
{
	u32 ill = first_ill_formed(name->bytes, name->length);
	if (ill < name->length)
		return refuse(BAD_UTF8, name->offset + ill, field);
	u32 zero = first_zero(name->bytes, name->length);
	if (zero < name->length)
		return refuse(NUL_IN_NAME, name->offset + zero, field);
	return 0;
}

/* spec:req WIRE-011
 * spec:req WIRE-012
 * spec:req WIRE-013 */
static i32 check_request(const struct request *m)
{
	if (m->request_id == 0)
		return refuse(RESERVED_ID, 1, FIELD_REQUEST_ID);
	if (m->module_name.length == 0)
		return refuse(EMPTY_NAME, 9, FIELD_MODULE_NAME_LEN);
	if (m->function_name.length == 0)
		return refuse(EMPTY_NAME, 13, FIELD_FUNCTION_NAME_LEN);
	i32 refusal = check_name(&m->module_name, FIELD_MODULE_NAME);
	if (refusal)
		return refusal;
	return check_name(&m->function_name, FIELD_FUNCTION_NAME);
}

/* spec:req WIRE-018
 * spec:req WIRE-019
 * spec:req WIRE-020 */
static i32 check_bare(const struct request *m)
{
	if ((m->type == SHUTDOWN) != (m->request_id == 0))
		return refuse(RESERVED_ID, 1, FIELD_REQUEST_ID);
	if (m->module_name.length != 0)
		return refuse(NONZERO_LENGTH, 9, FIELD_MODULE_NAME_LEN);
	if (m->function_name.length != 0)
		return refuse(NONZERO_LENGTH, 13, FIELD_FUNCTION_NAME_LEN);
	if (m->kwargs.length != 0)
		return refuse(NONZERO_LENGTH, 17, FIELD_KWARGS_LEN);
	return 0;
}

static i32 check_contents(const struct request *m)
{
	return m->type == REQUEST ? check_request(m) : check_bare(m);
}

static void place(struct request *m)
{
	m->module_name.offset = REQUEST_HEADER;
	m->function_name.offset = m->module_name.offset + m->module_name.length;
	m->kwargs.offset = m->function_name.offset + m->function_name.length;
}

static void read_header(struct request *m, const u8 *header)
{
	m->type = header[0];
	m->request_id = get32(header + 1);
	m->module_name.length = get32(header + 9);
	m->function_name.length = get32(header + 13);
	m->kwargs.length = get32(header + 17);
}

/* spec:req WIRE-005 */
static i32 check_header(const u8 *header, struct request *m)
{
	read_header(m, header);
	i32 refusal = check_type(m->type);
	if (refusal)
		return refusal;
	if (get32(header + 5) != sum(m))
		return refuse(LENGTH_MISMATCH, 5, FIELD_TOTAL_LENGTH);
	return check_limits(m);
}

i32 check_request_header(const u8 *header, u32 *total)
{
	struct request m;
	i32 refusal = check_header(header, &m);
	if (refusal == 0)
		*total = (u32)sum(&m);
	return refusal;
}

static void write_record(u8 *rec, const struct request *m)
{
	u32 total = (u32)sum(m);
	put32(rec, m->type);
	put32(rec + 4, m->request_id);
	put32(rec + 8, total);
	put32(rec + 12, m->module_name.offset);
	put32(rec + 16, m->module_name.length);
	put32(rec + 20, m->function_name.offset);
	put32(rec + 24, m->function_name.length);
	put32(rec + 28, m->kwargs.offset);
	put32(rec + 32, m->kwargs.length);
	put32(rec + 36, total);
}

/* spec:req WIRE-009
 * spec:req WIRE-010
 * spec:req WIRE-027 */
i32 decode_request(const u8 *in, u32 len, u8 *rec, u32 cap)
{
	struct request m;

	if (len < REQUEST_HEADER)
		return truncated_header(len);
	i32 refusal = check_header(in, &m);
	if (refusal)
		return refusal;
	place(&m);
	u32 total = (u32)sum(&m);
	if (len < total) {
		const struct part parts[] = { m.module_name, m.function_name, m.kwargs };
		const enum field names[] = { FIELD_MODULE_NAME, FIELD_FUNCTION_NAME, FIELD_KWARGS };
		return truncated_body(len, parts, names, 3);
	}
	if (len > total)
		return refuse(TRAILING, total, FIELD_TRAILING);
	m.module_name.bytes = in + m.module_name.offset;
	m.function_name.bytes = in + m.function_name.offset;
	m.kwargs.bytes = in + m.kwargs.offset;
	refusal = check_contents(&m);
	if (refusal)
		return refusal;
	if (cap < RECORD_SIZE)
		return -BUFFER_TOO_SMALL;
	write_record(rec, &m);
	return RECORD_SIZE;
}

i32 EXPORT(rw_decode_request)(const u8 *in, u32 len, u8 *rec, u32 cap)
{
	return decode_request(in, len, rec, cap);
}

/* spec:req WIRE-030
 * spec:req WIRE-031 */
i32 EXPORT(rw_encode_request)(const u8 *rec, u32 len, u8 *out, u32 cap)
{
	struct request m;

	if (len < RECORD_SIZE)
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);
	m.type = get32(rec);
	m.request_id = get32(rec + 4);
	if (m.type > 0xFF || !read_part(rec, len, 12, &m.module_name) || !read_part(rec, len, 20, &m.function_name) ||
	    !read_part(rec, len, 28, &m.kwargs))
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);

	i32 refusal = check_type(m.type);
	if (refusal)
		return refusal;
	refusal = check_limits(&m);
	if (refusal)
		return refusal;
	place(&m);
	refusal = check_contents(&m);
	if (refusal)
		return refusal;

	u32 total = (u32)sum(&m);
	if (cap < total)
		return -BUFFER_TOO_SMALL;
	put8(out, m.type);
	put32(out + 1, m.request_id);
	put32(out + 5, total);
	put32(out + 9, m.module_name.length);
	put32(out + 13, m.function_name.length);
	put32(out + 17, m.kwargs.length);
	copy(out + m.module_name.offset, m.module_name.bytes, m.module_name.length);
	copy(out + m.function_name.offset, m.function_name.bytes, m.function_name.length);
	copy(out + m.kwargs.offset, m.kwargs.bytes, m.kwargs.length);
	return (i32)total;
}
