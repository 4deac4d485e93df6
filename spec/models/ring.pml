/*
 * One ring of chapters 03 and 04: a producer that sends MESSAGES messages, one
 * of them longer than the whole ring, and a consumer that sleeps on a doorbell
 * whenever the ring is empty. Both act through store buffers (memory.pml).
 *
 * Scenarios, by macro:
 *   (none)      every schedule, with a spurious ring at any time
 *   SMALL       every message takes one slot
 *   CRASH       either side, or both, may die before any step
 *   WEAK        stores land in the order of memory.pml's WEAK
 *   FAULTY      the producer may commit one fault of framing
 *   BOUNDED     the consumer bounds its sleeps
 *   LOST_RINGS  any ring may be lost
 *   LIVENESS    checks `delivered` in place of the monitor's assertions
 *
 * Properties: never torn, duplicated, reordered, lost, corrupt, stuck
 * (assertions); `delivered` (LTL). Every other macro breaks the model on
 * purpose: run.sh lists them, with the property that each must violate.
 */
#define SLOTS	 2
#ifndef MESSAGES
#define MESSAGES 3
#endif
#ifdef SMALL
#define fragments(message)	1
#else
#define fragments(message)	(message == 1 -> 3 : (message == 3 -> 2 : 1))
#endif

#define PRODUCER 0
#define CONSUMER 1
#define SIDES	 2

#define WRITE_POSITION	0
#define READ_POSITION	1
#define NEED_WAKEUP	2
#define HEADER(position)	(3 + (position) % SLOTS)
#define DATA(position)		(3 + SLOTS + (position) % SLOTS)
#define LOCATIONS	(3 + 2 * SLOTS)

/* Every fragment fills its slot, so lengths and offsets count slots. */
#define header_of(message, fragment)	(fragments(message) * 4 + (fragment))
#define data_of(message, fragment)	(1 + (message) * 4 + (fragment))

#ifdef UNORDERED_POSITION
#define OVERTAKES_POSITION	OVERTAKES(side, WRITE_POSITION)
#else
#define OVERTAKES_POSITION
#endif
#define OVERTAKING(side) \
	OVERTAKES(side, NEED_WAKEUP) \
	OVERTAKES(side, HEADER(0)) OVERTAKES(side, HEADER(1)) \
	OVERTAKES(side, DATA(0)) OVERTAKES(side, DATA(1)) \
	OVERTAKES_POSITION

#ifndef BUFFERED
#define BUFFERED 6
#endif
#include "memory.pml"

bool doorbell;		/* readable: rings coalesce */
bool dead[SIDES];
bool finished;		/* the producer has sent everything */
bool gave_up;		/* the consumer treats the lane as corrupt */
byte reached;		/* the consumer's own position */
byte received;		/* messages handed to the user */

/* What the assertions name; false in every state that is gone on from. */
bool torn, duplicated, reordered, lost, corrupt, stuck;

/* The system reports a death when the last stores of the dead have landed. */
#ifdef DEATH_BEFORE_LANDED
#define reported(side)	(dead[side])
#else
#define reported(side)	(dead[side] && empty(buffer[side]))
#endif

/* ---- producer ---- */

inline ring()
{
#ifdef LOST_RINGS
	if
	:: doorbell = true
	:: skip
	fi
#else
	doorbell = true
#endif
}

/* spec:req BELL-002 */
inline wake()
{
#ifndef NO_PRODUCER_FENCE
	fence(PRODUCER);
#endif
	if
	:: load(NEED_WAKEUP) != 0 -> ring()
	:: else
	fi;
	rung = published
}

/* spec:req RING-007 */
inline publish()
{
	published = position;
	store(PRODUCER, WRITE_POSITION, position)
}

inline publish_and_wake()
{
#ifdef RING_BEFORE_PUBLISH
	wake();
	publish();
	rung = published
#else
	if
	:: published != position -> publish()
	:: else
	fi;
	wake()
#endif
}

#ifdef OVERFILL
#define OWNED	(SLOTS + 1)
#else
#define OWNED	SLOTS
#endif

/* spec:req RING-006. What is written is published, and rung for, before the wait. */
inline claim()
{
	if
	:: position - load(READ_POSITION) < OWNED
	:: else ->
#ifdef HOARDING_PRODUCER
		skip;
#elif defined(LATE_RING)
		if
		:: published != position -> publish()
		:: else
		fi;
#else
		if
		:: rung != position -> publish_and_wake()
		:: else
		fi;
#endif
#ifdef DROP_WHEN_FULL
		message++
#else
		position - load(READ_POSITION) < OWNED
#endif
	fi
}

inline write_slot()
{
#ifdef POSITION_BEFORE_BYTES
	store(PRODUCER, WRITE_POSITION, position + 1);
	published = position + 1;
#endif
	store(PRODUCER, DATA(position), data_of(message, fragment));
	store(PRODUCER, HEADER(position), header_of(message, fragment));
	position++
}

#ifdef FAULTY
byte faults;

/* A fragment is left out or sent again, or the position jumps. */
inline misbehave()
{
	if
	:: faults == 0 && fragment > 0 && fragment + 1 < fragments(message) ->
		fragment++; faults++
	:: faults == 0 && fragment > 0 ->
		fragment--; faults++
	:: faults == 0 ->
		position = position + SLOTS + 1; faults++
	:: skip
	fi
}
#else
#define misbehave()	skip
#endif

proctype producer()
{
	byte message, fragment, position, published, rung;
	{
		do
		:: message < MESSAGES ->
			claim();
#ifdef DROP_WHEN_FULL
			if
			:: message == MESSAGES -> break
			:: else
			fi;
#endif
			write_slot();
			if	/* spec:req RING-009: now, or together with what follows */
			:: publish_and_wake()
#ifndef RING_BEFORE_PUBLISH
			:: publish()
#endif
			:: skip
			fi;
			atomic {
				fragment++;
				if
				:: fragment == fragments(message) -> message++; fragment = 0
				:: else
				fi
			};
			misbehave()
		:: else -> break
		od;
		if
		:: rung != position -> publish_and_wake()
		:: else
		fi;
		finished = true
	} unless { dead[PRODUCER] }
}

/* ---- consumer ---- */

inline release()
{
	released = reached;
	store(CONSUMER, READ_POSITION, reached)
}

/* A peer's death wakes too, because a dead producer rings no more. */
inline wait()
{
	if
	:: doorbell
#ifdef BOUNDED
	:: true		/* the bound has passed */
#endif
	:: reported(PRODUCER) -> widowed = true
	fi
}

/* Chapter 04, "Consumer, to sleep". */
inline sleep()
{
	/* spec:req RING-014: the rest of a message may need the slots of its beginning. */
#ifndef HOARDING_CONSUMER
	if
	:: released != reached -> release()
	:: else
	fi;
#endif
#ifdef FLAG_AFTER_CHECK
	written = load(WRITE_POSITION);
	if
	:: written == reached ->
		store(CONSUMER, NEED_WAKEUP, 1);
		fence(CONSUMER);
		wait()
	:: else
	fi;
#else
	store(CONSUMER, NEED_WAKEUP, 1);
#ifndef NO_CONSUMER_FENCE
	fence(CONSUMER);
#endif
	written = load(WRITE_POSITION);
	if
	:: written == reached ->
#ifdef CLEAR_AFTER_CHECK
		doorbell = false;
#endif
		wait()
	:: else
	fi;
#endif
	store(CONSUMER, NEED_WAKEUP, 0);
	doorbell = false;
#ifdef FLAG_SET_ONCE
	written = load(WRITE_POSITION);
	if
	:: written == reached -> wait(); doorbell = false
	:: else
	fi
#endif
}

/* spec:req RING-017 RING-018; what passes belongs to the message at hand. */
inline accept()
{
	if
	:: header / 4 == 0 || header / 4 > 3 -> gave_up = true
#ifndef OFFSET_IGNORED
	:: header % 4 != have -> gave_up = true
#endif
	:: have > 0 && header / 4 != length -> gave_up = true
	:: else ->
		length = header / 4;
		if
		:: have == 0 -> first = (data - 1) / 4; whole = true
		:: else
		fi;
		whole = whole && data == data_of(first, have);
		have++
	fi;
	header = 0; data = 0
}

inline deliver()
{
	torn = !(whole && have == fragments(first));
	assert(!torn);
	duplicated = first < received;
	assert(!duplicated);
	reordered = first > received;
	assert(!reordered);
	received++;
	have = 0; length = 0; first = 0; whole = false
}

inline read_slot()
{
#ifdef RELEASE_BEFORE_COPY
	store(CONSUMER, READ_POSITION, reached + 1);
	released = reached + 1;
#endif
	header = load(HEADER(reached));
	data = load(DATA(reached));
	d_step { accept(); reached++ };
	if
	:: gave_up
	:: !gave_up && have == length ->
		release();	/* the take */
		d_step { deliver() }
	:: !gave_up && have != length ->
		if	/* spec:req RING-014: now or later */
		:: release()
		:: skip
		fi
	fi
}

#ifdef POSITION_UNCHECKED
#define plausible	true
#else
#define plausible	(written - reached <= SLOTS)	/* spec:req RING-015 */
#endif

#ifdef READ_AHEAD
#define unread		(written != reached || have > 0)
#else
#define unread		(written != reached)
#endif

inline read_all()
{
	written = load(WRITE_POSITION);
	if
	:: !plausible -> gave_up = true
	:: else
	fi;
	do
	:: unread && !gave_up -> read_slot()
	:: else -> break
	od;
	written = 0
}

#ifdef NO_LAST_LOOK
#define open_ended	(!widowed)
#else
#define open_ended	(!over)
#endif

proctype consumer()
{
	byte released;
	byte written, header, data;
	byte length, have;	/* of the message at hand, in slots */
	byte first;		/* the message that its first fragment is of */
	bool whole;		/* its fragments are those of that message, in order */
	bool widowed, over;	/* no ring will come any more; nothing else either */
	{
		do
		:: open_ended && !gave_up && received < MESSAGES ->
			over = widowed;
			read_all();
			if
			:: open_ended && !gave_up && received < MESSAGES -> sleep()
			:: else
			fi
		:: else -> break
		od
	} unless { dead[CONSUMER] }
}

/* ---- the world around them ---- */

proctype stranger()
{
	doorbell = true		/* a spurious ring */
}

#ifdef CRASH
proctype killer()
{
	if
	:: dead[PRODUCER] = true
	:: dead[CONSUMER] = true
	:: dead[PRODUCER] = true; dead[CONSUMER] = true
	:: skip
	fi
}
#endif

#define everybody_lives	(!dead[PRODUCER] && !dead[CONSUMER])

/* Nothing moves any more: what is sent has arrived, and nobody waits. */
proctype monitor()
{
end:	timeout ->
#ifndef FAULTY
	d_step {
		corrupt = gave_up;
		assert(!corrupt);
		stuck = !dead[CONSUMER] && memory[WRITE_POSITION] != reached;
		assert(!stuck);
		stuck = everybody_lives && !finished;
		assert(!stuck);
		lost = everybody_lives && received < MESSAGES;
		assert(!lost)
	}
#else
	skip
#endif
}

init {
	atomic {
		run drain(PRODUCER); run drain(CONSUMER);
		run producer(); run consumer(); run stranger();
#ifdef CRASH
		run killer();
#endif
#ifndef LIVENESS
		run monitor()
#endif
	}
}

#ifdef LIVENESS
ltl delivered { <> (received == MESSAGES && finished) }
#endif
