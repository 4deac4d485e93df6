/* A complete Ringwire worker in one file: C11, Linux, no threads, no library but libc.
 *
 *     worker REGION WORKER_ID
 *
 * It can run the functions of the module ringwire_conformance (spec chapter 08). One loop does
 * everything, and each of its steps is a section below:
 *
 *     request ring -> receive -> take -> run -> outbox -> send -> response ring
 *                                         |        ^
 *                                      sleepers ---+
 *
 * To make it a worker of your own, replace the section "Functions".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the region is little-endian (spec chapter 00), and this program reads it as it is"
#endif

/* ------------------------------------------------------------------------------------------ *
 * Region (spec chapter 02)
 * ------------------------------------------------------------------------------------------ */

struct region_header {
    char magic[8];
    uint16_t version_major, version_minor;
    uint32_t header_size;
    uint64_t region_size, generation;
    uint32_t worker_id, slot_count, slot_size, slot_stride, max_message, payload_encoding;
    uint64_t features;
    uint32_t request_control_offset, response_control_offset, worker_block_offset, reserved;
    uint64_t request_slots_offset, response_slots_offset;
    int32_t request_doorbell, response_doorbell, lifeline;
    uint32_t spin_ns;
};
_Static_assert(offsetof(struct region_header, features) == 56, "region header");
_Static_assert(offsetof(struct region_header, spin_ns) == 108, "region header");

struct ring_control {
    _Atomic uint64_t write_position; /* producer */
    _Atomic uint32_t urgent_count;   /* producer */
    char reserved_1[116];
    _Atomic uint64_t read_position; /* consumer */
    char reserved_2[120];
    _Atomic uint32_t need_wakeup; /* consumer */
    char reserved_3[252];
};
_Static_assert(offsetof(struct ring_control, read_position) == 128, "ring control block");
_Static_assert(offsetof(struct ring_control, need_wakeup) == 256, "ring control block");
_Static_assert(sizeof(struct ring_control) == 512, "ring control block");

struct worker_block {
    _Atomic uint32_t pid, state;
    _Atomic uint64_t heartbeat;
    _Atomic uint32_t current_call, in_flight;
    _Atomic uint64_t refused;
    _Atomic uint32_t protocol_version;
    uint32_t reserved;
    char implementation[64];
};
_Static_assert(offsetof(struct worker_block, implementation) == 40, "worker block");

struct slot {
    _Atomic uint32_t message_length, fragment_offset;
    uint8_t data[];
};

enum {
    HEADER_SIZE = 256,
    REQUEST_CONTROL = 512,
    RESPONSE_CONTROL = 1024,
    WORKER_BLOCK = 1536,
    SLOTS = 4096
};
enum { STARTING, READY, DRAINING, STOPPED, FAILED };
enum {
    EXIT_OK = 0,
    EXIT_REGION_REFUSED = 70,
    EXIT_STARTUP_FAILED = 71,
    EXIT_PROTOCOL = 72,
    EXIT_LIFELINE = 73
};

/* What every section shares: there is one worker in the process. */
static struct region_header header; /* a copy, made before it was judged */
static struct worker_block *block;  /* NULL until the region is accepted */
static volatile sig_atomic_t terminate;

static void ring_doorbell(int doorbell) {
    uint64_t one = 1;
    if (doorbell >= 0 && write(doorbell, &one, sizeof one) < 0) {
        /* "would block": it is ringing already (BELL-006). Anything else is for the lifeline to tell. */
    }
}

static void enter(uint32_t state) {
    atomic_store_explicit(&block->state, state, memory_order_release);
}

static uint32_t state(void) { return atomic_load_explicit(&block->state, memory_order_relaxed); }

/* Ends the worker with an error. Standard error is for people (LIFE-006, LIFE-019, REGION-011). */
static _Noreturn void die(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("worker: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    if (block != NULL) {
        enter(FAILED);
        ring_doorbell(header.response_doorbell);
    }
    _exit(code);
}

static void *resize(void *memory, size_t size) {
    memory = realloc(memory, size > 0 ? size : 1);
    if (memory == NULL) {
        die(1, "out of memory: size=%zu", size);
    }
    return memory;
}

static uint64_t now(void) { /* ns */
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ------------------------------------------------------------------------------------------ *
 * Bytes and text
 * ------------------------------------------------------------------------------------------ */

struct bytes { /* a view; whoever hands it out says for how long */
    const uint8_t *at;
    size_t size;
};

static struct bytes text(const char *s) { return (struct bytes){(const uint8_t *)s, strlen(s)}; }

static bool same(struct bytes a, struct bytes b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* The offset of the first ill-formed sequence of RFC 3629; the size if there is none. */
static size_t text_length(struct bytes t) {
    size_t i = 0;
    while (i < t.size) {
        uint8_t lead = t.at[i], low = 0x80, high = 0xBF; /* low and high bound the second byte */
        size_t more;
        if (lead < 0x80) {
            i++;
            continue;
        } else if (lead >= 0xC2 && lead <= 0xDF) {
            more = 1;
        } else if (lead >= 0xE0 && lead <= 0xEF) {
            more = 2;
            low = lead == 0xE0 ? 0xA0 : low;   /* no overlong forms */
            high = lead == 0xED ? 0x9F : high; /* no surrogates */
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            more = 3;
            low = lead == 0xF0 ? 0x90 : low;   /* no overlong forms */
            high = lead == 0xF4 ? 0x8F : high; /* nothing above U+10FFFF */
        } else {
            return i;
        }
        if (t.size - i <= more || t.at[i + 1] < low || t.at[i + 1] > high) {
            return i;
        }
        for (size_t k = 2; k <= more; k++) {
            if ((t.at[i + k] & 0xC0) != 0x80) {
                return i;
            }
        }
        i += more + 1;
    }
    return i;
}

struct buffer { /* grows at its end */
    uint8_t *at;
    size_t size, room;
};

static struct bytes view(struct buffer b) { return (struct bytes){b.at, b.size}; }

static void reserve(struct buffer *b, size_t size) {
    if (size > b->room) {
        size_t room = b->room < 128 ? 256 : b->room * 2;
        b->room = room > size ? room : size;
        b->at = resize(b->at, b->room);
    }
}

static void put(struct buffer *b, struct bytes more) {
    if (more.size > 0) {
        reserve(b, b->size + more.size);
        memcpy(b->at + b->size, more.at, more.size);
        b->size += more.size;
    }
}

static void put_number(struct buffer *b, uint32_t value, int size) {
    uint8_t little_endian[4] = {value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF,
                                (uint8_t)(value >> 24)};
    put(b, (struct bytes){little_endian, (size_t)size});
}

static uint32_t get_u32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* ------------------------------------------------------------------------------------------ *
 * Frames (spec chapter 01)
 * ------------------------------------------------------------------------------------------ */

enum { REQUEST = 1, RESPONSE = 2, SHUTDOWN = 3, CANCEL = 4 };
enum { REQUEST_HEADER = 21, RESPONSE_HEADER = 20, NAME_MAX_LENGTH = 1024 };

struct request {
    uint8_t type;
    uint32_t id;
    struct bytes module, function, kwargs; /* views into the message */
};

struct refusal {
    const char *code; /* NULL: the message is accepted */
    size_t offset;
    const char *field;
};

static const struct refusal accepted = {NULL, 0, ""};

static struct refusal refuse(const char *code, size_t offset, const char *field) {
    return (struct refusal){code, offset, field};
}

/* spec:req WIRE-014 WIRE-015 WIRE-016 WIRE-017 */
static struct refusal check_name(struct bytes in, struct bytes name, const char *field) {
    size_t good = text_length(name);
    if (good < name.size) {
        return refuse("BAD_UTF8", (size_t)(name.at - in.at) + good, field);
    }
    const uint8_t *zero = memchr(name.at, 0, name.size);
    return zero != NULL ? refuse("NUL_IN_NAME", (size_t)(zero - in.at), field) : accepted;
}

/* Decodes exactly one message of a master. The checks stand in the order of chapter 01, which
 * decides what is said about a message with two faults. */
/* spec:req WIRE-001 WIRE-002 WIRE-004 WIRE-005 WIRE-006 WIRE-007 WIRE-008 WIRE-009 WIRE-010 WIRE-011 WIRE-012 WIRE-013 WIRE-018 WIRE-019 WIRE-020 */
static struct refusal decode_request(struct bytes in, uint32_t max_message, struct request *r) {
    static const char *const lengths[] = {"module_name_len", "function_name_len", "kwargs_len"};
    static const char *const parts[] = {"module_name", "function_name", "kwargs"};
    if (in.size < REQUEST_HEADER) {
        size_t n = in.size;
        return refuse("TRUNCATED_HEADER", n,
                      n < 1   ? "type"
                      : n < 5 ? "request_id"
                      : n < 9 ? "total_length"
                              : lengths[(n - 9) / 4]);
    }
    r->type = in.at[0];
    r->id = get_u32(in.at + 1);
    uint32_t total = get_u32(in.at + 5);
    uint64_t length[] = {get_u32(in.at + 9), get_u32(in.at + 13), get_u32(in.at + 17)};
    if (r->type != REQUEST && r->type != SHUTDOWN && r->type != CANCEL) {
        return refuse("BAD_TYPE", 0, "type");
    }
    if (total != REQUEST_HEADER + length[0] + length[1] + length[2]) {
        return refuse("LENGTH_MISMATCH", 5, "total_length");
    }
    if (total > max_message) {
        return refuse("TOO_LARGE", 5, "total_length");
    }
    for (size_t k = 0; k < 2; k++) {
        if (length[k] > NAME_MAX_LENGTH) {
            return refuse("NAME_TOO_LONG", 9 + 4 * k, lengths[k]);
        }
    }
    struct bytes part[3];
    size_t end = REQUEST_HEADER;
    for (size_t k = 0; k < 3; k++) {
        part[k] = (struct bytes){in.at + end, length[k]};
        end += length[k];
        if (in.size < end) {
            return refuse("TRUNCATED_BODY", in.size, parts[k]);
        }
    }
    if (in.size > total) {
        return refuse("TRAILING", total, "trailing");
    }
    if ((r->id == 0) != (r->type == SHUTDOWN)) {
        return refuse("RESERVED_ID", 1, "request_id");
    }
    for (size_t k = 0; k < 3; k++) {
        if (r->type != REQUEST && length[k] != 0) {
            return refuse("NONZERO_LENGTH", 9 + 4 * k, lengths[k]);
        }
        if (r->type == REQUEST && length[k] == 0 && k < 2) {
            return refuse("EMPTY_NAME", 9 + 4 * k, lengths[k]);
        }
    }
    r->module = part[0], r->function = part[1], r->kwargs = part[2];
    struct refusal why = check_name(in, r->module, parts[0]);
    return why.code != NULL ? why : check_name(in, r->function, parts[1]);
}

/* Encodes a response. The caller has made sure that it is not longer than max_message. */
/* spec:req WIRE-030 */
static void encode_response(struct buffer *out, uint32_t id, uint16_t status, struct bytes body,
                            struct bytes message) {
    reserve(out, RESPONSE_HEADER + body.size + message.size);
    put_number(out, RESPONSE, 1);
    put_number(out, id, 4);
    put_number(out, (uint32_t)(RESPONSE_HEADER + body.size + message.size), 4);
    put_number(out, (uint32_t)body.size, 4);
    put_number(out, status, 2);
    put_number(out, (uint32_t)message.size, 4);
    put_number(out, status < 300, 1);
    put(out, body);
    put(out, message);
}

/* ------------------------------------------------------------------------------------------ *
 * JSON (spec chapter 06). A value stays where it is; reading one means checking it and
 * returning the view from its first to its last byte.
 * ------------------------------------------------------------------------------------------ */

enum { JSON_DEPTH = 512 }; /* this worker's own limit (LIMIT-003): it bounds the stack */

struct json { /* what is left to read, and whether all was well so far */
    const uint8_t *at, *end;
    bool good;
};

static struct json json_of(struct bytes b) { return (struct json){b.at, b.at + b.size, true}; }

static void json_space(struct json *j) {
    while (j->at < j->end && memchr(" \t\n\r", *j->at, 4) != NULL) {
        j->at++;
    }
}

static bool json_eat(struct json *j, char c) {
    bool there = j->at < j->end && *j->at == (uint8_t)c;
    j->at += there;
    return there;
}

static bool json_digits(struct json *j) {
    const uint8_t *first = j->at;
    while (j->at < j->end && *j->at >= '0' && *j->at <= '9') {
        j->at++;
    }
    return j->at > first;
}

static bool json_number(struct json *j) {
    json_eat(j, '-');
    if (!json_eat(j, '0') && !json_digits(j)) {
        return false;
    }
    if (json_eat(j, '.') && !json_digits(j)) {
        return false;
    }
    if (json_eat(j, 'e') || json_eat(j, 'E')) {
        if (!json_eat(j, '+')) {
            json_eat(j, '-');
        }
        return json_digits(j);
    }
    return true;
}

/* The value of four hexadecimal digits, or -1. */
static int json_hex(const uint8_t *at, const uint8_t *end) {
    int value = 0;
    for (int k = 0; k < 4; k++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *d = at + k < end && at[k] != 0 ? strchr(digits, at[k]) : NULL;
        if (d == NULL) {
            return -1;
        }
        value = value * 16 + (int)((d - digits) % 16);
    }
    return value;
}

static bool json_string(struct json *j) {
    if (!json_eat(j, '"')) {
        return false;
    }
    while (j->at < j->end && *j->at >= 0x20) {
        if (json_eat(j, '"')) {
            return true;
        }
        if (!json_eat(j, '\\')) {
            j->at++;
        } else if (json_eat(j, 'u')) {
            if (json_hex(j->at, j->end) < 0) {
                return false;
            }
            j->at += 4;
        } else if (j->at < j->end && *j->at != 0 && strchr("\"\\/bfnrt", *j->at) != NULL) {
            j->at++;
        } else {
            return false;
        }
    }
    return false;
}

static bool json_word(struct json *j, const char *word) {
    size_t n = strlen(word);
    bool there = (size_t)(j->end - j->at) >= n && memcmp(j->at, word, n) == 0;
    j->at += there ? n : 0;
    return there;
}

static struct bytes json_value(struct json *j, int depth);

/* Whether an array or object goes on; false at its end, and, with j->good false, at a fault. */
static bool json_more(struct json *j, char close, bool *first) {
    json_space(j);
    if (!j->good || json_eat(j, close)) {
        return false;
    }
    j->good = *first || json_eat(j, ',');
    *first = false;
    return j->good;
}

/* The next member of an object that has been opened. */
static bool json_member(struct json *j, bool *first, struct bytes *key, struct bytes *value,
                        int depth) {
    if (!json_more(j, '}', first)) {
        return false;
    }
    json_space(j);
    const uint8_t *start = j->at;
    j->good = json_string(j);
    *key = (struct bytes){start, (size_t)(j->at - start)};
    json_space(j);
    j->good = j->good && json_eat(j, ':');
    *value = json_value(j, depth);
    return j->good;
}

static struct bytes json_value(struct json *j, int depth) {
    json_space(j);
    const uint8_t *start = j->at;
    struct bytes key, value;
    bool first = true;
    if (!j->good || j->at == j->end || depth == JSON_DEPTH) {
        j->good = false;
    } else if (*j->at == '"') {
        j->good = json_string(j);
    } else if (json_eat(j, '{')) {
        while (json_member(j, &first, &key, &value, depth + 1)) {
        }
    } else if (json_eat(j, '[')) {
        while (json_more(j, ']', &first)) {
            json_value(j, depth + 1);
        }
    } else {
        j->good =
            json_word(j, "true") || json_word(j, "false") || json_word(j, "null") || json_number(j);
    }
    return (struct bytes){start, (size_t)(j->at - start)};
}

/* Whether b is an object and nothing else; space around it is dropped. */
static bool json_object(struct bytes *b) {
    struct json j = json_of(*b);
    *b = json_value(&j, 0);
    json_space(&j);
    return j.good && j.at == j.end && b->at[0] == '{' && text_length(*b) == b->size;
}

/* What a string, which has been read as a value, says. A surrogate without its partner, which is
 * JSON but no text, becomes U+FFFD. */
static void json_text(struct buffer *out, struct bytes string) {
    const uint8_t *at = string.at + 1, *end = string.at + string.size - 1;
    while (at < end) {
        if (*at != '\\') {
            put(out, (struct bytes){at++, 1});
            continue;
        }
        static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
        if (at[1] != 'u') {
            put(out,
                (struct bytes){(const uint8_t *)meanings + (strchr(escapes, at[1]) - escapes), 1});
            at += 2;
            continue;
        }
        uint32_t c = (uint32_t)json_hex(at + 2, end);
        at += 6;
        int low = end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? json_hex(at + 2, end) : -1;
        if (c >= 0xD800 && c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
            at += 6;
        } else if (c >= 0xD800 && c < 0xE000) {
            c = 0xFFFD;
        }
        uint8_t utf8[4] = {(uint8_t)(0xF0 | c >> 18), 0x80 | (c >> 12 & 0x3F),
                           0x80 | (c >> 6 & 0x3F), 0x80 | (c & 0x3F)};
        size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        utf8[4 - size] = (uint8_t)(size == 1   ? c
                                   : size == 2 ? 0xC0 | c >> 6
                                   : size == 3 ? 0xE0 | c >> 12
                                               : utf8[0]);
        put(out, (struct bytes){utf8 + 4 - size, size});
    }
}

static bool json_says(struct bytes string, const char *meaning) {
    struct buffer b = {0};
    json_text(&b, string);
    bool yes = same(view(b), text(meaning));
    free(b.at);
    return yes;
}

static void put_json_string(struct buffer *out, struct bytes t) {
    put(out, text("\""));
    for (size_t i = 0; i < t.size; i++) {
        char escape[8];
        if (t.at[i] < 0x20 || t.at[i] == '"' || t.at[i] == '\\') {
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)t.at[i]);
            put(out, text(escape));
        } else {
            put(out, (struct bytes){t.at + i, 1});
        }
    }
    put(out, text("\""));
}

/* ------------------------------------------------------------------------------------------ *
 * Rings (spec chapter 03)
 * ------------------------------------------------------------------------------------------ */

/* spec:req RING-020 */
static _Noreturn void corrupt(const char *code) {
    die(EXIT_PROTOCOL, "the lane is corrupt: code=%s", code);
}

static struct slot *slot_at(uint8_t *slots, uint64_t position) {
    return (struct slot *)(slots + (position & (header.slot_count - 1)) * header.slot_stride);
}

static uint64_t fragments(uint64_t size) {
    return (size + header.slot_size - 1) / header.slot_size;
}

static struct { /* the request ring */
    struct ring_control *control;
    uint8_t *slots;
    uint64_t released;     /* our read_position */
    uint64_t next;         /* position of the first slot that has not been copied */
    struct buffer message; /* the fragments of the current message so far */
    uint32_t length;       /* of the current message, once its first fragment is here */
    uint32_t urgent_seen;  /* urgent_count when we last looked ahead */
    uint64_t looked_until; /* position up to which we have looked ahead */
} in;

/* Whether the current message is here as a whole. Its last slot is released by in_take. */
static bool in_complete(void) { return in.length > 0 && in.message.size == in.length; }

/* spec:req RING-015 */
static uint64_t in_published(void) {
    uint64_t position = atomic_load_explicit(&in.control->write_position, memory_order_acquire);
    uint64_t distance = position - in.released;
    if (distance > header.slot_count || distance < in.next - in.released) {
        corrupt("RING_POSITION");
    }
    return position;
}

static void in_release(void) {
    in.released = in.next;
    atomic_store_explicit(&in.control->read_position, in.released, memory_order_release);
}

/* Copies what has come of the current message; returns whether anything has. The last slot is
 * left for in_take. */
/* spec:req RING-011 RING-017 RING-018 RING-019 RING-023 */
static bool in_copy(void) {
    if (in_complete()) {
        return false;
    }
    uint64_t first = in.next, published = in_published();
    while (in.next != published && !in_complete()) {
        struct slot *slot = slot_at(in.slots, in.next);
        uint32_t length = atomic_load_explicit(&slot->message_length, memory_order_relaxed);
        uint32_t offset = atomic_load_explicit(&slot->fragment_offset, memory_order_relaxed);
        if (length == 0 || length > header.max_message) {
            corrupt("RING_LENGTH");
        }
        if (offset != in.message.size || (offset > 0 && length != in.length)) {
            corrupt("RING_FRAGMENT");
        }
        in.length = length;
        uint32_t left = length - offset;
        put(&in.message,
            (struct bytes){slot->data, left < header.slot_size ? left : header.slot_size});
        in.next++;
        if (!in_complete()) {
            in_release();
        }
    }
    return in.next != first;
}

/* The moment from which the call counts as started (RING-013, LIFE-011). The message stays where
 * it is until in_forget. */
static void in_take(void) { in_release(); }

static void in_forget(void) {
    in.length = 0;
    in.message.size = 0;
    if (in.message.room > 1 << 20) { /* a rare large message keeps no memory */
        free(in.message.at);
        in.message = (struct buffer){0};
    }
}

/* A response on its way. */
struct answer {
    struct answer *next;
    struct buffer message;
    size_t sent;
};

static struct { /* the response ring, and what waits for room in it */
    struct ring_control *control;
    uint8_t *slots;
    uint64_t write, released; /* our write position, and the read position that we loaded last */
    struct answer *first, **last;
} out = {.last = &out.first};

/* Writes as much of the outbox as there is room for; returns whether that was anything. */
/* spec:req RING-001 RING-004 RING-006 RING-007 RING-016 BELL-002 */
static bool out_send(void) {
    bool any = false;
    for (struct answer *a; (a = out.first) != NULL;) {
        uint64_t released = atomic_load_explicit(&out.control->read_position, memory_order_acquire);
        if (released > out.write || released < out.released) {
            corrupt("RING_POSITION");
        }
        out.released = released;
        uint64_t free_slots = header.slot_count - (out.write - released);
        if (free_slots == 0) {
            break;
        }
        for (; free_slots > 0 && a->sent < a->message.size; free_slots--) {
            struct slot *slot = slot_at(out.slots, out.write++);
            size_t left = a->message.size - a->sent,
                   n = left < header.slot_size ? left : header.slot_size;
            atomic_store_explicit(&slot->message_length, (uint32_t)a->message.size,
                                  memory_order_relaxed);
            atomic_store_explicit(&slot->fragment_offset, (uint32_t)a->sent, memory_order_relaxed);
            memcpy(slot->data, a->message.at + a->sent, n);
            a->sent += n;
        }
        atomic_store_explicit(&out.control->write_position, out.write, memory_order_release);
        any = true;
        if (a->sent == a->message.size) {
            out.first = a->next;
            if (out.first == NULL) {
                out.last = &out.first;
            }
            free(a->message.at);
            free(a);
        }
    }
    if (any) {
        atomic_thread_fence(memory_order_seq_cst); /* pairs with the master's, before it sleeps */
        if (atomic_load_explicit(&out.control->need_wakeup, memory_order_relaxed) != 0) {
            ring_doorbell(header.response_doorbell);
        }
    }
    return any;
}

/* ------------------------------------------------------------------------------------------ *
 * Answers (spec chapters 05 and 06)
 * ------------------------------------------------------------------------------------------ */

static bool fits(struct bytes body, struct bytes message) {
    return (uint64_t)RESPONSE_HEADER + body.size + message.size <= header.max_message;
}

static void queue_answer(uint32_t id, uint16_t status, struct bytes body, struct bytes message) {
    struct answer *a = resize(NULL, sizeof *a);
    *a = (struct answer){0};
    encode_response(&a->message, id, status, body, message);
    *out.last = a;
    out.last = &a->next;
    atomic_fetch_sub_explicit(&block->in_flight, 1, memory_order_relaxed);
}

/* Answers with a failure. extra is a JSON member for the body, or NULL. */
/* spec:req PAYLOAD-009 */
static void answer_failure(uint32_t id, uint16_t status, const char *type, struct bytes message,
                           const char *extra) {
    struct buffer body = {0};
    put(&body, text("{\"type\":\""));
    put(&body, text(type));
    put(&body, text("\",\"message\":"));
    put_json_string(&body, message);
    if (extra != NULL) {
        put(&body, text(","));
        put(&body, text(extra));
    }
    put(&body, text("}"));
    if (message.size > 200) { /* the error message is a short text; do not cut a character */
        message.size = 200;
        message.size = text_length(message);
    }
    queue_answer(id, status, fits(view(body), message) ? view(body) : (struct bytes){0}, message);
    free(body.at);
}

static void answer_too_large(uint32_t id) {
    answer_failure(id, 413, "TooLarge", text("the result does not fit max_message"), NULL);
}

/* spec:req LIFE-017 */
static void answer_result(uint32_t id, struct bytes body) {
    if (fits(body, (struct bytes){0})) {
        queue_answer(id, 200, body, (struct bytes){0});
    } else {
        answer_too_large(id);
    }
}

static void answer_bad_arguments(uint32_t id, const char *why) {
    answer_failure(id, 400, "BadArguments", text(why), NULL);
}

static void answer_canceled(uint32_t id, bool started) {
    answer_failure(id, 499, "Canceled", text("the call was canceled"),
                   started ? "\"started\":true" : "\"started\":false");
}

/* ------------------------------------------------------------------------------------------ *
 * Functions: the module ringwire_conformance (spec chapter 08). Each gets its call and answers
 * it, at once or later.
 * ------------------------------------------------------------------------------------------ */

static const char module_name[] = "ringwire_conformance";

enum { MAX_SLEEPERS = 4096 }; /* requests beyond are left in the ring */

static struct sleeper {
    uint32_t id;
    uint64_t due; /* ns */
} sleepers[MAX_SLEEPERS];
static size_t sleeping;

enum { MAX_PARAMETERS = 2 };

struct parameter {
    const char *name;
    struct bytes value; /* JSON */
};

/* Finds the values of a function's parameters. It answers the call itself, and returns false, if
 * the arguments do not fit. */
/* spec:req PAYLOAD-005 */
static bool bind(const struct request *r, struct parameter *parameters, size_t count) {
    struct json j = json_of(r->kwargs);
    struct bytes key, value;
    bool first = true;
    json_eat(&j, '{');
    while (json_member(&j, &first, &key, &value, 1)) {
        size_t k = 0;
        while (k < count && !json_says(key, parameters[k].name)) {
            k++;
        }
        if (k == count) {
            answer_bad_arguments(r->id, "unexpected argument");
            return false;
        }
        parameters[k].value = value;
    }
    for (size_t k = 0; k < count; k++) {
        if (parameters[k].value.size == 0) {
            answer_bad_arguments(r->id, "missing argument");
            return false;
        }
    }
    return true;
}

/* Reads the one parameter of a function, a number that is not negative. */
static bool bind_number(const struct request *r, const char *name, double *number) {
    struct parameter p = {name, {0}};
    if (!bind(r, &p, 1)) {
        return false;
    }
    char digits[64];
    if (p.value.size >= sizeof digits || p.value.at[0] < '0' || p.value.at[0] > '9') {
        answer_bad_arguments(r->id, "not a number from 0 up");
        return false;
    }
    memcpy(digits, p.value.at, p.value.size);
    digits[p.value.size] = 0;
    *number = strtod(digits, NULL);
    return true;
}

/* Reads the parameters of a function, all of them strings. The caller frees the texts, which end
 * with a zero byte behind their size. */
static bool bind_texts(const struct request *r, const char *const *names, struct buffer *texts,
                       size_t count) {
    struct parameter p[MAX_PARAMETERS] = {0};
    for (size_t k = 0; k < count; k++) {
        p[k].name = names[k];
    }
    if (!bind(r, p, count)) {
        return false;
    }
    for (size_t k = 0; k < count; k++) {
        if (p[k].value.at[0] != '"') {
            answer_bad_arguments(r->id, "not a string");
            return false;
        }
    }
    for (size_t k = 0; k < count; k++) {
        texts[k] = (struct buffer){0};
        json_text(&texts[k], p[k].value);
        put(&texts[k], (struct bytes){(const uint8_t *)"", 1});
        texts[k].size--;
    }
    return true;
}

static void run_echo(const struct request *r) { answer_result(r->id, r->kwargs); }

static void run_nothing(const struct request *r) {
    if (bind(r, NULL, 0)) {
        answer_result(r->id, text("null"));
    }
}

static void run_fail(const struct request *r) {
    struct buffer message;
    if (bind_texts(r, (const char *const[]){"message"}, &message, 1)) {
        answer_failure(r->id, 500, "Failure", view(message), NULL);
        free(message.at);
    }
}

/* spec:req PAYLOAD-004 */
static void run_nan(const struct request *r) {
    if (bind(r, NULL, 0)) {
        answer_failure(r->id, 502, "BadResult", text("JSON has no NaN"), NULL);
    }
}

static void run_trace(const struct request *r) {
    struct buffer texts[2];
    if (!bind_texts(r, (const char *const[]){"path", "line"}, texts, 2)) {
        return;
    }
    put(&texts[1], text("\n"));
    int file = open((char *)texts[0].at, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0 && write(file, texts[1].at, texts[1].size) == (ssize_t)texts[1].size) {
        answer_result(r->id, text("null"));
    } else {
        answer_failure(r->id, 500, "Failure", text(strerror(errno)), NULL);
    }
    if (file >= 0) {
        close(file);
    }
    free(texts[0].at);
    free(texts[1].at);
}

static void run_getenv(const struct request *r) {
    struct buffer name;
    if (!bind_texts(r, (const char *const[]){"name"}, &name, 1)) {
        return;
    }
    const char *value = getenv((char *)name.at);
    if (value == NULL) {
        answer_result(r->id, text("null"));
    } else if (text_length(text(value)) < strlen(value)) {
        answer_failure(r->id, 502, "BadResult", text("the value is not text"), NULL);
    } else {
        struct buffer body = {0};
        put_json_string(&body, text(value));
        answer_result(r->id, view(body));
        free(body.at);
    }
    free(name.at);
}

static void run_fill(const struct request *r) {
    double number;
    if (!bind_number(r, "size", &number)) {
        return;
    }
    if (number > header.max_message) { /* what cannot fit is not made */
        answer_too_large(r->id);
        return;
    }
    size_t size = (size_t)number;
    uint8_t *body = resize(NULL, size + 2);
    memset(body, 'x', size + 2);
    body[0] = body[size + 1] = '"';
    answer_result(r->id, (struct bytes){body, size + 2});
    free(body);
}

static void run_sleep(const struct request *r) {
    double ms;
    if (!bind_number(r, "ms", &ms)) {
        return;
    }
    uint64_t duration = (uint64_t)((ms < 1e9 ? ms : 1e9) * 1e6);
    sleepers[sleeping++] = (struct sleeper){r->id, now() + duration};
}

static const struct function {
    const char *name;
    void (*run)(const struct request *r);
} functions[] = {{"echo", run_echo},   {"nothing", run_nothing}, {"fail", run_fail},
                 {"fill", run_fill},   {"nan", run_nan},         {"sleep", run_sleep},
                 {"trace", run_trace}, {"getenv", run_getenv}};

/* The time at which the next sleeper is due; UINT64_MAX: none. */
static uint64_t next_due(void) {
    uint64_t due = UINT64_MAX;
    for (size_t k = 0; k < sleeping; k++) {
        due = sleepers[k].due < due ? sleepers[k].due : due;
    }
    return due;
}

static bool wake_sleepers(void) {
    bool any = false;
    if (sleeping > 0) {
        uint64_t time = now();
        for (size_t k = 0; k < sleeping;) {
            if (sleepers[k].due > time) {
                k++;
                continue;
            }
            answer_result(sleepers[k].id, text("null"));
            sleepers[k] = sleepers[--sleeping];
            any = true;
        }
    }
    return any;
}

/* ------------------------------------------------------------------------------------------ *
 * Configuration: what may be called (spec chapters 05 and 06)
 * ------------------------------------------------------------------------------------------ */

static struct pattern {
    struct bytes module, function;
} *allowed;
static size_t allowed_count;

/* Whether the pattern matches, * standing for any run of characters. A * is tried with the
 * shortest run first, and only the last one is ever lengthened. */
static bool matches(struct bytes pattern, struct bytes name) {
    size_t p = 0, n = 0, star = SIZE_MAX, run = 0;
    while (n < name.size) {
        if (p < pattern.size && pattern.at[p] == '*') {
            star = p++;
            run = n;
        } else if (p < pattern.size && pattern.at[p] == name.at[n]) {
            p++, n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++run;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.at[p] == '*') {
        p++;
    }
    return p == pattern.size;
}

/* spec:req PAYLOAD-011 PAYLOAD-012 PAYLOAD-013 */
static bool may_call(const struct request *r) {
    bool hidden =
        r->function.at[0] == '_' || memmem(r->function.at, r->function.size, "._", 2) != NULL;
    for (size_t k = 0; k < allowed_count; k++) {
        struct pattern a = allowed[k];
        bool wild = memchr(a.function.at, '*', a.function.size) != NULL;
        if (matches(a.module, r->module) && matches(a.function, r->function) && !(wild && hidden)) {
            return true;
        }
    }
    return false;
}

static void allow(struct bytes string) {
    struct buffer b = {0};
    json_text(&b, string);
    const uint8_t *colon = b.size > 0 ? memchr(b.at, ':', b.size) : NULL;
    if (colon == NULL) {
        die(EXIT_STARTUP_FAILED, "no module:function pattern: allow=%.*s", (int)string.size,
            (const char *)string.at);
    }
    allowed = resize(allowed, (allowed_count + 1) * sizeof *allowed);
    size_t module_size = (size_t)(colon - b.at);
    allowed[allowed_count++] =
        (struct pattern){{b.at, module_size}, {colon + 1, b.size - module_size - 1}};
}

static void preload(struct bytes string) {
    if (!json_says(string, module_name)) {
        die(EXIT_STARTUP_FAILED, "no such module: preload=%.*s", (int)string.size,
            (const char *)string.at);
    }
}

/* spec:req LIFE-060 LIFE-061 LIFE-062 */
static void read_configuration(void) {
    const char *variable = "RINGWIRE_WORKER_CONFIG", *value = getenv(variable);
    if (value == NULL) {
        return;
    }
    char *copy = strdup(value);
    unsetenv(variable);
    struct bytes config = text(copy), key, member;
    if (!json_object(&config)) {
        die(EXIT_STARTUP_FAILED, "no JSON object: %s=%s", variable, copy);
    }
    struct json j = json_of(config);
    bool first = true;
    json_eat(&j, '{');
    while (json_member(&j, &first, &key, &member, 1)) {
        void (*use)(struct bytes) = json_says(key, "allow")     ? allow
                                    : json_says(key, "preload") ? preload
                                                                : NULL;
        struct json items = json_of(member);
        bool first_item = true;
        if (use == NULL || !json_eat(&items, '[')) {
            continue;
        }
        while (json_more(&items, ']', &first_item)) {
            struct bytes item = json_value(&items, 1);
            if (item.at[0] != '"') {
                die(EXIT_STARTUP_FAILED, "not an array of strings: %s=%s", variable, copy);
            }
            use(item);
        }
    }
    free(copy);
}

/* ------------------------------------------------------------------------------------------ *
 * Calls (spec chapter 05)
 * ------------------------------------------------------------------------------------------ */

/* Calls that wait in the ring and for which we have seen the CANCEL by looking ahead. Each
 * leaves the list when its CANCEL is taken, so slot_count entries are enough. */
static uint32_t *canceled;
static size_t canceled_count;

static size_t find_canceled(uint32_t id) {
    size_t k = 0;
    while (k < canceled_count && canceled[k] != id) {
        k++;
    }
    return k;
}

/* Ends the call if it sleeps; returns whether it did. */
/* spec:req LIFE-032 LIFE-033 */
static bool cancel_sleeper(uint32_t id) {
    for (size_t k = 0; k < sleeping; k++) {
        if (sleepers[k].id == id) {
            sleepers[k] = sleepers[--sleeping];
            answer_canceled(id, true);
            return true;
        }
    }
    return false;
}

/* Looks for CANCELs beyond the current message, if there are new ones. The count is loaded before
 * write_position, so that a CANCEL that was counted is also seen. */
/* spec:req RING-022 LIFE-030 */
static bool look_ahead(void) {
    uint32_t count = atomic_load_explicit(&in.control->urgent_count, memory_order_acquire);
    if (count == in.urgent_seen) {
        return false;
    }
    in.urgent_seen = count;
    uint64_t published = in_published();
    uint64_t at = in.next + fragments(in.length - in.message.size);
    at = at > in.looked_until ? at : in.looked_until;
    while (at < published) {
        struct slot *slot = slot_at(in.slots, at);
        uint32_t length = atomic_load_explicit(&slot->message_length, memory_order_relaxed);
        if (length == 0 || length > header.max_message) {
            corrupt("RING_LENGTH");
        }
        if (atomic_load_explicit(&slot->fragment_offset, memory_order_relaxed) != 0) {
            corrupt("RING_FRAGMENT");
        }
        if (fragments(length) > published - at) {
            break; /* the rest of it is not there yet */
        }
        if (length == REQUEST_HEADER) {
            uint8_t copy[REQUEST_HEADER];
            struct request r;
            memcpy(copy, slot->data, sizeof copy);
            struct refusal why =
                decode_request((struct bytes){copy, sizeof copy}, header.max_message, &r);
            if (why.code == NULL && r.type == CANCEL && !cancel_sleeper(r.id) &&
                canceled_count < header.slot_count) {
                canceled[canceled_count++] = r.id;
            }
        }
        at += fragments(length);
    }
    in.looked_until = at;
    return true;
}

static void run(struct request *r) {
    if (find_canceled(r->id) < canceled_count) {
        answer_canceled(r->id, false);
        return;
    }
    if (!may_call(r)) {
        answer_failure(r->id, 403, "Forbidden", text("the function is not allowed"), NULL);
        return;
    }
    const struct function *f = same(r->module, text(module_name)) ? functions : NULL;
    const struct function *end = functions + sizeof functions / sizeof *functions;
    while (f != NULL && f < end && !same(r->function, text(f->name))) {
        f++;
    }
    if (f == NULL || f == end) {
        answer_failure(r->id, 404, "NotFound", text("no such module or function"), NULL);
        return;
    }
    if (r->kwargs.size == 0) {
        r->kwargs = text("{}");
    }
    if (!json_object(&r->kwargs)) {
        answer_bad_arguments(r->id, "kwargs are not a JSON object");
        return;
    }
    atomic_store_explicit(&block->current_call, r->id, memory_order_relaxed);
    f->run(r);
    atomic_store_explicit(&block->current_call, 0, memory_order_relaxed);
}

/* Answers a message that chapter 01 refuses, if it says whom. */
/* spec:req LIFE-014 LIFE-015 LIFE-016 */
static void answer_refusal(struct bytes message, struct refusal why) {
    uint32_t id = message.size >= 5 ? get_u32(message.at + 1) : 0;
    if (id == 0) {
        atomic_fetch_add_explicit(&block->refused, 1, memory_order_relaxed);
        return;
    }
    char words[128], code[64];
    snprintf(words, sizeof words, "%s: offset=%zu field=%s", why.code, why.offset, why.field);
    snprintf(code, sizeof code, "\"code\":\"%s\"", why.code);
    atomic_fetch_add_explicit(&block->in_flight, 1, memory_order_relaxed);
    answer_failure(id, 400, "Refused", text(words), code);
}

/* Whether a message may be taken now. Answers that wait for room hold up new calls, so that a
 * master which does not read cannot fill our memory. */
static bool may_take(void) {
    return state() == READY && !terminate && out.first == NULL && sleeping < MAX_SLEEPERS;
}

/* Takes the message that in_copy has completed, if there is one. */
/* spec:req LIFE-010 LIFE-011 LIFE-031 LIFE-040 */
static bool take(void) {
    if (!in_complete() || !may_take()) {
        return false;
    }
    struct bytes message = view(in.message);
    struct request r;
    struct refusal why = decode_request(message, header.max_message, &r);
    in_take();
    if (why.code != NULL) {
        answer_refusal(message, why);
    } else if (r.type == REQUEST) {
        atomic_fetch_add_explicit(&block->in_flight, 1, memory_order_relaxed);
        look_ahead(); /* after the take: LIFE-030 */
        run(&r);
    } else if (r.type == SHUTDOWN) {
        enter(DRAINING);
    } else {
        size_t k = find_canceled(r.id);
        if (k < canceled_count) {
            canceled[k] = canceled[--canceled_count];
        }
        cancel_sleeper(r.id); /* LIFE-035: no other call is known */
    }
    in_forget();
    return true;
}

/* ------------------------------------------------------------------------------------------ *
 * Waiting (spec chapter 04)
 * ------------------------------------------------------------------------------------------ */

static int signal_wakeup; /* eventfd: makes a signal that comes just before poll end the poll */

/* Whether the next round of the loop has something to do that the master or a signal brought. */
static bool anything_new(void) {
    if (terminate && state() == READY) {
        return true;
    }
    if (atomic_load_explicit(&in.control->urgent_count, memory_order_acquire) != in.urgent_seen) {
        return true;
    }
    if (out.first != NULL &&
        atomic_load_explicit(&out.control->read_position, memory_order_relaxed) != out.released) {
        return true;
    }
    return state() == READY && !in_complete() &&
           atomic_load_explicit(&in.control->write_position, memory_order_acquire) != in.next;
}

static void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Looks for news for up to spin_ns. */
/* spec:req BELL-008 */
static bool spin(uint64_t due) {
    if (header.spin_ns == 0) {
        return false;
    }
    for (uint64_t start = now(), time = start; time - start < header.spin_ns && time < due;
         time = now()) {
        for (int k = 0; k < 32; k++) {
            if (anything_new()) {
                return true;
            }
            pause_cpu();
        }
    }
    return false;
}

static void clear(int descriptor) {
    char dropped[4096];
    if (read(descriptor, dropped, sizeof dropped) < 0) {
        /* "would block": it was clear */
    }
}

/* spec:req LIFE-056 */
static void check_lifeline(void) {
    char dropped[64];
    ssize_t n = read(header.lifeline, dropped, sizeof dropped);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        die(EXIT_LIFELINE, "the master is gone");
    }
}

/* Waits until the doorbell, the lifeline or a signal says something, or until due. */
static void sleep_until(uint64_t due) {
    uint64_t time = now(), wait = due > time ? due - time : 0;
    /* Nobody announces free slots (RING-010), and nobody anything if there is no doorbell
     * (BELL-007): look again after 1 ms. */
    bool bounded = out.first != NULL || header.request_doorbell < 0;
    wait = bounded && wait > 1000000 ? 1000000 : wait;
    struct timespec timeout = {(time_t)(wait / 1000000000), (long)(wait % 1000000000)};
    struct pollfd polled[] = {{header.request_doorbell, POLLIN, 0},
                              {header.lifeline, POLLIN, 0},
                              {signal_wakeup, POLLIN, 0}};
    if (ppoll(polled, 3, due == UINT64_MAX && !bounded ? NULL : &timeout, NULL) <= 0) {
        return;
    }
    if (polled[1].revents != 0) {
        check_lifeline();
    }
    if (polled[2].revents != 0) {
        clear(signal_wakeup);
    }
    if (polled[0].revents & POLLIN) {
        clear(header.request_doorbell);
    } else if (polled[0].revents != 0) {
        header.request_doorbell = -1; /* broken: go on without it */
    }
}

/* spec:req BELL-001 BELL-005 BELL-009 */
static void wait_for_news(void) {
    uint64_t due = next_due();
    if (spin(due)) {
        return;
    }
    atomic_store_explicit(&in.control->need_wakeup, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the master's, after it published */
    if (!anything_new()) {
        sleep_until(due);
    }
    atomic_store_explicit(&in.control->need_wakeup, 0, memory_order_relaxed);
}

/* ------------------------------------------------------------------------------------------ *
 * Start and loop
 * ------------------------------------------------------------------------------------------ */

static void on_terminate(int number) {
    (void)number;
    int saved = errno;
    terminate = 1;
    ring_doorbell(signal_wakeup);
    errno = saved;
}

/* spec:req LIFE-042 LIFE-043 */
static void set_signals(void) {
    signal_wakeup = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN); /* a doorbell whose other end is closed */
    struct sigaction action = {.sa_handler = on_terminate, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &action, NULL);
}

static uint64_t round_up(uint64_t n, uint64_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

/* Maps the region and judges a copy of its header. */
/* spec:req LIFE-001 REGION-005 REGION-006 REGION-007 REGION-008 REGION-009 REGION-010 */
static uint8_t *attach(const char *region) {
    int descriptor, end = 0;
    if (sscanf(region, "fd:%d%n", &descriptor, &end) != 1 || region[end] != 0) {
        descriptor = open(region, O_RDWR | O_CLOEXEC);
    }
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) < 0) {
        die(EXIT_REGION_REFUSED, "open the region: region=%s: %s", region, strerror(errno));
    }
    uint64_t size = (uint64_t)status.st_size;
    if (size < HEADER_SIZE || pread(descriptor, &header, sizeof header, 0) != sizeof header) {
        die(EXIT_REGION_REFUSED, "no room for a region header: size=%llu",
            (unsigned long long)size);
    }
    struct region_header h = header;
    uint64_t stride = round_up(8 + (uint64_t)h.slot_size, 64), ring = h.slot_count * stride;
    uint64_t response_slots = round_up(SLOTS + ring, 4096);
    const char *fault = NULL;
    if (memcmp(h.magic, "RINGWIRE", 8) != 0) {
        fault = "magic";
    } else if (h.version_major != 1) {
        fault = "version_major";
    } else if (h.features != 0) {
        fault = "features";
    } else if (h.payload_encoding != 1) {
        fault = "payload_encoding";
    } else if (h.slot_count < 2 || h.slot_count > 65536 ||
               (h.slot_count & (h.slot_count - 1)) != 0) {
        fault = "slot_count";
    } else if (h.slot_size < 64 || h.slot_size > 1048576 || h.slot_size % 8 != 0) {
        fault = "slot_size";
    } else if (h.max_message < 1024 || h.max_message > 1073741824) {
        fault = "max_message";
    } else if (h.header_size != HEADER_SIZE || h.slot_stride != stride ||
               h.request_control_offset != REQUEST_CONTROL ||
               h.response_control_offset != RESPONSE_CONTROL ||
               h.worker_block_offset != WORKER_BLOCK || h.request_slots_offset != SLOTS ||
               h.response_slots_offset != response_slots ||
               h.region_size != round_up(response_slots + ring, 4096)) {
        fault = "a size or an offset that does not follow from slot_count and slot_size";
    } else if (size < h.region_size) {
        fault = "region_size, greater than the memory";
    }
    if (fault != NULL) {
        die(EXIT_REGION_REFUSED, "cannot accept the region: field=%s", fault);
    }
    uint8_t *base = mmap(NULL, h.region_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (base == MAP_FAILED) {
        die(EXIT_REGION_REFUSED, "map the region: %s", strerror(errno));
    }
    close(descriptor);
    return base;
}

/* Prepares both rings. Our own positions are read once, here. */
static void set_up(uint8_t *base) {
    block = (struct worker_block *)(base + WORKER_BLOCK);
    in.control = (struct ring_control *)(base + REQUEST_CONTROL);
    in.slots = base + header.request_slots_offset;
    in.released = atomic_load_explicit(&in.control->read_position, memory_order_relaxed);
    in.next = in.looked_until = in.released;
    out.control = (struct ring_control *)(base + RESPONSE_CONTROL);
    out.slots = base + header.response_slots_offset;
    out.write = atomic_load_explicit(&out.control->write_position, memory_order_relaxed);
    out.released = atomic_load_explicit(&out.control->read_position, memory_order_relaxed);
    if (out.write - out.released > header.slot_count) {
        corrupt("RING_POSITION");
    }
    canceled = resize(NULL, header.slot_count * sizeof *canceled);
}

/* spec:req LIFE-002 LIFE-003 */
static void become_ready(void) {
    atomic_store_explicit(&block->pid, (uint32_t)getpid(), memory_order_relaxed);
    atomic_store_explicit(&block->protocol_version, 1u << 16, memory_order_relaxed);
    strncpy(block->implementation, "ringwire-c-worker 1.0", sizeof block->implementation);
    enter(READY);
    ring_doorbell(header.response_doorbell);
}

/* spec:req LIFE-041 */
static void loop(void) {
    for (;;) {
        if (terminate && state() == READY) {
            enter(DRAINING);
        }
        bool busy = state() == READY && in_copy();
        busy |= look_ahead(); /* for sleepers, also while no message may be taken */
        busy |= take();
        busy |= wake_sleepers();
        busy |= out_send();
        if (state() == DRAINING && sleeping == 0 && out.first == NULL) {
            return;
        }
        if (busy) {
            atomic_fetch_add_explicit(&block->heartbeat, 1, memory_order_relaxed);
        } else {
            wait_for_news();
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        die(EXIT_REGION_REFUSED, "usage: worker REGION WORKER_ID");
    }
    set_signals();
    set_up(attach(argv[argc - 2])); /* the last two arguments; others are a launcher's */
    read_configuration();
    become_ready();
    loop();
    enter(STOPPED);
    ring_doorbell(header.response_doorbell);
    _exit(EXIT_OK); /* nothing is left to do, for exit handlers neither */
}
