/* The response header (spec chapter 01). */
#include "abi.h"

struct response {
	u32 type, request_id, status_code, success;
	struct part body, error_message;
};

/* spec:req WIRE-001 */
static i32 truncated_header(u32 n)
{
	enum field field = n < 1 ? FIELD_TYPE
			 : n < 5 ? FIELD_REQUEST_ID
			 : n < 9 ? FIELD_TOTAL_LENGTH
			 : n < 13 ? FIELD_BODY_LEN
			 : n < 15 ? FIELD_STATUS_CODE
			 : n < 19 ? FIELD_ERROR_MESSAGE_LEN
				  : FIELD_SUCCESS;
	return refuse(TRUNCATED_HEADER, n, field);
}

/* spec:req WIRE-003 */
static i32 check_type(u32 type)
{
	if (type != RESPONSE)
		return refuse(BAD_TYPE, 0, FIELD_TYPE);
	return 0;
}

/* spec:req WIRE-004 */
static u64 sum(const struct response *m)
{
	return (u64)RESPONSE_HEADER + m->body.length + m->error_message.length;
}

/* spec:req WIRE-006 */
static i32 check_limits(const struct response *m)
{
	if (sum(m) > max_message)
		return refuse(TOO_LARGE, 5, FIELD_TOTAL_LENGTH);
	return 0;
}

/* spec:req WIRE-021
 * spec:req WIRE-022
 * spec:req WIRE-023
 * spec:req WIRE-024
 * spec:req WIRE-025
 * spec:req WIRE-026 */
static i32 check_contents(const struct response *m)
{
	if (m->request_id == 0)
		return refuse(RESERVED_ID, 1, FIELD_REQUEST_ID);
	if (m->success > 1)
		return refuse(BAD_SUCCESS, 19, FIELD_SUCCESS);
	if (m->success == 1 && (m->status_code < 200 || m->status_code > 299))
		return refuse(STATUS_CONFLICT, 13, FIELD_STATUS_CODE);
	if (m->success == 0 && (m->status_code < 400 || m->status_code > 599))
		return refuse(STATUS_CONFLICT, 13, FIELD_STATUS_CODE);
	if (m->success == 1 && m->error_message.length != 0)
		return refuse(STATUS_CONFLICT, 15, FIELD_ERROR_MESSAGE_LEN);
	u32 ill = first_ill_formed(m->error_message.bytes, m->error_message.length);
	if (ill < m->error_message.length)
		return refuse(BAD_UTF8, m->error_message.offset + ill, FIELD_ERROR_MESSAGE);
	return 0;
}

static void place(struct response *m)
{
	m->body.offset = RESPONSE_HEADER;
	m->error_message.offset = m->body.offset + m->body.length;
}

/* spec:req WIRE-005 */
static i32 check_header(const u8 *header, struct response *m)
{
	m->type = header[0];
	m->request_id = get32(header + 1);
	m->body.length = get32(header + 9);
	m->status_code = get16(header + 13);
	m->error_message.length = get32(header + 15);
	m->success = header[19];
	i32 refusal = check_type(m->type);
	if (refusal)
		return refusal;
	if (get32(header + 5) != sum(m))
		return refuse(LENGTH_MISMATCH, 5, FIELD_TOTAL_LENGTH);
	return check_limits(m);
}

i32 check_response_header(const u8 *header, u32 *total)
{
	struct response m;
	i32 refusal = check_header(header, &m);
	if (refusal == 0)
		*total = (u32)sum(&m);
	return refusal;
}

static void write_record(u8 *rec, const struct response *m)
{
	u32 total = (u32)sum(m);
	put32(rec, m->type);
	put32(rec + 4, m->request_id);
	put32(rec + 8, total);
	put32(rec + 12, m->body.offset);
	put32(rec + 16, m->body.length);
	put32(rec + 20, m->error_message.offset);
	put32(rec + 24, m->error_message.length);
	put32(rec + 28, m->status_code);
	put32(rec + 32, m->success);
	put32(rec + 36, total);
}

/* spec:req WIRE-009
 * spec:req WIRE-010
 * spec:req WIRE-027 */
i32 decode_response(const u8 *in, u32 len, u8 *rec, u32 cap)
{
	struct response m;

	if (len < RESPONSE_HEADER)
		return truncated_header(len);
	i32 refusal = check_header(in, &m);
	if (refusal)
		return refusal;
	place(&m);
	u32 total = (u32)sum(&m);
	if (len < total) {
		const struct part parts[] = { m.body, m.error_message };
		const enum field names[] = { FIELD_BODY, FIELD_ERROR_MESSAGE };
		return truncated_body(len, parts, names, 2);
	}
	if (len > total)
		return refuse(TRAILING, total, FIELD_TRAILING);
	m.body.bytes = in + m.body.offset;
	m.error_message.bytes = in + m.error_message.offset;
	refusal = check_contents(&m);
	if (refusal)
		return refusal;
	if (cap < RECORD_SIZE)
		return -BUFFER_TOO_SMALL;
	write_record(rec, &m);
	return RECORD_SIZE;
}

i32 EXPORT(rw_decode_response)(const u8 *in, u32 len, u8 *rec, u32 cap)
{
	return decode_response(in, len, rec, cap);
}

/* spec:req WIRE-030
 * spec:req WIRE-031 */
i32 EXPORT(rw_encode_response)(const u8 *rec, u32 len, u8 *out, u32 cap)
{
	struct response m;

	if (len < RECORD_SIZE)
		return refuse(BAD_ARGUMENT, 0, FIELD_NONE);
	m.type = get32(rec);
	m.request_id = get32(rec + 4);
	m.status_code = get32(rec + 28);
	m.success = get32(rec + 32);
	if (m.type > 0xFF || m.status_code > 0xFFFF || m.success > 0xFF || !read_part(rec, len, 12, &m.body) ||
	    !read_part(rec, len, 20, &m.error_message))
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
	put32(out + 9, m.body.length);
	put16(out + 13, m.status_code);
	put32(out + 15, m.error_message.length);
	put8(out + 19, m.success);
	copy(out + m.body.offset, m.body.bytes, m.body.length);
	copy(out + m.error_message.offset, m.error_message.bytes, m.error_message.length);
	return (i32)total;
}
