/*
 * One lane of chapter 05: a master sends two calls, the second of several
 * slots, and may cancel it; the worker takes them, runs user code and answers;
 * it may be killed before any step. The master then judges what is
 * unanswered. Sleep and framing are left to ring.pml: here a side waits until
 * there is something to read, and a slot is one value.
 *
 * Scenarios, by macro:
 *   (none)  every schedule, with and without a kill; the second call is longer
 *           than the ring
 *   ROOMY   everything fits the ring at once, so both calls see the CANCEL
 *   WEAK    stores land in the order of memory.pml's WEAK
 *
 * Properties: never false_not_started, false_started, duplicated, answer_lost,
 * cancel_missed, ran_cancelled, stuck. Every other macro breaks the model on
 * purpose; run.sh lists them and expects each to be refuted.
 */
#ifdef ROOMY
#define SLOTS	4
#define LONG	2	/* slots of the second call */
#else
#define SLOTS	2
#define LONG	3
#endif
#define CALLS	2
#define CANCEL	2	/* the third message; it names call 1 */
#define slots_of(message)	(message == 1 -> LONG : 1)
#define last_slot(message)	(message == 0 -> 0 : (message == 1 -> LONG : LONG + 1))
#define answer_slots(call)	(1 + call)

#define MASTER	 0	/* the thread that sends */
#define RECEIVER 1	/* the thread that receives and judges */
#define WORKER	 2
#define SIDES	 3

#define REQUEST_WRITE	0
#define REQUEST_READ	1
#define URGENT_COUNT	2
#define ANSWER_WRITE	3
#define ANSWER_READ	4
#define REQUEST(position)	(5 + (position) % SLOTS)
#define ANSWER(position)	(5 + SLOTS + (position) % SLOTS)
#define LOCATIONS	(5 + 2 * SLOTS)

#define request_of(message)	(1 + (message))
#define answer_of(call, kind)	(1 + (call) * 2 + (kind))
#define RESULT		0
#define REFUSED		1	/* status 499, "started": false */

#ifdef UNORDERED_COUNT
#define OVERTAKES_COUNT		OVERTAKES(side, URGENT_COUNT)
#else
#define OVERTAKES_COUNT
#endif
#ifdef ROOMY
#define OVERTAKES_MORE \
	OVERTAKES(side, REQUEST(2)) OVERTAKES(side, REQUEST(3)) \
	OVERTAKES(side, ANSWER(2)) OVERTAKES(side, ANSWER(3))
#else
#define OVERTAKES_MORE
#endif
#define OVERTAKING(side) \
	OVERTAKES(side, REQUEST(0)) OVERTAKES(side, REQUEST(1)) \
	OVERTAKES(side, ANSWER(0)) OVERTAKES(side, ANSWER(1)) \
	OVERTAKES_MORE OVERTAKES_COUNT

#define BUFFERED 10
#include "memory.pml"

mtype = { open, answered, refused, started, not_started };
mtype outcome[CALLS] = open;

bool doomed;		/* the master has sent the signal */
bool dead;		/* the worker executes nothing any more */
bool taken[CALLS], ran[CALLS], sent[CALLS];	/* what the worker has done */

/* What the assertions name; false in every state that is gone on from. */
bool false_not_started, false_started, duplicated, answer_lost,
	cancel_missed, ran_cancelled, stuck;

/* spec:req LIFE-050: the system reports a death when the last stores have landed. */
#define reported	(dead && empty(buffer[WORKER]))

proctype sender()
{
	byte message, slot, position;
	do
	:: message < CALLS + 1 ->
		if
		:: message == CANCEL -> break	/* or it does not cancel */
		:: true
		fi;
		slot = 0;
		do
		:: slot < slots_of(message) ->
			position - load(REQUEST_READ) < SLOTS;
#ifdef COUNT_BEFORE_PUBLISH
			if
			:: message == CANCEL -> store(MASTER, URGENT_COUNT, 1)
			:: else
			fi;
#endif
			store(MASTER, REQUEST(position), request_of(message));
			position++;
			store(MASTER, REQUEST_WRITE, position);
			slot++
		:: else -> break
		od;
#ifndef COUNT_BEFORE_PUBLISH
		if	/* spec:req RING-021 */
		:: message == CANCEL -> store(MASTER, URGENT_COUNT, 1)
		:: else
		fi;
#endif
		message++
	:: else -> break
	od
}

inline take()
{
	atomic {
		store(WORKER, REQUEST_READ, position);
		taken[call] = true
	}
}

inline run_user_code()
{
	d_step {
		cancel_missed = call == 1 && seen > 0;
		assert(!cancel_missed);
		duplicated = ran[call];
		assert(!duplicated);
		ran[call] = true
	}
}

inline send_answer(number, kind)
{
	do
	:: slot < answer_slots(number) ->
		position_of_answer - load(ANSWER_READ) < SLOTS;
		store(WORKER, ANSWER(position_of_answer), answer_of(number, kind));
		position_of_answer++;
		slot++;
		atomic {
			store(WORKER, ANSWER_WRITE, position_of_answer);
			sent[number] = slot == answer_slots(number)
		}
	:: else -> break
	od;
	slot = 0
}

/* spec:req LIFE-030: up to the write position that was loaded after the count. */
inline look_ahead()
{
#ifdef STALE_LOOK_AHEAD
	written = load(REQUEST_WRITE);
	count = load(URGENT_COUNT);
#else
	count = load(URGENT_COUNT);
#endif
	if
	:: count != seen ->
		seen = count;
#ifndef STALE_LOOK_AHEAD
		written = load(REQUEST_WRITE);
#endif
		ahead = position;
		do
		:: ahead != written ->
			cancelled = cancelled || load(REQUEST(ahead)) == request_of(CANCEL);
			ahead++
		:: else -> break
		od;
		ahead = 0;
#ifdef ANSWER_ON_SIGHT
		if
		:: cancelled && call == 0 -> send_answer(1, REFUSED)
		:: else
		fi
#endif
	:: else
	fi;
	count = 0
}

proctype worker()
{
	byte call, position, have, written, count, seen, ahead;
	byte position_of_answer, slot;
	bool cancelled;
	{
		do
		:: call < CALLS ->
			load(REQUEST_WRITE) != position;
			assert(load(REQUEST(position)) == request_of(call));
			position++; have++;
			if
			:: have < slots_of(call) -> store(WORKER, REQUEST_READ, position)
			:: else ->
				have = 0;
				look_ahead();
#ifndef TAKE_AFTER_USER_CODE
				take();
#endif
				if
				:: cancelled && call == 1 -> send_answer(call, REFUSED)
				:: else ->
					run_user_code();
#ifdef CANCEL_WINS
					look_ahead();
#endif
					if
#ifdef CANCEL_WINS
					:: cancelled && call == 1 -> send_answer(call, REFUSED)
#endif
					:: else -> send_answer(call, RESULT)
					fi
				fi;
#ifdef TAKE_AFTER_USER_CODE
				take();
#endif
				call++
			fi
		:: else -> break	/* a CANCEL left is for an answered call */
		od
	} unless { dead }
}

proctype killer()
{
	if
	:: doomed = true; dead = true
	:: skip
	fi
}

inline receive()
{
	value = load(ANSWER(position));
	position++; slot++;
	store(RECEIVER, ANSWER_READ, position);
	d_step {
		call = (value - 1) / 2;
		if
		:: slot == answer_slots(call) ->
			duplicated = outcome[call] != open;
			assert(!duplicated);
			ran_cancelled = ran[call] && (value - 1) % 2 == REFUSED;
			assert(!ran_cancelled);
			outcome[call] = ((value - 1) % 2 == REFUSED -> refused : answered);
			slot = 0
		:: else
		fi;
		value = 0; call = 0
	}
}

inline receive_all()
{
	do
	:: load(ANSWER_WRITE) != position -> receive()
	:: else -> break
	od
}

#ifdef VERDICT_OFF_BY_ONE
#define beyond(read_position, slot)	(read_position >= slot)
#else
#define beyond(read_position, slot)	(read_position > slot)
#endif

/* spec:req LIFE-052 LIFE-053 */
inline judge(number)
{
	if
	:: outcome[number] == open && beyond(value, last_slot(number)) -> outcome[number] = started
	:: outcome[number] == open && !beyond(value, last_slot(number)) -> outcome[number] = not_started
	:: else
	fi
}

proctype receiver()
{
	byte position, slot, value, call;
end:	do	/* a late answer would be noticed */
	:: load(ANSWER_WRITE) != position -> receive()
#ifdef VERDICT_BEFORE_DEATH
	:: doomed -> break
#elif defined(VERDICT_BEFORE_LANDED)
	:: dead -> break
#else
	:: reported -> break
#endif
	od;
	/* spec:req LIFE-051 */
#ifndef VERDICT_BEFORE_ANSWERS
	receive_all();
#endif
	value = load(REQUEST_READ);
	d_step { judge(0); judge(1); value = 0; position = 0 }
}

#define check(call) \
	false_not_started = outcome[call] == not_started && ran[call]; \
	assert(!false_not_started); \
	false_started = outcome[call] == started && !taken[call]; \
	assert(!false_started); \
	answer_lost = outcome[call] == started && sent[call]; \
	assert(!answer_lost); \
	stuck = outcome[call] == open; \
	assert(!stuck)

/* Nothing moves any more: every call has one outcome, and it is true. */
proctype monitor()
{
end:	timeout -> d_step { check(0); check(1) }
}

init {
	atomic {
		run drain(MASTER); run drain(RECEIVER); run drain(WORKER);
		run sender(); run worker(); run killer(); run receiver();
		run monitor()
	}
}
