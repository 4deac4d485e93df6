/*
 * One ring of chapters 03 and 04, written from the specification, as two sides
 * that ask a host for every access to shared memory. The host decides when an
 * access happens and what it yields, so it can try every schedule.
 *
 * Each call of produce() or consume() does one small piece of work and returns 1
 * while there is more to do. What a side remembers from call to call is in its
 * struct and nowhere else, so that the host can tell when two histories have
 * come to the same point.
 *
 * A slot holds one word of data in shared memory, whatever slot_size says; the
 * other bytes of a fragment are of no interest here.
 *
 * Compiled with BROKEN, the module breaks the rule that config.broken names.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("schedule"), import_name(#name)))

/* Shared memory is numbered cells. */
enum { WRITE_POSITION, URGENT_COUNT, READ_POSITION, NEED_WAKEUP, FIRST_SLOT };
enum { MESSAGE_LENGTH, FRAGMENT_OFFSET, DATA, CELLS_OF_SLOT };

IMPORT(load) u64 load(u32 cell);
IMPORT(store) void store(u32 cell, u64 value);
IMPORT(store_release) void store_release(u32 cell, u64 value);
IMPORT(fence) void full_fence(void);
IMPORT(ring) void ring_doorbell(void);
IMPORT(clear) void clear_doorbell(void);

/* Both return when there is reason to: a reason of the enum. */
enum { BOUND_PASSED, RUNG, OTHER_DIED };
IMPORT(wait) u32 wait_for_doorbell(void);
IMPORT(await) u32 wait_for_change(u32 cell, u64 seen);

/* Either answer conforms; the host tries both. */
IMPORT(choose) u32 choose(void);

/* What the user sees. */
IMPORT(deliver) void deliver(const u64 *words, u32 count, u32 flags);
IMPORT(give_up) void give_up(void);
enum { CANCELED = 1, COUNTED = 2 };

enum { MAX_MESSAGES = 8, MAX_WORDS = 8 };

static struct {
	u32 slot_count, slot_size, max_message;
	u32 messages;
	u32 broken;
	u32 length[MAX_MESSAGES];
	u64 urgent_for[MAX_MESSAGES]; /* first word of the message that it cancels; 0: not urgent */
} config;

EXPORT(config) u32 config_address(void) { return (u32)&config; }

/* In the order of plantedBugs in wasm.go. */
enum {
	NOTHING,
	NO_PRODUCER_FENCE,
	NO_CONSUMER_FENCE,
	FLAG_AFTER_CHECK,
	FLAG_SET_ONCE,
	CLEAR_AFTER_CHECK,
	RING_BEFORE_PUBLISH,
	LATE_RING,
	HOARDING_PRODUCER,
	HOARDING_CONSUMER,
	POSITION_BEFORE_BYTES,
	POSITION_UNORDERED,
	RELEASE_BEFORE_COPY,
	OVERFILL,
	DROP_WHEN_FULL,
	READ_AHEAD,
	NO_LAST_LOOK,
	TAKE_AFTER_USER_CODE,
	COUNT_BEFORE_PUBLISH,
	COUNT_UNORDERED,
	STALE_LOOK_AHEAD,
};

#ifdef BROKEN
#define broken(rule) (config.broken == (rule))
#else
#define broken(rule) 0
#endif

static u32 slot_cell(u64 position, u32 field)
{
	return FIRST_SLOT + (u32)(position & (config.slot_count - 1)) * CELLS_OF_SLOT + field;
}

static u32 fragments_of(u32 length) { return (length + config.slot_size - 1) / config.slot_size; }

/* The word that stands for the data of one fragment. */
static u64 word_of(u32 message, u32 fragment)
{
	return config.urgent_for[message] << 32 | (message + 1) << 8 | fragment;
}

/* ---- producer ---- */

static struct {
	u64 position;  /* slots written */
	u64 published; /* the last write_position stored */
	u64 rung;      /* what had been published when need_wakeup was last looked at */
	u64 released;  /* the last read_position loaded */
	u32 message, fragment;
} p;

EXPORT(producer) u32 producer_address(void) { return (u32)&p; }
EXPORT(producer_size) u32 producer_size(void) { return sizeof p; }

/* spec:req RING-007 */
static void publish(void)
{
	if (p.published == p.position)
		return;
	p.published = p.position;
	if (broken(POSITION_UNORDERED))
		store(WRITE_POSITION, p.position);
	else
		store_release(WRITE_POSITION, p.position);
}

/* spec:req BELL-002 BELL-003 */
static void wake(void)
{
	if (p.rung == p.published)
		return;
	p.rung = p.published;
	if (!broken(NO_PRODUCER_FENCE))
		full_fence();
	if (load(NEED_WAKEUP))
		ring_doorbell();
}

static int is_full(void)
{
	return p.position - p.released >= config.slot_count + (broken(OVERFILL) ? 1 : 0);
}

/* Waits for a slot; 0 if the consumer has died. spec:req RING-006 BELL-011 */
static int claim(void)
{
	if (!is_full())
		return 1;
	p.released = load(READ_POSITION);
	if (!is_full())
		return 1;
	if (!broken(HOARDING_PRODUCER))
		publish();
	if (!broken(LATE_RING) && !broken(HOARDING_PRODUCER))
		wake();
	while (is_full()) {
		if (broken(DROP_WHEN_FULL))
			return 1;
		if (wait_for_change(READ_POSITION, p.released) == OTHER_DIED)
			return 0;
		p.released = load(READ_POSITION);
	}
	return 1;
}

/* spec:req RING-001 RING-002 RING-003 RING-004 */
static void write_slot(void)
{
	u32 length = config.length[p.message];

	if (broken(POSITION_BEFORE_BYTES)) {
		p.published = p.position + 1;
		store_release(WRITE_POSITION, p.published);
	}
	store(slot_cell(p.position, MESSAGE_LENGTH), length);
	store(slot_cell(p.position, FRAGMENT_OFFSET), p.fragment * config.slot_size);
	store(slot_cell(p.position, DATA), word_of(p.message, p.fragment));
	p.position++;
	if (++p.fragment == fragments_of(length)) {
		p.message++;
		p.fragment = 0;
	}
}

static void count_urgent(u32 message)
{
	u32 count = 0;

	for (u32 m = 0; m <= message; m++)
		count += config.urgent_for[m] != 0;
	if (broken(COUNT_UNORDERED))
		store(URGENT_COUNT, count);
	else
		store_release(URGENT_COUNT, count);
}

/* Sends one fragment. */
EXPORT(produce) u32 produce(void)
{
	u32 message = p.message;

	if (message == config.messages) {
		publish();
		wake();
		return 0;
	}
	if (!claim())
		return 0;
	if (is_full() && broken(DROP_WHEN_FULL)) {
		p.message++;
		return 1;
	}
	int urgent = config.urgent_for[message] != 0 && p.fragment + 1 == fragments_of(config.length[message]);
	if (urgent && broken(COUNT_BEFORE_PUBLISH))
		count_urgent(message);
	write_slot();
	if (urgent) {
		publish();
		/* spec:req RING-021 */
		if (!broken(COUNT_BEFORE_PUBLISH))
			count_urgent(message);
		wake();
	} else if (broken(RING_BEFORE_PUBLISH)) {
		full_fence();
		if (load(NEED_WAKEUP))
			ring_doorbell();
		publish();
		p.rung = p.published;
	} else if (choose()) {
		/* spec:req RING-009; otherwise with what follows */
		publish();
		wake();
	}
	return 1;
}

/* ---- consumer ---- */

static struct {
	u64 position;    /* slots copied */
	u64 released;    /* the last read_position stored */
	u64 word[MAX_WORDS];
	u64 canceled[2]; /* first words of the messages that a CANCEL has named */
	u32 length;      /* of the message at hand */
	u32 have;        /* fragments of it */
	u32 delivered;
	u32 urgent;      /* the last urgent_count loaded */
	u32 widowed;     /* no ring will come any more */
} c;

EXPORT(consumer) u32 consumer_address(void) { return (u32)&c; }
EXPORT(consumer_size) u32 consumer_size(void) { return sizeof c; }

/* spec:req RING-011 RING-012 */
static void release(void)
{
	if (c.released == c.position)
		return;
	c.released = c.position;
	store_release(READ_POSITION, c.position);
}

/* spec:req BELL-001 BELL-005 RING-023 */
static u32 sleep(void)
{
	u64 written;
	u32 reason;

	if (c.widowed)
		return 0; /* this was the last look */
	if (!broken(HOARDING_CONSUMER))
		release();
	if (broken(FLAG_AFTER_CHECK)) {
		written = load(WRITE_POSITION);
		if (written == c.position)
			store(NEED_WAKEUP, 1);
	} else {
		store(NEED_WAKEUP, 1);
		if (!broken(NO_CONSUMER_FENCE))
			full_fence();
		written = load(WRITE_POSITION);
	}
	if (written == c.position) {
		if (broken(CLEAR_AFTER_CHECK))
			clear_doorbell();
		reason = wait_for_doorbell();
		c.widowed = reason == OTHER_DIED;
		if (c.widowed && broken(NO_LAST_LOOK))
			return 0;
	}
	store(NEED_WAKEUP, 0);
	clear_doorbell();
	if (broken(FLAG_SET_ONCE) && load(WRITE_POSITION) == c.position) {
		c.widowed = wait_for_doorbell() == OTHER_DIED;
		clear_doorbell();
	}
	return 1;
}

/* spec:req RING-017 RING-018 */
static int acceptable(u64 length, u64 offset)
{
	if (length == 0 || length > config.max_message)
		return 0;
	if (offset != (u64)c.have * config.slot_size)
		return 0;
	return c.have == 0 || length == c.length;
}

static void note_cancel(u64 word)
{
	u64 target = word >> 32;

	if (target == 0 || c.canceled[0] == target || c.canceled[1] == target)
		return;
	c.canceled[c.canceled[0] != 0] = target;
}

/* Reads on from the message at hand, which has been copied. spec:req RING-022 */
static void look_ahead(void)
{
	u64 position = c.position, written = 0;
	u32 urgent;

	if (broken(STALE_LOOK_AHEAD))
		written = load(WRITE_POSITION);
	urgent = (u32)load(URGENT_COUNT);
	if (urgent == c.urgent)
		return;
	c.urgent = urgent;
	if (!broken(STALE_LOOK_AHEAD))
		written = load(WRITE_POSITION);
	for (; position != written; position++)
		note_cancel(load(slot_cell(position, DATA)));
}

static int was_canceled(void) { return c.word[0] == c.canceled[0] || c.word[0] == c.canceled[1]; }

/* spec:req RING-013 */
static u32 take(void)
{
	u32 flags;

	look_ahead();
	flags = (was_canceled() ? CANCELED : 0) | (c.urgent ? COUNTED : 0);
	if (!broken(TAKE_AFTER_USER_CODE))
		release();
	deliver(c.word, c.have, flags);
	release();
	for (u32 i = 0; i < c.have; i++)
		c.word[i] = 0;
	c.have = 0;
	c.length = 0;
	return ++c.delivered < config.messages;
}

/* Reads one slot, or sleeps. */
EXPORT(consume) u32 consume(void)
{
	u64 written = load(WRITE_POSITION), length, offset;

	/* spec:req RING-015 */
	if (written - c.position > config.slot_count) {
		give_up();
		return 0;
	}
	if (written == c.position && !(broken(READ_AHEAD) && c.have))
		return sleep();
	if (broken(RELEASE_BEFORE_COPY)) {
		c.released = c.position + 1;
		store_release(READ_POSITION, c.released);
	}
	length = load(slot_cell(c.position, MESSAGE_LENGTH));
	offset = load(slot_cell(c.position, FRAGMENT_OFFSET));
	if (!acceptable(length, offset)) {
		give_up();
		return 0;
	}
	c.length = (u32)length;
	c.word[c.have++] = load(slot_cell(c.position, DATA));
	c.position++;
	if (c.have == fragments_of(c.length))
		return take();
	/* spec:req RING-014 */
	if (choose())
		release();
	return 1;
}
