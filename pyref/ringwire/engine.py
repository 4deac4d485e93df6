"""The heart of the worker: takes requests, runs functions, sends responses (chapter 05).

                    request ring                              response ring
                         |                                          ^
        serve: fast path | or slow path                             |
                         v                                          |
                     dispatch --- def, nothing else in flight ---> run here
                         |  \\---- def, calls in flight ----------> the one sync thread
                          \\------ async def --------------------> a task of the loop

Everything but the sync thread runs on the loop's thread. A request is taken, that is, its last
slot is released, when its arguments have been decoded and bound and its code is about to run;
requests behind it stay in the ring, where another worker can have them if this one dies. That
is also why a `def` that finds the sync thread busy waits in the ring, and with it all behind it.
"""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
from collections.abc import Callable, Coroutine, Iterable
from mmap import mmap
from struct import Struct
from time import perf_counter_ns
from typing import Any, Final, TypeAlias, cast

from . import context, failure
from ._registry import (
    REQUEST_HEADER_SIZE,
    REQUEST_HEADER_STRUCT,
    SLOT_HEADER_SIZE,
    STATE_DRAINING,
    STATE_READY,
    STATE_STOPPED,
    STATUS_BAD_REQUEST,
    STATUS_BAD_RESULT,
    STATUS_RAISED,
    STATUS_UNAVAILABLE,
    TYPE_REQUEST,
)
from .codec import STDLIB, Codec
from .context import Call, enter
from .eager import EagerTasks
from .errors import WireError
from .fast_lane import OTHER, TURN_OVER
from .handlers import CallRefused, Handler, Handlers
from .payload import PayloadError
from .responder import Responder
from .ring import Consumer
from .spin import SpinBudget
from .wire import Bytes, Cancel, Request, Shutdown, parse_request
from .worker_block import ONE_IN_FLIGHT, WorkerBlock

# The layers of slot, header, names and kwargs are crossed here, because one unpack and two
# comparisons instead of a parse save a fifth of the time of a small call. Requests for one function
# whose kwargs are as long are the same, byte for byte, but for request_id and kwargs; a Shape is
# what was checked of them once. Whatever is not plainly a good REQUEST for a function that was
# called before goes the slow way through ring and wire.
#
# message_length and fragment_offset are one number here, which is the length when the offset is 0,
# and so are the lengths of the names.
_SLOT_AND_REQUEST: Final = Struct("<QBIIQI")
assert REQUEST_HEADER_STRUCT == "<BIIIII"
_BEFORE_ID: Final = Struct("<QB")
_BEFORE_NAMES: Final = Struct("<IQI")
_REQUEST: Final = Struct("<BIIQI")
_NAMES_OFFSET: Final = SLOT_HEADER_SIZE + REQUEST_HEADER_SIZE
# How many shapes are kept.
_SHAPES: Final = 1024
_U32_MASK: Final = 0xFFFFFFFF

# Where request_id ends in a message of either kind.
_ID_END: Final = 5

# How long serve may stay away from the loop while nobody else seems to need it.
_TURN_NS: Final = 1_000_000
# How many tasks serve starts before it lets them run.
_TASKS_PER_TURN: Final = 32
# Up to so many calls in a row are answered without a look at the clock, as long as they are short:
# together they must have taken less than this.
_CALLS_PER_LOOK: Final = 16
_SHORT_NS: Final = 60_000


# In place of a result that nobody is to send.
_ANSWERED: Final = object()


class FlyingCall(Call):
    """A call in flight beside others, on the loop or on the sync thread."""

    __slots__ = ("result", "task")

    def __init__(self, request_id: int, function: str) -> None:
        # As in Call; super() would cost as much as everything else here. serve does the same
        # without a call of this.
        self.id = request_id
        self.function = function
        self._cancelled = False
        self._look = None
        # None while the first step of the task runs.
        self.task: asyncio.Task[None] | None = None
        # Of a task that ended in its first step.
        self.result: Any = _ANSWERED

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            if self.task is not None:
                self.task.cancel()


# Stands for the handler of the last request where there was none.
_NOBODY: Final = Handler(":", 0, lambda: None)

# What unpacks a slot into the bytes before request_id, request_id, the bytes from there to the
# kwargs, and the kwargs; what the first and the third must be; whose request that is; and how long
# the kwargs are.
_Unpack: TypeAlias = "Callable[[mmap, int], tuple[bytes, int, bytes, bytes]]"
Shape: TypeAlias = "tuple[_Unpack, bytes, bytes, Handler, int]"


def _make_shape(length: int, kwargs_len: int, handler: Handler) -> Shape:
    before = _BEFORE_ID.pack(length, TYPE_REQUEST)
    between = _BEFORE_NAMES.pack(length, handler.lengths, kwargs_len) + handler.names
    unpack = Struct(f"<{len(before)}sI{len(between)}s{kwargs_len}s").unpack_from
    return cast(_Unpack, unpack), before, between, handler, kwargs_len


# No request has it: there is none without names.
_NO_SHAPE: Final = _make_shape(REQUEST_HEADER_SIZE, 0, _NOBODY)

# What scanning JSON raises that is not good.
_DECODING_ERRORS: Final = (PayloadError, ValueError, StopIteration, RecursionError, MemoryError)

_Job: TypeAlias = "tuple[FlyingCall, Handler, dict[str, Any]]"


class Engine:
    """One lane served on one event loop."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        consumer: Consumer,
        responder: Responder,
        block: WorkerBlock,
        handlers: Handlers,
        spin: SpinBudget,
        fatal: Callable[[BaseException], None],
        codec: Codec = STDLIB,
        fast: Any = None,
    ) -> None:
        self._loop = loop
        self._tasks = EagerTasks(loop)
        self._consumer = consumer
        self._responder = responder
        self._block = block
        self._handlers = handlers
        self.cache = handlers.cache
        self._spin = spin
        self._codec = codec
        # The accelerator's side of the lane, or None.
        self._fast = fast
        # Ends the process: the lane is corrupt, or this package is at fault.
        self._fatal = fatal
        # The write position up to which there is nothing left to do now. Whoever sleeps or spins
        # compares it with the shared one.
        self.seen: int = consumer.position
        self._stopping = False
        self.stopped = False
        self._in_flight: dict[int, FlyingCall] = {}
        # The call that runs inline, or 0; its handler, which the next request is expected to name,
        # too; what current_call() gave out, and the position of the call that it was for.
        self._running_id = 0
        self._handler = _NOBODY
        self._running_call: Call | None = None
        self._running_position = -1
        self._urgent_count = consumer.ring.urgent_count
        # Not what is there now: a CANCEL may have come before this worker (LIFE-005).
        self._urgent_seen: int = 0
        # CANCELs that were seen ahead of their turn: id to position in the ring. They mean only
        # requests that lie before them, because ids are used again; so each goes at its turn.
        self._cancels: dict[int, int] = {}
        # Jobs that the sync thread has not finished; the queue is made with the thread.
        self._sync_jobs = 0
        self._sync_queue: queue.SimpleQueue[_Job] | None = None
        # Whether nobody but this thread may answer now, so that serve can do it directly.
        self._alone = True
        # False when something has come up that serve must heed before it runs the next call.
        self._plain = False
        # By the bytes before request_id, which tell the length; and that of the last request.
        self._shapes: dict[bytes, Shape] = {}
        self._shape = _NO_SHAPE
        ring = consumer.ring
        self._longest = min(ring.slot_size, ring.max_message)
        self._thread = threading.get_ident()
        self._abandoned = False
        context.answer_inline(self._inline_call)

    # ------------------------------------------------------------ for the process

    @property
    def stopping(self) -> bool:
        """Set, also by a signal handler, when no more messages are to be taken."""
        return self._stopping

    @stopping.setter
    def stopping(self, value: bool) -> None:
        self._stopping = value
        self._plain = False

    @property
    def may_spin(self) -> bool:
        """Whether a spin on this thread would hold nobody up: it keeps the interpreter lock."""
        return self._sync_jobs == 0

    def abandon(self) -> None:
        """In a child that a handler forked: answer nothing, and end when the handler is done."""
        self._abandoned = True
        self._alone = self._plain = False
        if self._fast is not None:
            self._fast.close()
        self._responder.abandon(lambda: self._fatal(SystemExit(0)))

    def become_ready(self) -> None:
        self._block.set_state(STATE_READY)

    # spec:req LIFE-040 LIFE-041 LIFE-042
    def drain(self) -> None:
        """Take no further message; stop when all calls are answered. May be called again."""
        self.stopping = True
        if self._block.state == STATE_READY:
            self._block.set_state(STATE_DRAINING)
        self._stop_if_done()

    def _stop_if_done(self) -> None:
        # A job that has landed may not have sent its response yet; it is counted until it has.
        if self.stopping and not self._in_flight and not self._sync_jobs and not self.stopped:
            if self._block.state == STATE_READY:
                self._block.set_state(STATE_DRAINING)
            self.stopped = True
            self._block.set_state(STATE_STOPPED)
            self._loop.stop()

    # ------------------------------------------------------------ taking messages

    def serve(self) -> None:
        """Handle what the ring holds, as far as is good for the other work of the loop.

        To be called when the shared write position differs from seen.
        """
        try:
            self._serve()
        except BaseException as error:
            self._fatal(error)

    # One long function, because calls are what a small call consists of. What most requests need
    # stands here; whatever else there is goes to methods that do it by the book. They find all they
    # need in self and in the consumer, whose position is that of the request at hand or, once it is
    # taken, the one behind it.
    # spec:req LIFE-010 LIFE-011 LIFE-030 BELL-002 BELL-003 BELL-005 BELL-008
    def _serve(self) -> None:
        consumer = self._consumer
        ring = consumer.ring
        memory = cast(mmap, ring.memory)  # slices of a mapping are bytes
        write_position, read_position = ring.write_position, ring.read_position
        urgent_count = self._urgent_count
        slot_count, mask = ring.slot_count, ring.slot_count - 1
        base, stride = ring.slots_offset, ring.slot_stride
        shapes = self._shapes
        unpack, same_before, same_between, handler, kwargs_len = self._shape
        function, is_async, binds = handler.function, handler.is_async, handler.binds
        decode, encode = self._codec.decode, self._codec.encode
        scan, chunks, options = self._codec.raw
        if options is not None:
            scan = chunks = None  # they are not those of the standard library
        cancels, in_flight = self._cancels, self._in_flight
        block, fast = self._block, self._fast
        calls = block.calls
        # Without it, as on a stream, no handler is brief.
        direct = self._responder.direct
        if direct is not None:
            producer, answers, frames = direct.producer, direct.memory, direct.frames
            answers_base, answers_stride = direct.base, direct.stride
            answers_count, answers_mask = direct.slot_count, direct.slot_count - 1
            answered, asleep = direct.write_position, direct.need_wakeup
            fence, next_fence = direct.fences
            ring_doorbell = self._responder.ring_doorbell
        loop, set_running_loop = self._loop, asyncio._set_running_loop
        start_task, run_task = self._tasks.start_in_loop, self._run_task
        wait = self._spin.wait
        new_call = FlyingCall.__new__
        now = perf_counter_ns()
        turn_end = now + _TURN_NS
        most_tasks = len(in_flight) + _TASKS_PER_TURN
        write = first = consumer.position
        at_once = 1
        left_by_fast = False
        # Handlers that run here must find no running loop, as in any plain program; asyncio.run
        # works in them.
        running = asyncio._get_running_loop()
        set_running_loop(None)
        in_loop = False
        try:
            while not self._stopping:
                # All this stays as it is until the next look at the clock: what is done by the book
                # ends that time early. It is done before a spin, not after.
                position = consumer.position
                self._plain = True
                if in_flight or cancels or not self._alone or self._stopping:
                    self._plain = False
                self._handler = handler
                urgent_seen = self._urgent_seen
                by_the_book = consumer.length != 0
                dispatch = False
                index = position & mask
                first_slot = base + index * stride
                # As many as are to be had without going round in the ring.
                count = at_once if index + at_once <= slot_count else slot_count - index
                if direct is not None:
                    # Slots that are known to be free, without going round either.
                    sent = producer.position
                    index = sent & answers_mask
                    answer = answers_base + index * answers_stride
                    used = sent - producer.read_position
                    free = answers_count - (used if used > index else index)
                    answers_end = answer + free * answers_stride
                # A long message may have been read beyond what was published at the last look.
                if position >= write:
                    write = write_position[0]
                    if position == write:
                        self.seen = write
                        if in_flight or position == first:
                            return
                        calls[0] = 0
                        seen = wait(write_position, write, turn_end)
                        if seen is None:
                            return
                        write = seen
                    if not position < write <= position + slot_count:
                        write = consumer.published()
                if fast is not None:
                    if not by_the_book and not left_by_fast:
                        why = fast.serve(self, write, turn_end, most_tasks, self._sync_jobs != 0)
                        if why == TURN_OVER:
                            self.seen = consumer.position
                            return
                        at_once = 1
                        left_by_fast = why == OTHER
                        continue
                    left_by_fast = False
                if position + count > write:
                    count = write - position
                if by_the_book:
                    count = 0
                slots: Iterable[int] = (first_slot,)  # for a fraction of the time of a range
                if count != 1:
                    slots = range(first_slot, first_slot + count * stride, stride)
                for slot in slots:
                    before, request_id, between, data = unpack(memory, slot)
                    if before != same_before or between != same_between or not request_id:
                        # Of another length, or for another function.
                        for known in shapes.get(before, _NO_SHAPE), None:
                            self._shape = known or self._learn(slot)
                            unpack, same_before, same_between, handler, kwargs_len = self._shape
                            before, request_id, between, data = unpack(memory, slot)
                            if before == same_before and between == same_between and request_id:
                                break
                        else:
                            by_the_book = True
                            break
                        function, is_async = handler.function, handler.is_async
                        binds = handler.binds
                        self._handler = handler
                    if not self._plain and (self._stopping or cancels or not is_async):
                        dispatch = not self._stopping
                        break
                    # spec:req PAYLOAD-001 PAYLOAD-002
                    try:
                        if scan is None:
                            kwargs = decode(data)
                        elif data:
                            text = data.decode()
                            kwargs, stop = scan(text, 0)
                            # The first says that it is ASCII and ends there, for less.
                            if stop != kwargs_len and stop != len(text):
                                raise ValueError
                        else:
                            kwargs = {}
                    except _DECODING_ERRORS:
                        dispatch = True
                        break
                    # Functions that bind refuse by themselves what does not fit, and what is no
                    # object; see _answer_unfit.
                    if not binds and (
                        type(kwargs) is not dict or tuple(kwargs) not in handler.accepted
                    ):
                        dispatch = True
                        break
                    position += 1
                    consumer.position = position
                    # Release; pairs with the producer's load of read_position.
                    read_position[0] = position
                    if urgent_count[0] != urgent_seen:
                        self._look_for_cancels()
                        urgent_seen = self._urgent_seen
                        if self._answer_canceled(request_id, taken=True):
                            break
                    if is_async:
                        if not in_loop:
                            in_loop = True
                            set_running_loop(loop)
                        call = new_call(FlyingCall)
                        call.id, call.function = request_id, handler.name
                        call._cancelled = False
                        call._look = call.task = None
                        call.result = _ANSWERED
                        task = start_task(run_task(call, handler, kwargs), handler.name)
                        if not task.done():
                            call.task = task
                            in_flight[request_id] = call
                            self._plain = False
                            if len(in_flight) >= most_tasks:
                                break
                            continue
                        result = call.result
                        if result is _ANSWERED:
                            break
                    else:
                        if in_loop:
                            in_loop = False
                            set_running_loop(None)
                        self._running_id = request_id
                        calls[0] = request_id | ONE_IN_FLIGHT
                        try:
                            result = function(**kwargs)
                        except BaseException as error:
                            self._answer_raised(request_id, handler, kwargs, error)
                            break
                    if not handler.is_brief:
                        self._answer_result(request_id, handler, result)
                        break
                    try:
                        if chunks is None:
                            body = encode(result)
                        else:
                            (text,) = chunks(result, 0)
                            body = text.encode()
                        pack, head, tail = frames[len(body)]
                    except BaseException:
                        # It has to be said why, or there is another way to send it.
                        self._answer_result(request_id, handler, result)
                        break
                    # The function may have forked, and this may be the child.
                    if not self._alone or answer == answers_end:
                        self._answer_result(request_id, handler, result)
                        break
                    pack(answers, answer, head, request_id, tail, body)
                    sent += 1
                    # Release; pairs with the master's acquire load.
                    answered[0] = sent
                    fence()
                    if asleep[0]:
                        ring_doorbell()
                    # Whatever can wait until the answer is out.
                    producer.position = sent
                    answer += answers_stride
                    fence, next_fence = next_fence, fence
                if in_loop:
                    in_loop = False
                    set_running_loop(None)
                if (dispatch and not self._dispatch(request_id, handler, data)) or (
                    by_the_book and not self._serve_slowly()
                ):
                    self.seen = write
                    return
                looked, now = now, perf_counter_ns()
                if now > turn_end or len(in_flight) >= most_tasks:
                    self.seen = consumer.position
                    return
                # While calls are short, the clock is looked at less often.
                if now - looked >= _SHORT_NS:
                    at_once = 1
                elif at_once < _CALLS_PER_LOOK:
                    at_once *= 2
            self.seen = consumer.published()
            self._look_for_cancels()
        finally:
            if direct is not None:
                direct.fences = fence, next_fence
            self._running_id = 0
            set_running_loop(running)
            block.idle(len(in_flight))
            self._stop_if_done()

    def _learn(self, slot: int) -> Shape:
        """What shape the request in a slot has, if it is a good one for a function that was called
        before, else any other shape.
        """
        memory = cast(mmap, self._consumer.ring.memory)
        length, _, _, _, both, kwargs_len = _SLOT_AND_REQUEST.unpack_from(memory, slot)
        names_len = (both & _U32_MASK) + (both >> 32)
        if length > self._longest or REQUEST_HEADER_SIZE + names_len + kwargs_len != length:
            return _NO_SHAPE
        start = slot + _NAMES_OFFSET
        # Valid names: these very bytes were parsed before. Whatever else there is of the request is
        # compared with the shape.
        handler = self.cache.get(memory[start : start + names_len])
        if handler is None:
            return _NO_SHAPE
        if len(self._shapes) >= _SHAPES:
            self._shapes.clear()
        shape = _make_shape(length, kwargs_len, handler)
        self._shapes[shape[1]] = shape
        return shape

    def _serve_slowly(self) -> bool:
        """Handle the next message by the book; False if it cannot be handled now."""
        consumer = self._consumer
        message = consumer.peek()
        while message is None:
            # A long message on its way: what is published of it has been copied.
            if not self.may_spin:
                return False
            if self._spin.wait(consumer.ring.write_position, consumer.position) is None:
                return False
            message = consumer.peek()
        found = self._known(message)
        if found is not None:
            return self._dispatch(*found)
        try:
            parsed = parse_request(message, consumer.ring.max_message)
        except WireError as error:
            consumer.take()
            self._refuse(message, error)
            return True
        if isinstance(parsed, Shutdown):
            consumer.take()
            self.drain()
            return True
        if isinstance(parsed, Cancel):
            if self._cancels.get(parsed.request_id) == consumer.position:
                del self._cancels[parsed.request_id]
            consumer.take()
            self._cancel(parsed.request_id)
            return True
        return self._serve_first(parsed)

    def _known(self, message: memoryview) -> tuple[int, Handler, Bytes] | None:
        """A good request for a function that was called before: its id, handler and kwargs.

        None if it is another message, or if there is anything to say about it. As in _serve, names
        are valid because these very bytes were parsed before.
        """
        if len(message) < REQUEST_HEADER_SIZE:
            return None
        type_, request_id, total, lengths, kwargs_len = _REQUEST.unpack_from(message)
        start = total - kwargs_len
        if (
            type_ != TYPE_REQUEST
            or not request_id
            or total != len(message)
            or start != REQUEST_HEADER_SIZE + (lengths & _U32_MASK) + (lengths >> 32)
        ):
            return None
        handler = self.cache.get(message[REQUEST_HEADER_SIZE:start].tobytes())
        if handler is None or handler.lengths != lengths:
            return None
        return request_id, handler, message[start:]

    # spec:req LIFE-014 LIFE-015 LIFE-016
    def _refuse(self, message: memoryview, error: WireError) -> None:
        request_id = int.from_bytes(message[1:5], "little")
        if len(message) < _ID_END or request_id == 0:
            self._block.count_refused()
            return
        reason = f"{error.code} at offset {error.offset}, field {error.field}"
        self._responder.failure(request_id, STATUS_BAD_REQUEST, reason, {"code": error.code})

    def _serve_first(self, request: Request) -> bool:
        """Handle a request for a function that was not called before."""
        request_id, module, function = (
            request.request_id,
            request.module_name,
            request.function_name,
        )
        if self._urgent_count[0] != self._urgent_seen:
            self._look_for_cancels()
        if self._answer_canceled(request_id, taken=False):
            return True
        try:
            self._handlers.check_allowed(module, function)
        except CallRefused as refusal:
            self._consumer.take()
            self._answer_refusal(request_id, refusal)
            return True
        # Importing runs the module's code, so the request counts as started from here.
        self._consumer.take()
        self._block.running(request_id, len(self._in_flight) + 1)
        try:
            handler = self._handlers.find(module, function)
        except CallRefused as refusal:
            self._answer_refusal(request_id, refusal)
            return True
        return self._dispatch(request_id, handler, request.kwargs, taken=True)

    def _answer_refusal(self, request_id: int, refusal: CallRefused) -> None:
        details = {} if refusal.error is None else failure.describe(refusal.error)
        self._responder.failure(request_id, refusal.status, refusal.reason, details)

    # ------------------------------------------------------------ running functions

    # spec:req LIFE-011 LIFE-012 LIFE-020 LIFE-030
    def _dispatch(
        self, request_id: int, handler: Handler, data: Bytes, taken: bool = False
    ) -> bool:
        """Run a call or answer why not; False if it must wait in the ring."""
        if self._cancels and self._answer_canceled(request_id, taken):
            return True
        in_flight = self._in_flight
        if self._sync_jobs and not handler.is_async and not taken:
            return False
        try:
            kwargs = self._codec.decode(data)
            if tuple(kwargs) not in handler.accepted:
                handler.check(kwargs)
        except (PayloadError, CallRefused) as error:
            self._answer_misfit(request_id, error, taken)
            return True
        if not taken:
            self._consumer.take()
            # Once more: decoding takes its time, and the master believes that a call does not run
            # if it was cancelled long enough before it was taken.
            if self._urgent_count[0] != self._urgent_seen:
                self._look_for_cancels()
                if self._answer_canceled(request_id, taken=True):
                    return True
        if handler.is_async:
            self._start_task(request_id, handler, kwargs)
        elif in_flight:
            self._queue_job(FlyingCall(request_id, handler.name), handler, kwargs)
        else:
            self._running_id = request_id
            self._handler = handler
            self._block.running(request_id, 1)
            coroutine = self._execute(request_id, handler, kwargs, None)
            if coroutine is not None:
                self._finish(request_id, handler.name, coroutine)
        return True

    # spec:req LIFE-031 PAYLOAD-002 PAYLOAD-005
    def _answer_misfit(
        self, request_id: int, error: PayloadError | CallRefused, taken: bool = False
    ) -> None:
        """Answer a request whose arguments are not acceptable."""
        if self._urgent_count[0] != self._urgent_seen:
            self._look_for_cancels()
        if not self._answer_canceled(request_id, taken):
            if not taken:
                self._consumer.take()
            self._responder.failure(request_id, STATUS_BAD_REQUEST, str(error))

    # spec:req PAYLOAD-007
    def _execute(
        self, request_id: int, handler: Handler, kwargs: dict[str, Any], call: FlyingCall | None
    ) -> Coroutine[Any, Any, Any] | None:
        """Run a `def` on this thread and answer its call.

        A coroutine that it returned comes back unanswered, for the caller to finish.
        """
        try:
            result = handler.function(**kwargs)
        except BaseException as error:
            self._answer_exception(request_id, error, call or self._asked_call())
            return None
        try:
            body = self._codec.encode(result)
        except PayloadError as error:
            if inspect.iscoroutine(result):
                return result
            self._landed(request_id)
            self._responder.failure(request_id, STATUS_BAD_RESULT, str(error))
            return None
        if call is not None:
            self._landed(request_id)
        self._responder.result(request_id, body)
        return None

    # ------------------------------------------------------------ for the accelerator

    ANSWERED: Final = _ANSWERED
    set_running_loop = staticmethod(asyncio._set_running_loop)

    def _begin(self, request_id: int, handler: Handler, kwargs: dict[str, Any]) -> Any:
        """Start the task of a call, the loop being set as running: its result, if it has one that
        is still to be sent, or ANSWERED.
        """
        call = FlyingCall(request_id, handler.name)
        task = self._tasks.start_in_loop(self._run_task(call, handler, kwargs), handler.name)
        if not task.done():
            call.task = task
            self._in_flight[request_id] = call
            self._plain = False
        return call.result

    def _withdrawn(self, request_id: int) -> bool:
        """Look for CANCELs; whether one is for this call, which was just taken, and answered."""
        self._look_for_cancels()
        return self._answer_canceled(request_id, taken=True)

    def _answer_result(self, request_id: int, handler: Handler, result: object) -> None:
        """Answer a call with its result, by the book."""
        if self._abandoned:
            self._fatal(SystemExit(0))
        try:
            body = self._codec.encode(result)
        except PayloadError as error:
            handler.is_brief = False
            self._answer_unencodable(request_id, handler, result, error)
        else:
            # An envelope is no text, however short it is.
            direct = self._responder.direct
            handler.is_brief = (
                direct is not None
                and isinstance(body, bytes)
                and (self._codec.raw[2] is not None or not body.startswith(b"\0"))
                and direct.has_frame(len(body))
            )
            self._responder.result(request_id, body)

    def _ring_doorbell(self) -> None:
        self._responder.ring_doorbell()

    # ------------------------------------------------------------ other ends of a call

    def _answer_unencodable(
        self, request_id: int, handler: Handler, result: object, error: PayloadError
    ) -> None:
        """Answer a call whose result is no JSON, or finish the coroutine of a `def`."""
        if inspect.iscoroutine(result) and not handler.is_async:
            self._finish(request_id, handler.name, result)
        else:
            self._responder.failure(request_id, STATUS_BAD_RESULT, str(error))

    def _answer_raised(
        self, request_id: int, handler: Handler, kwargs: dict[str, Any], error: BaseException
    ) -> None:
        """Answer a `def` that ran here and raised, or whose arguments did not fit."""
        if not self._answer_unfit(request_id, handler, kwargs, error):
            self._answer_exception(request_id, error, self._asked_call())

    # spec:req PAYLOAD-002 PAYLOAD-005
    def _answer_unfit(
        self, request_id: int, handler: Handler, kwargs: Any, error: BaseException
    ) -> bool:
        """Answer a call if error is Python's word for arguments that do not fit."""
        if self._abandoned or not handler.may_have_refused(error):
            return False
        reason = "kwargs are not a JSON object"
        if type(kwargs) is dict:
            try:
                handler.check(kwargs)
            except CallRefused as refusal:
                reason = refusal.reason
            else:
                return False
        self._landed(request_id)
        self._responder.failure(request_id, STATUS_BAD_REQUEST, reason)
        return True

    # spec:req LIFE-033 PAYLOAD-007
    def _answer_exception(self, request_id: int, error: BaseException, call: Call | None) -> None:
        if self._abandoned:
            self._fatal(error)
        self._landed(request_id)
        if isinstance(error, asyncio.CancelledError) and call is not None and call.known_cancelled:
            self._responder.canceled(request_id, started=True)
        else:
            self._responder.failure(
                request_id, STATUS_RAISED, failure.headline(error), failure.describe(error)
            )

    def _landed(self, request_id: int) -> None:
        """Forget a call. Before its response is out, because then its id may be used again."""
        self._in_flight.pop(request_id, None)

    # ------------------------------------------------------------ tasks of the loop

    def _start_task(self, request_id: int, handler: Handler, kwargs: dict[str, Any]) -> None:
        self._start(FlyingCall(request_id, handler.name), handler, kwargs)

    def _finish(self, request_id: int, name: str, it: Coroutine[Any, Any, Any]) -> FlyingCall:
        """Start a task for what a `def` returned."""
        call = FlyingCall(request_id, name)
        self._start(call, _FINISHER, {"it": it})
        return call

    def _start(self, call: FlyingCall, handler: Handler, kwargs: dict[str, Any]) -> None:
        task = self._tasks.start(self._run_task(call, handler, kwargs), call.function)
        if not task.done():
            call.task = task
            self._in_flight[call.id] = call
            self._plain = False
        elif call.result is not _ANSWERED:
            self._answer_result(call.id, handler, call.result)

    # spec:req LIFE-034
    async def _run_task(self, call: FlyingCall, handler: Handler, kwargs: dict[str, Any]) -> None:
        """Run a call and answer it.

        If it never waits and has a result, that is left to whoever has started the task.
        """
        enter(call)
        try:
            try:
                result = await handler.function(**kwargs)
            except BaseException as error:
                if not self._answer_unfit(call.id, handler, kwargs, error):
                    self._answer_exception(call.id, error, call)
            else:
                if call.task is None:
                    call.result = result
                    return
                self._landed(call.id)
                self._answer_result(call.id, handler, result)
        except BaseException as error:
            self._fatal(error)
        if call.task is not None:
            self._block.idle(len(self._in_flight))
            self._stop_if_done()

    # ------------------------------------------------------------ the sync thread

    def _queue_job(self, call: FlyingCall, handler: Handler, kwargs: dict[str, Any]) -> None:
        if self._sync_queue is None:
            jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
            thread = threading.Thread(
                target=self._run_jobs, args=(jobs,), name="ringwire-sync", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:
                self._responder.failure(call.id, STATUS_UNAVAILABLE, f"no thread: {error}")
                return
            self._sync_queue = jobs
        self._in_flight[call.id] = call
        self._sync_jobs += 1
        self._alone = self._plain = False
        self._sync_queue.put((call, handler, kwargs))

    def _run_jobs(self, jobs: queue.SimpleQueue[_Job]) -> None:
        while True:
            call, handler, kwargs = jobs.get()
            context.enter(call)
            coroutine = None
            try:
                if call.known_cancelled:
                    self._landed(call.id)
                    self._responder.canceled(call.id, started=False)
                else:
                    coroutine = self._execute(call.id, handler, kwargs, call)
            except BaseException as error:
                self._fatal(error)
            self._loop.call_soon_threadsafe(self._job_done, call, coroutine)

    def _job_done(self, call: FlyingCall, coroutine: Coroutine[Any, Any, Any] | None) -> None:
        self._sync_jobs -= 1
        self._alone = self._sync_jobs == 0 and not self._abandoned
        if coroutine is not None:
            going_on = self._finish(call.id, call.function, coroutine)
            if call.known_cancelled:
                going_on.cancel()
        # What waited for this thread, if anything, lies in the ring.
        self.serve()

    # ------------------------------------------------------------ cancellation

    # spec:req LIFE-030 LIFE-032
    def _look_for_cancels(self) -> None:
        """Heed the CANCELs that lie further ahead in the ring."""
        self._urgent_seen = self._urgent_count[0]
        for position, message in self._consumer.look_ahead(REQUEST_HEADER_SIZE):
            try:
                parsed = parse_request(message)
            except WireError:
                continue  # refused when its turn comes
            if isinstance(parsed, Cancel) and not self._cancel(parsed.request_id):
                self._cancels[parsed.request_id] = position
                self._plain = False

    # spec:req LIFE-032 LIFE-035
    def _cancel(self, request_id: int) -> bool:
        """Cancel a call that has been taken; False if there is none with this id."""
        call: Call | None = self._in_flight.get(request_id)
        if call is None and request_id == self._running_id:
            call = self._asked_call()
        if call is None:
            return False
        call.cancel()
        return True

    # spec:req LIFE-031
    def _answer_canceled(self, request_id: int, taken: bool) -> bool:
        """Answer the next request if a CANCEL for it lies behind it in the ring."""
        if request_id not in self._cancels:
            return False
        del self._cancels[request_id]
        if not taken:
            self._consumer.take()
        self._responder.canceled(request_id, started=False)
        return True

    def _inline_call(self) -> Call | None:
        """The call that runs inline, for current_call()."""
        if self._running_id == 0 or threading.get_ident() != self._thread:
            return None
        if self._running_position != self._consumer.position:
            self._running_position = self._consumer.position
            self._running_call = Call(self._running_id, self._handler.name, self._look)
        return self._running_call

    def _asked_call(self) -> Call | None:
        """What current_call() gave out for the call that runs inline, if it was asked."""
        return self._running_call if self._running_position == self._consumer.position else None

    def _look(self) -> None:
        if threading.get_ident() == self._thread and self._urgent_count[0] != self._urgent_seen:
            self._look_for_cancels()


async def _finish(it: Coroutine[Any, Any, Any]) -> Any:
    """What a `def` that returned a coroutine amounts to."""
    return await it


_FINISHER: Final = Handler(f"{__name__}:_finish", len(__name__), _finish)
