#!/usr/bin/env bash
# Checks the models in this folder with Spin: the sound ones in every schedule,
# and each of the broken ones until its counter-example is found.
#
#   run.sh            everything, one to two minutes on two processors
#   run.sh --quick    fewer messages and without the largest scenario
#   run.sh --update   everything, and the tables in README.md written anew
#   run.sh --show X   the counter-example of broken model X, step by step
#
# Needs spin 6.5 and a C compiler (CC). JOBS says how many run at once; one
# needs less than 1 GB of memory. Fails if a sound model fails, or if a broken
# one survives or violates another property than the one expected.
set -euo pipefail
cd "$(dirname "$0")"
models=$PWD
CC=${CC:-gcc}
JOBS=${JOBS:-2}
mode=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in spin "$CC"; do
	command -v "$tool" >/dev/null || { echo "run.sh: $tool is not installed" >&2; exit 2; }
done

# name | model | macros | properties are checked as: states (assertions) or cycles (LTL) | what it is
sound() {
	cat <<-'LIST'
	ring-crash-weak|ring|CRASH WEAK MESSAGES=2 ASSERT_ROOM|states|as ring-crash, and stores land out of order
	ring-crash|ring|CRASH ASSERT_ROOM|states|as ring, and either side, or both, may die before any step
	ring-bounded-consumer|ring|BOUNDED NO_CONSUMER_FENCE MESSAGES=2 BUFFERED=2 LIVENESS|cycles|a consumer without fence bounds its sleep: late, never stuck
	ring-bounded-producer|ring|BOUNDED NO_PRODUCER_FENCE MESSAGES=2 BUFFERED=3 LIVENESS|cycles|a producer without fence, the consumer bounds its sleep: late, never stuck
	ring-lost-rings|ring|BOUNDED LOST_RINGS BUFFERED=3 LIVENESS|cycles|any ring may be lost, sleeps are bounded
	ring-delivered|ring|LIVENESS|cycles|everything is delivered
	ring-faulty|ring|FAULTY BUFFERED=8 ASSERT_ROOM|states|a producer that commits one fault of framing: refused, never believed
	ring-weak|ring|WEAK ASSERT_ROOM|states|as ring, and stores land out of order, releases behind what is before them
	ring|ring|ASSERT_ROOM|states|every schedule, a message longer than the ring, spurious rings
	ring-small|ring|SMALL MESSAGES=4 ASSERT_ROOM|states|as ring, and every message takes one slot
	calls|calls|ASSERT_ROOM|states|a call longer than the ring, CANCEL, kill at every step, verdict
	calls-roomy|calls|ROOMY ASSERT_ROOM|states|as calls, and everything fits the ring at once
	calls-weak|calls|WEAK ASSERT_ROOM|states|as calls, and stores land out of order
	calls-roomy-weak|calls|ROOMY WEAK ASSERT_ROOM|states|as calls-roomy, and stores land out of order
	LIST
}

# What breaks when a requirement is not met.
#
# spec:test BELL-001 BELL-002 BELL-010 BELL-011
# spec:test RING-006 RING-007 RING-011 RING-015 RING-018 RING-021 RING-023
# spec:test LIFE-011 LIFE-012 LIFE-030 LIFE-033 LIFE-050 LIFE-051 LIFE-052
#
# name | model | macros | property that it must violate | what is wrong
broken() {
	cat <<-'LIST'
	no-producer-fence|ring|NO_PRODUCER_FENCE|stuck|no full fence between publishing and the load of need_wakeup
	no-consumer-fence|ring|NO_CONSUMER_FENCE|stuck|no full fence between need_wakeup = 1 and the load of write_position
	no-consumer-fence-live|ring|NO_CONSUMER_FENCE LIVENESS|delivered|the same as seen by the liveness property
	lost-ring|ring|LOST_RINGS|stuck|a ring is lost and the sleep has no bound
	flag-after-check|ring|FLAG_AFTER_CHECK|stuck|need_wakeup set after the look at write_position
	flag-set-once|ring|FLAG_SET_ONCE|stuck|after a spurious ring it sleeps again without need_wakeup
	clear-after-check|ring|CLEAR_AFTER_CHECK|stuck|doorbell cleared between the look and the wait
	ring-before-publish|ring|RING_BEFORE_PUBLISH|stuck|need_wakeup looked at before the position is published
	late-ring|ring|LATE_RING|stuck|the producer waits for slots before it has rung
	hoarding-producer|ring|HOARDING_PRODUCER|stuck|the producer waits for slots before it has published
	hoarding-consumer|ring|HOARDING_CONSUMER|stuck|the consumer waits for fragments and keeps the slots of earlier ones
	position-before-bytes|ring|POSITION_BEFORE_BYTES|corrupt|position published before the bytes
	position-unordered|ring|WEAK UNORDERED_POSITION|torn|write_position stored without release ordering, on a weak machine
	release-before-copy|ring|RELEASE_BEFORE_COPY|torn|slot released before it is copied
	release-before-copy-small|ring|RELEASE_BEFORE_COPY SMALL|reordered|the same with small messages
	overfill|ring|OVERFILL|torn|the producer takes one slot more than there are
	overfill-small|ring|OVERFILL SMALL|reordered|the same with small messages
	drop-when-full|ring|DROP_WHEN_FULL SMALL|lost|the producer drops what does not fit
	read-ahead|ring|READ_AHEAD|corrupt|the consumer takes a message for published once its first fragment is
	offset-ignored|ring|FAULTY OFFSET_IGNORED|torn|fragment_offset not checked, against a faulty producer
	position-unchecked|ring|FAULTY SMALL POSITION_UNCHECKED|duplicated|write_position not checked, against a faulty producer
	no-last-look|ring|CRASH NO_LAST_LOOK|stuck|the consumer does not look again when the producer has died
	death-before-landed|ring|CRASH DEATH_BEFORE_LANDED|stuck|the last look comes before the last stores of the dead
	take-after-user-code|calls|TAKE_AFTER_USER_CODE|false_not_started|the worker takes the request when user code has run
	verdict-before-death|calls|VERDICT_BEFORE_DEATH|false_not_started|judged when the signal is sent
	verdict-before-landed|calls|VERDICT_BEFORE_LANDED|false_not_started|judged before the last stores of the dead have landed
	verdict-before-answers|calls|VERDICT_BEFORE_ANSWERS|answer_lost|judged before the answers are read
	verdict-off-by-one|calls|VERDICT_OFF_BY_ONE|false_started|judged by >= in place of >
	count-before-publish|calls|COUNT_BEFORE_PUBLISH|cancel_missed|urgent_count bumped before the CANCEL is published
	count-unordered|calls|WEAK UNORDERED_COUNT|cancel_missed|urgent_count stored without release ordering, on a weak machine
	stale-look-ahead|calls|STALE_LOOK_AHEAD|cancel_missed|write_position loaded before urgent_count
	cancel-wins|calls|ROOMY CANCEL_WINS|ran_cancelled|"not started" answered for a call that has run
	answer-on-sight|calls|ROOMY ANSWER_ON_SIGHT|duplicated|a CANCEL answered before its request is taken
	LIST
}

# build DIR MODEL MACROS CFLAGS...: makes DIR/pan
build() {
	local dir=$1 model=$2 macros=$3
	shift 3
	mkdir -p "$dir"
	cp "$models"/*.pml "$dir"
	cd "$dir"
	local defines=() macro
	for macro in $macros; do defines+=("-D$macro"); done
	spin -a "${defines[@]}" "$model.pml" >spin.log 2>&1 || { cat spin.log >&2; return 1; }
	"$CC" -w -DMEMLIM=1800 -DNFAIR=3 "$@" -o pan pan.c
}

# number LABEL_REGEX: the number in front of that label in pan's output
number() { sed -nE "s/^ *([0-9.e+]+) +$1.*/\1/p" out | head -1; }

# outcome: the property that pan reports as violated, "holds", or "incomplete"
outcome() {
	if grep -q 'search depth too small\|Search not completed\|out of memory\|memory limit' out; then
		[ -s ./*.trail ] 2>/dev/null || { echo incomplete; return; }
	fi
	if grep -q 'acceptance cycle' out; then
		echo delivered
	elif grep -q 'errors: 0' out; then
		echo holds
	else
		sed -nE 's/^pan:[0-9]+: assertion violated *!?\(*([a-z_]+).*/\1/p' out | head -1
	fi
}

check_sound() {
	local name=$1 model=$2 macros=$3 kind=$4 meaning=$5
	local flags="-O1 -DSAFETY" arguments=-E verdict
	[ "$kind" = states ] || { flags=-O1; arguments="-a -f"; }
	[ "$mode" != --quick ] || case $macros in
		*MESSAGES*) ;;
		*) [ "$model" != ring ] || macros="$macros MESSAGES=2" ;;
	esac
	build "$work/$name" "$model" "$macros" $flags
	./pan -m1000000 $arguments >out 2>&1 || true
	verdict=$(outcome)
	printf '| `%s` | %s | %s | %s | %s | %s |\n' "$name" "$meaning" \
		"$(number 'states, stored')" "$(sed -nE 's/.*depth reached ([0-9]+).*/\1/p' out)" \
		"$(sed -nE 's/^pan: elapsed time ([0-9.e+]+) seconds/\1/p' out)" "$verdict" >"$work/$name.row"
	[ "$verdict" = holds ] || { echo "run.sh: $name: violates ${verdict:-?}" >&2; return 1; }
}

check_broken() {
	local name=$1 model=$2 macros=$3 expected=$4 meaning=$5
	local flags="-DSAFETY -DBFS" arguments="-E -w20" violated	# breadth first: a shortest trail
	case $macros in *LIVENESS*) flags= arguments="-a -f" ;; esac
	build "$work/$name" "$model" "$macros" $flags
	./pan -m1000000 $arguments >out 2>&1 || true
	violated=$(outcome)
	local steps=-
	[ ! -e "$model.pml.trail" ] || steps=$(grep -vc '^-' "$model.pml.trail")
	printf '| `%s` | %s | %s | %s | %s |\n' "$name" "$meaning" "${violated:-?}" "$steps" \
		"$(number 'states, stored')" >"$work/$name.row"
	[ "$violated" = "$expected" ] || {
		echo "run.sh: $name: expected a violation of $expected, got: ${violated:-nothing known}" >&2
		return 1
	}
}

# each CHECK: runs CHECK for every line read, JOBS at a time
each() {
	local check=$1 line failed=0 running=0 name model macros property meaning
	while IFS='|' read -r name model macros property meaning; do
		[ "$running" -lt "$JOBS" ] || { wait -n || failed=1; running=$((running - 1)); }
		(
			code=0
			"$check" "$name" "$model" "$macros" "$property" "$meaning" || code=1
			rm -rf "${work:?}/$name"
			exit "$code"
		) &
		running=$((running + 1))
	done
	while [ "$running" -gt 0 ]; do
		wait -n || failed=1
		running=$((running - 1))
	done
	return "$failed"
}

rows() { while IFS='|' read -r name _; do cat "$work/$name.row"; done; }

tables() {
	echo "| sound model | what it is | states | depth | seconds | verdict |"
	echo "|---|---|---|---|---|---|"
	chosen | LC_ALL=C sort -t'|' -k1,1 | rows
	echo
	echo "| broken model | what is wrong | violates | steps of the counter-example | states |"
	echo "|---|---|---|---|---|"
	broken | rows
}

chosen() { if [ "$mode" = --quick ]; then sound | grep -v '^ring-crash-weak|'; else sound; fi; }

show() {
	local line name model macros property meaning
	line=$(broken | grep "^$1|") || { echo "run.sh: no broken model is called $1" >&2; exit 2; }
	IFS='|' read -r name model macros property meaning <<<"$line"
	check_broken "$name" "$model" "$macros" "$property" "$meaning"
	local defines=() macro
	for macro in $macros; do defines+=("-D$macro"); done
	echo "# $name: $meaning; violates $property"
	spin -t -p "${defines[@]}" "$model.pml" | grep -v '^ *$'
}

case $mode in
--show) show "${2:?name of a broken model}"; exit ;;
'' | --quick | --update) ;;
*) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

status=0
chosen | each check_sound || status=1
broken | each check_broken || status=1
tables
if [ "$mode" = --update ] && [ "$status" = 0 ]; then
	tables >"$work/tables"
	sed -i -e "/^<!-- run.sh --update -->/,/^<!-- end -->/{/^<!--/!d}" \
		-e "/^<!-- run.sh --update -->/r $work/tables" README.md
fi
exit "$status"
