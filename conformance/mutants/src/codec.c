/* Decoding and encoding, both directions. */
#include "mutants.h"

enum { REQUEST = 1, RESPONSE, SHUTDOWN, CANCEL };

static const u32 request_ends[] = { 1, 5, 9, 13, 17, 21 }, request_numbers[] = { 1, 2, 3, 4, 5, 6 };
static const u32 response_ends[] = { 1, 5, 9, 13, 15, 19, 20 }, response_numbers[] = { 1, 2, 3, 7, 8, 9, 10 };

static u32 header_size(int response)
{
	return response ? (M(5) ? 19 : 20) : 21;
}

static u32 swap(u32 v)
{
	return __builtin_bswap32(v);
}

void read_header(struct message *m, int response, const u8 *in)
{
	m->response = response;
	m->type = in[0];
	m->id = get(in + 1, 4);
	if (M(47))
		m->id = swap(m->id);
	m->total = get(in + 5, 4);
	if (M(6))
		m->total = swap(m->total);
	m->parts = response ? 2 : 3;
	m->length[0] = get(in + 9, 4);
	if (response) {
		m->status = get(in + 13, 2);
		m->length[1] = get(in + 15, 4);
		m->length[2] = 0;
		m->success = M(5) ? m->status < 300 : in[19];
		if (M(1)) {
			m->status = get(in + 9, 2);
			m->length[0] = get(in + 11, 4);
		}
	} else {
		m->length[1] = get(in + 13, 4);
		m->length[2] = get(in + 17, 4);
		m->status = m->success = 0;
		if (M(48)) {
			u32 first = m->length[0];
			m->length[0] = m->length[1];
			m->length[1] = first;
		}
	}
}

u64 sum(const struct message *m)
{
	if (M(3))
		return (u32)(header_size(m->response) + m->length[0] + m->length[1] + m->length[2]);
	return (u64)header_size(m->response) + m->length[0] + m->length[1] + m->length[2];
}

static i32 check_type(const struct message *m)
{
	u32 type = M(16) ? m->type & 0x7F : m->type;
	if (m->response ? type == RESPONSE || (M(14) && type == REQUEST)
			: type == REQUEST || type == SHUTDOWN || type == CANCEL || (M(14) && type == RESPONSE))
		return 0;
	if (M(15) && type >= 10 && type <= 21)
		return 0;
	return refuse(BAD_TYPE, 0, 1);
}

static i32 check_limits(const struct message *m)
{
	u64 total = sum(m);
	int over = total > max_message;
	if (M(9))
		over = total > 67108864; /* the default, whatever the lane says */
	if (M(10))
		over = total >= max_message;
	if (M(50))
		over = (i32)total > (i32)max_message;
	if (M(77))
		over = 0;
	if (over)
		return refuse(TOO_LARGE, 5, 3);
	if (m->response || M(11))
		return 0;
	u32 most = M(12) ? 1023 : M(13) ? 1025 : 1024;
	if (m->length[0] > most)
		return refuse(NAME_TOO_LONG, 9, 4);
	if (m->length[1] > most && !M(78))
		return refuse(NAME_TOO_LONG, 13, 5);
	return 0;
}

i32 check_header(struct message *m)
{
	i32 wrong = check_type(m);
	if (wrong)
		return wrong;
	if (M(45)) {
		wrong = m->total > max_message ? refuse(TOO_LARGE, 5, 3) : 0;
		if (wrong)
			return wrong;
	}
	int mismatch = m->total != sum(m);
	if (M(2))
		mismatch = m->total < header_size(m->response);
	if (M(79))
		mismatch = m->total < sum(m);
	if (M(80))
		mismatch = m->total > sum(m);
	if (mismatch)
		return refuse(LENGTH_MISMATCH, 5, 3);
	return check_limits(m);
}

static i32 check_run(const struct message *m, u32 part, u32 n, u32 field)
{
	u32 at = ill_formed(m->bytes[part], n);
	if (at < n)
		return refuse(BAD_UTF8, m->offset[part] + at, field);
	return 0;
}

static i32 check_text(const struct message *m, u32 part, u32 field)
{
	return check_run(m, part, m->length[part], field);
}

static i32 check_nul(const struct message *m, u32 part, u32 field)
{
	for (u32 i = 0; i < m->length[part]; i++)
		if (m->bytes[part][i] == 0)
			return refuse(NUL_IN_NAME, m->offset[part] + (M(81) ? 0 : i), field);
	return 0;
}

static i32 check_names(const struct message *m)
{
	i32 wrong = 0;
	if (M(8)) /* the names as one text */
		wrong = check_run(m, 0, m->length[0] + m->length[1], MODULE_NAME);
	if (M(49) && !wrong)
		wrong = check_nul(m, 0, MODULE_NAME);
	if (!wrong && !M(24) && !M(8))
		wrong = check_text(m, 0, MODULE_NAME);
	if (!wrong && !M(22))
		wrong = check_nul(m, 0, MODULE_NAME);
	if (!wrong && !M(24) && !M(8) && !M(82))
		wrong = check_text(m, 1, FUNCTION_NAME);
	if (!wrong && !M(23))
		wrong = check_nul(m, 1, FUNCTION_NAME);
	if (!wrong && M(38))
		wrong = check_text(m, 2, KWARGS);
	if (!wrong && M(39))
		wrong = check_nul(m, 2, KWARGS);
	return wrong;
}

static i32 check_request(const struct message *m)
{
	if (m->id == 0 && !M(17))
		return refuse(RESERVED_ID, 1, M(51) ? 1 : 2);
	if (m->length[0] == 0 && !M(20))
		return refuse(EMPTY_NAME, 9, 4);
	if (m->length[1] == 0 && !M(21))
		return refuse(EMPTY_NAME, 13, 5);
	return check_names(m);
}

static i32 check_bare(const struct message *m)
{
	static const u32 offsets[] = { 9, 13, 17 };
	if (m->type == SHUTDOWN && m->id != 0 && !M(18))
		return refuse(RESERVED_ID, 1, 2);
	if (m->type == CANCEL && m->id == 0 && !M(19))
		return refuse(RESERVED_ID, 1, 2);
	for (u32 i = 0; i < 3; i++)
		if (m->length[i] != 0 && !M(40))
			return refuse(NONZERO_LENGTH, offsets[i], 4 + i);
	return 0;
}

static i32 check_response(const struct message *m)
{
	if (m->id == 0 && !M(17))
		return refuse(RESERVED_ID, 1, 2);
	u32 success = M(31) ? m->success != 0 : m->success;
	if (success > 1)
		return refuse(BAD_SUCCESS, 19, 10);
	u32 low = success ? (M(32) ? 100 : 200) : M(34) ? 300 : 400;
	u32 high = success ? (M(33) ? 300 : 299) : M(35) ? 600 : 599;
	if (M(83))
		high = 65535;
	if (m->status < low || m->status > high)
		return refuse(STATUS_CONFLICT, 13, 8);
	if (success && m->length[1] != 0 && !M(36))
		return refuse(STATUS_CONFLICT, 15, 9);
	i32 wrong = 0;
	if (!M(37))
		wrong = check_text(m, 1, ERROR_MESSAGE);
	if (!wrong && M(30))
		wrong = check_nul(m, 1, ERROR_MESSAGE);
	if (!wrong && M(38))
		wrong = check_text(m, 0, BODY);
	return wrong;
}

static i32 check_contents(const struct message *m)
{
	if (m->response)
		return check_response(m);
	return m->type == SHUTDOWN || m->type == CANCEL ? check_bare(m) : check_request(m);
}

static void place(struct message *m)
{
	m->offset[0] = header_size(m->response);
	m->offset[1] = m->offset[0] + m->length[0];
	m->offset[2] = m->offset[1] + m->length[1];
}

static i32 truncated_header(int response, u32 n)
{
	const u32 *ends = response ? response_ends : request_ends;
	const u32 *numbers = response ? response_numbers : request_numbers;
	u32 i = 0;
	while (ends[i] <= n)
		i++;
	return refuse(TRUNCATED_HEADER, M(43) ? 0 : n, numbers[i]);
}

static i32 truncated_body(const struct message *m, u32 n)
{
	u32 i = 0, first = m->response ? BODY : MODULE_NAME;
	while (i + 1 < m->parts && (M(84) ? m->offset[i] + m->length[i] < n : m->offset[i] + m->length[i] <= n))
		i++;
	if (M(42))
		i = m->parts - 1;
	return refuse(TRUNCATED_BODY, n, first + i);
}

static void write_record(const struct message *m, u8 *rec)
{
	u32 total = (u32)sum(m);
	put(rec, 4, m->type);
	put(rec + 4, 4, m->id);
	put(rec + 8, 4, total);
	for (u32 i = 0; i < m->parts; i++) {
		put(rec + 12 + 8 * i, 4, m->offset[i]);
		put(rec + 16 + 8 * i, 4, m->length[i]);
	}
	if (m->response) {
		put(rec + 28, 4, m->status);
		put(rec + 32, 4, m->success);
	}
	put(rec + 36, 4, M(85) ? 0 : total);
	if (M(66))
		rec[40] = 0;
	if (M(74))
		put(rec + 12, 4, 0xFFFFFFF0);
}

static u32 recurse(u32 n)
{
	return recurse(n + 1) / (n | 1);
}

static u32 seen;

/* What a hostile module does instead of decoding. */
static i32 misbehave(const u8 *in, u32 n)
{
	if (M(70))
		for (volatile u32 i = 0;; i++) {
		}
	if (M(71))
		return (i32)recurse(n);
	if (M(72)) {
		while (__builtin_wasm_memory_grow(0, 256) != (__SIZE_TYPE__)-1) {
		}
		return -NO_MEMORY;
	}
	if (M(73))
		return 0x7FFFFFFF;
	if (M(75))
		__builtin_trap();
	if (M(86))
		return -1000;
	if (M(67) && n > 0)
		((u8 *)in)[0] ^= 0x80;
	return 0;
}

i32 decode(int response, const u8 *in, u32 n, u8 *rec, u32 cap)
{
	struct message m;
	u32 header = header_size(response);

	if (chosen.mutant >= 67) {
		i32 odd = misbehave(in, n);
		if (odd)
			return odd;
	}
	if (M(69))
		in = (const u8 *)((u32)in & ~3u);
	if (M(44) && n > 0) {
		m.response = response;
		m.type = in[0];
		if (check_type(&m))
			return refuse(BAD_TYPE, 0, 1);
	}
	if (n < header && !(M(87) && n == header - 1))
		return truncated_header(response, n);
	read_header(&m, response, in);
	if (M(68) && m.id == seen)
		m.id++;
	seen = m.id;
	i32 wrong = check_header(&m);
	if (wrong)
		return wrong;
	place(&m);
	u32 total = M(2) ? m.total : (u32)sum(&m);
	for (u32 i = 0; i < 3; i++)
		m.bytes[i] = in + m.offset[i];
	if (M(4)) /* looks at the byte behind the input, as a search for a terminator does */
		seen += ((const volatile u8 *)in)[n];
	if (M(46)) {
		if (n >= total && (wrong = check_contents(&m)))
			return wrong;
	}
	if (n < total && !(M(41) && n + 1 == total) && !M(88))
		return truncated_body(&m, n);
	if (n > total && !M(7) && !(M(89) && n == total + 1))
		return refuse(TRAILING, M(90) ? n : total, TRAILING_FIELD);
	wrong = check_contents(&m);
	if (wrong)
		return wrong;
	if (cap < 40)
		return -BUFFER_TOO_SMALL;
	write_record(&m, rec);
	return 40;
}

i32 EXPORT(rw_decode_request)(const u8 *in, u32 n, u8 *rec, u32 cap)
{
	return decode(0, in, n, rec, cap);
}

i32 EXPORT(rw_decode_response)(const u8 *in, u32 n, u8 *rec, u32 cap)
{
	return decode(1, in, n, rec, cap);
}

static i32 encode(int response, const u8 *rec, u8 *out, u32 cap)
{
	struct message m;
	m.response = response;
	m.type = get(rec, 4);
	m.id = get(rec + 4, 4);
	m.parts = response ? 2 : 3;
	m.length[2] = 0;
	for (u32 i = 0; i < m.parts; i++) {
		m.bytes[i] = rec + get(rec + 12 + 8 * i, 4);
		m.length[i] = get(rec + 16 + 8 * i, 4);
	}
	m.status = get(rec + 28, 4);
	m.success = get(rec + 32, 4);
	place(&m);
	if (M(54) && cap > 0)
		out[0] = (u8)m.type;
	if (!M(53)) {
		i32 wrong = check_type(&m);
		if (!wrong && !M(55))
			wrong = check_limits(&m);
		if (!wrong && !M(58))
			wrong = check_contents(&m);
		if (wrong)
			return wrong;
	}
	u32 total = (u32)sum(&m);
	if (cap < total)
		return -BUFFER_TOO_SMALL;
	put(out, 1, m.type);
	put(out + 1, 4, m.id);
	put(out + 5, 4, M(52) ? total - header_size(response) : total);
	put(out + 9, 4, m.length[0]);
	if (response) {
		put(out + 13, 2, M(57) ? m.status << 8 | m.status >> 8 : m.status);
		put(out + 15, 4, m.length[1]);
		if (!M(5))
			put(out + 19, 1, m.success);
		if (M(56)) {
			put(out + 9, 2, m.status);
			put(out + 11, 4, m.length[0]);
		}
	} else {
		put(out + 13, 4, m.length[1]);
		put(out + 17, 4, m.length[2]);
	}
	for (u32 i = 0; i < m.parts; i++)
		copy(out + m.offset[i], m.bytes[i], m.length[i]);
	return (i32)total;
}

i32 EXPORT(rw_encode_request)(const u8 *rec, u32 n, u8 *out, u32 cap)
{
	return n < 40 ? -BAD_ARGUMENT : encode(0, rec, out, cap);
}

i32 EXPORT(rw_encode_response)(const u8 *rec, u32 n, u8 *out, u32 cap)
{
	return n < 40 ? -BAD_ARGUMENT : encode(1, rec, out, cap);
}
