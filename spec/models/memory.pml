/*
 * Shared memory as x86-TSO sees it: a store waits in its writer's buffer and
 * reaches memory later, in order; a load reads memory; a full fence waits
 * until the writer's buffer is empty. A load need not look into the loader's
 * own buffer, because every location has one writer, who keeps its value in
 * a register and never loads it.
 *
 * With WEAK, stores leave the buffer in any order that keeps two stores to one
 * location in order and a release store behind all before it: what a machine
 * like arm64 may do to stores. A later plain store may overtake a release.
 *
 * The including model defines SIDES, LOCATIONS, BUFFERED, the number of stores
 * that a buffer holds, and OVERTAKING(side), which lists the locations of plain
 * stores. A store into a full buffer waits; with ASSERT_ROOM it is a violation,
 * which shows that BUFFERED hides no schedule.
 */
byte memory[LOCATIONS];
chan buffer[SIDES] = [BUFFERED] of { byte, byte };	/* location, value */

#ifdef ASSERT_ROOM
#define store(side, location, value) \
	d_step { assert(nfull(buffer[side])); buffer[side]!location, value }
#else
#define store(side, location, value)	buffer[side]!location, value
#endif
#define load(location)			memory[location]
#define fence(side)			empty(buffer[side])

#define OVERTAKES(side, address) \
	:: atomic { buffer[side]??eval(address), value -> memory[address] = value; value = 0 }

/* The machine itself: it outlives the process whose stores it carries out. */
proctype drain(byte side)
{
	byte location, value;
end:	do
	:: atomic {
		buffer[side]?location, value -> memory[location] = value;
		location = 0; value = 0
	}
#ifdef WEAK
	OVERTAKING(side)
#endif
	od
}
