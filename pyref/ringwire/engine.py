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
from collections.abc import Callable, Coroutine
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
from .context import Call
from .eager import EagerTasks
from .errors import WireError
from .fast_lane import OTHER, REACHED
from .handlers import CallRefused, Handler, Handlers
from .payload import PayloadError
from .responder import Responder
from .ring import Consumer
from .spin import SpinBudget
from .wire import Cancel, Request, Shutdown, parse_request
from .worker_block import ONE_IN_FLIGHT, WorkerBlock

# Slot header and request header in one: the layers are crossed here because one unpack instead of
# two, and no copy of the frame, is a tenth of the time of a small call. All checks of both layers
# are still made; whatever is not plainly a good REQUEST goes the slow way through ring and wire.
# message_length and fragment_offset are one number, which is the length when the offset is 0.
_SLOT_AND_REQUEST: Final = Struct("<Q" + REQUEST_HEADER_STRUCT.removeprefix("<"))
_NAMES_OFFSET: Final = SLOT_HEADER_SIZE + REQUEST_HEADER_SIZE

# Where request_id ends in a message of either kind.
_ID_END: Final = 5

# How long serve may stay away from the loop while nobody else seems to need it.
_TURN_NS: Final = 1_000_000
# How many tasks serve starts before it lets them run.
_TASKS_PER_TURN: Final = 32


class FlyingCall(Call):
    """A call in flight beside others, on the loop or on the sync thread."""

    __slots__ = ("task",)

    def __init__(self, request_id: int, function: str) -> None:
        # As in Call; super() would cost as much as everything else here.
        self.id = request_id
        self.function = function
        self._cancelled = False
        self._look = None
        # None while the first step of the task runs.
        self.task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            if self.task is not None:
                self.task.cancel()


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
        self._decode, self._encode = codec.decode, codec.encode
        # The accelerator's side of the lane, or None.
        self._fast = fast
        # Ends the process: the lane is corrupt, or this package is at fault.
        self._fatal = fatal
        # The write position up to which there is nothing left to do now. Whoever sleeps or spins
        # compares it with the shared one.
        self.seen: int = consumer.position
        # Set, also from a signal handler, when no more messages are to be taken.
        self.stopping = False
        self.stopped = False
        self._in_flight: dict[int, FlyingCall] = {}
        # The call that runs inline, and what current_call() gave out for it.
        self._running_id = 0
        self._running_handler: Handler | None = None
        self._running_call: Call | None = None
        self._urgent_count = consumer.ring.urgent_count
        # Not what is there now: a CANCEL may have come before this worker (LIFE-005).
        self._urgent_seen: int = 0
        # CANCELs that were seen ahead of their turn: id to position in the ring. They mean only
        # requests that lie before them, because ids are used again; so each goes at its turn.
        self._cancels: dict[int, int] = {}
        # A request that was parsed but must wait in the ring.
        self._waiting: Request | None = None
        # Jobs that the sync thread has not finished; the queue is made with the thread.
        self._sync_jobs = 0
        self._sync_queue: queue.SimpleQueue[_Job] | None = None
        self._thread = threading.get_ident()
        self._abandoned = False
        context.answer_inline(self._inline_call)

    # ------------------------------------------------------------ for the process

    @property
    def may_spin(self) -> bool:
        """Whether a spin on this thread would hold nobody up: it keeps the interpreter lock."""
        return self._sync_jobs == 0

    def abandon(self) -> None:
        """In a child that a handler forked: answer nothing, and end when the handler is done."""
        self._abandoned = True
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

    # spec:req LIFE-010 BELL-005 BELL-008
    def _serve(self) -> None:
        consumer = self._consumer
        ring = consumer.ring
        memory = cast(mmap, ring.memory)  # slices of a mapping are bytes
        write_position, read_position = ring.write_position, ring.read_position
        urgent_count = self._urgent_count
        mask = ring.slot_count - 1
        base, stride = ring.slots_offset, ring.slot_stride
        longest = min(ring.slot_size, ring.max_message)
        unpack = _SLOT_AND_REQUEST.unpack_from
        cache = self.cache
        decode, encode, respond = self._decode, self._encode, self._responder.result
        in_flight = self._in_flight
        spin = self._spin
        block, fast = self._block, self._fast
        calls = block.calls
        turn_end = perf_counter_ns() + _TURN_NS
        most_tasks = len(in_flight) + _TASKS_PER_TURN
        write = first = consumer.position
        # Handlers that run here must find no running loop, as in any plain program; asyncio.run
        # works in them.
        running = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            while not self.stopping:
                position = consumer.position
                # A long message may have been read beyond what was published at the last look.
                if position >= write:
                    write = consumer.published()
                    if position == write:
                        self.seen = write
                        block.idle(len(in_flight))
                        if (
                            in_flight
                            or position == first
                            or not spin.wait(write_position, write, turn_end)
                        ):
                            return
                        continue
                if fast is not None and consumer.length == 0:
                    why = fast.serve(self, write, turn_end, most_tasks, self._sync_jobs != 0)
                    if why == REACHED:
                        continue
                    position = consumer.position
                    if why != OTHER:
                        self.seen = position
                        return
                slot = base + (position & mask) * stride
                (
                    length,
                    type_,
                    request_id,
                    total,
                    module_len,
                    function_len,
                    kwargs_len,
                ) = unpack(memory, slot)
                names = slot + _NAMES_OFFSET
                data = names + module_len + function_len
                end = data + kwargs_len
                if not (
                    type_ == TYPE_REQUEST
                    and end - slot == SLOT_HEADER_SIZE + total
                    and total == length <= longest
                    and request_id != 0
                    and consumer.length == 0
                    # Valid names: these very bytes were parsed before.
                    and (handler := cache.get(memory[names:data])) is not None
                    and handler.module_len == module_len
                ):
                    if not self._serve_slowly():
                        self.seen = write
                        return
                elif self._cancels or ((in_flight or self._sync_jobs) and not handler.is_async):
                    if not self._dispatch(request_id, handler, memory[data:end]):
                        self.seen = write
                        return
                else:
                    # What _dispatch and _execute do for a call that need not wait, without the
                    # price of calling them.
                    try:
                        kwargs = decode(memory[data:end])
                        if tuple(kwargs) not in handler.accepted:
                            handler.check(kwargs)
                    except (PayloadError, CallRefused) as error:
                        self._answer_misfit(request_id, error)
                    else:
                        consumer.position = position = position + 1
                        # Release; pairs with the producer's load of read_position.
                        read_position[0] = position
                        if urgent_count[0] != self._urgent_seen:
                            self._look_for_cancels()
                        if self._cancels and self._answer_canceled(request_id, taken=True):
                            pass
                        elif handler.is_async:
                            self._start_task(request_id, handler.name, handler.function, kwargs)
                        else:
                            self._running_id = request_id
                            self._running_handler = handler
                            self._running_call = None
                            calls[0] = request_id | ONE_IN_FLIGHT
                            try:
                                result = handler.function(**kwargs)
                            except BaseException as error:
                                self._answer_exception(request_id, error, self._running_call)
                            else:
                                try:
                                    body = encode(result)
                                except PayloadError as error:
                                    self._answer_unencodable(request_id, handler, result, error)
                                else:
                                    respond(request_id, body)
                if perf_counter_ns() > turn_end or len(in_flight) >= most_tasks:
                    self.seen = consumer.position
                    return
            self.seen = consumer.published()
            self._look_for_cancels()
        finally:
            self._running_id = 0
            asyncio._set_running_loop(running)
            block.idle(len(in_flight))
            self._stop_if_done()

    def _serve_slowly(self) -> bool:
        """Handle the next message by the book; False if it cannot be handled now."""
        consumer = self._consumer
        message = consumer.peek()
        while message is None:
            # A long message on its way: what is published of it has been copied.
            if not self.may_spin or not self._spin.wait(
                consumer.ring.write_position, consumer.position
            ):
                return False
            message = consumer.peek()
        try:
            parsed = self._waiting or parse_request(message, consumer.ring.max_message)
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
        names = f"{parsed.module_name}{parsed.function_name}".encode()
        handler = self._handlers.cache.get(names)
        if handler is not None and handler.module_len == len(parsed.module_name.encode()):
            done = self._dispatch(parsed.request_id, handler, parsed.kwargs)
        else:
            done = self._serve_first(parsed)
        self._waiting = None if done else parsed
        return done

    # spec:req LIFE-014 LIFE-015 LIFE-016
    def _refuse(self, message: bytearray, error: WireError) -> None:
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
        self, request_id: int, handler: Handler, data: bytes, taken: bool = False
    ) -> bool:
        """Run a call or answer why not; False if it must wait in the ring."""
        if self._cancels and self._answer_canceled(request_id, taken):
            return True
        in_flight = self._in_flight
        if self._sync_jobs and not handler.is_async and not taken:
            return False
        try:
            kwargs = self._decode(data)
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
            self._start_task(request_id, handler.name, handler.function, kwargs)
        elif in_flight:
            self._queue_job(FlyingCall(request_id, handler.name), handler, kwargs)
        else:
            self._running_id = request_id
            self._running_handler = handler
            self._running_call = None
            self._block.running(request_id, 1)
            coroutine = self._execute(request_id, handler, kwargs, None)
            if coroutine is not None:
                self._start_task(request_id, handler.name, _finish_coroutine, {"it": coroutine})
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
            self._answer_exception(request_id, error, call or self._running_call)
            return None
        try:
            body = self._encode(result)
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

    def _withdrawn(self, request_id: int) -> bool:
        """Look for CANCELs; whether one is for this call, which was just taken, and answered."""
        self._look_for_cancels()
        return self._answer_canceled(request_id, taken=True)

    def _raised(self, request_id: int, error: BaseException) -> None:
        self._answer_exception(request_id, error, self._running_call)

    def _answer_result(self, request_id: int, handler: Handler, result: object) -> None:
        """Answer a `def` with a result that is not a plain small one."""
        if self._abandoned:
            self._fatal(SystemExit(0))
        try:
            body = self._encode(result)
        except PayloadError as error:
            self._answer_unencodable(request_id, handler, result, error)
        else:
            self._responder.result(request_id, body)

    def _ring_doorbell(self) -> None:
        self._responder.ring_doorbell()

    # ------------------------------------------------------------ other ends of a call

    def _answer_unencodable(
        self, request_id: int, handler: Handler, result: object, error: PayloadError
    ) -> None:
        """Answer a `def` that ran here and whose result is no JSON, or finish its coroutine."""
        if inspect.iscoroutine(result):
            self._start_task(request_id, handler.name, _finish_coroutine, {"it": result})
        else:
            self._responder.failure(request_id, STATUS_BAD_RESULT, str(error))

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

    def _start_task(
        self,
        request_id: int,
        name: str,
        function: Callable[..., Coroutine[Any, Any, Any]],
        kwargs: dict[str, Any],
    ) -> FlyingCall:
        call = FlyingCall(request_id, name)
        self._in_flight[request_id] = call
        call.task = self._tasks.start(self._run_task(call, function, kwargs), name)
        return call

    # spec:req LIFE-034
    async def _run_task(
        self,
        call: FlyingCall,
        function: Callable[..., Coroutine[Any, Any, Any]],
        kwargs: dict[str, Any],
    ) -> None:
        request_id = call.id
        context.enter(call)
        try:
            try:
                result = await function(**kwargs)
            except BaseException as error:
                self._answer_exception(request_id, error, call)
                return
            self._landed(request_id)
            try:
                body = self._encode(result)
            except PayloadError as error:
                self._responder.failure(request_id, STATUS_BAD_RESULT, str(error))
                return
            self._responder.result(request_id, body)
        except BaseException as error:
            self._fatal(error)
        finally:
            # Whoever started the task does this if it never waited.
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
        if coroutine is not None:
            going_on = self._start_task(
                call.id, call.function, _finish_coroutine, {"it": coroutine}
            )
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

    # spec:req LIFE-032 LIFE-035
    def _cancel(self, request_id: int) -> bool:
        """Cancel a call that has been taken; False if there is none with this id."""
        call: Call | None = self._in_flight.get(request_id)
        if call is None and request_id == self._running_id:
            call = self._running_call
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
        if self._running_call is None and self._running_handler is not None:
            self._running_call = Call(self._running_id, self._running_handler.name, self._look)
        return self._running_call

    def _look(self) -> None:
        if threading.get_ident() == self._thread and self._urgent_count[0] != self._urgent_seen:
            self._look_for_cancels()


async def _finish_coroutine(it: Coroutine[Any, Any, Any]) -> Any:
    """What a `def` that returned a coroutine amounts to."""
    return await it
