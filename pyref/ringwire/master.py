"""A small master in Python: one worker, one lane. For tests, and for debugging handlers without Go.

It is plain rather than fast. One thread may use it at a time.

    with Master(allow=["math_code:*"], path=["."]) as master:
        print(master.call("math_code:add", {"a": 1, "b": 2}))
"""

from __future__ import annotations

import json
import mmap
import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from . import region
from ._registry import (
    STATE_FAILED,
    STATE_STARTING,
    WORKER_BLOCK_OFFSET,
    WORKER_CURRENT_CALL,
    WORKER_HEARTBEAT,
    WORKER_IMPLEMENTATION,
    WORKER_IN_FLIGHT,
    WORKER_PID,
    WORKER_PROTOCOL_VERSION,
    WORKER_REFUSED,
    WORKER_STATE,
)
from .config import VARIABLE, Config
from .doorbell import Doorbell, full_fence
from .errors import RingwireError, WireError
from .region import Layout
from .ring import Consumer, Producer, Ring
from .wire import (
    Cancel,
    Response,
    encode_cancel,
    encode_request,
    encode_shutdown,
    parse_request,
    parse_response,
)

_PACKAGE_PARENT: Final = str(Path(__file__).resolve().parent.parent)
# How long a wait goes on before the worker's death is looked for.
_LOOK_EVERY_S: Final = 0.05
_ID_END: Final = 5
_POLL_EVERY_S: Final = 0.0005


# spec:req PAYLOAD-008 PAYLOAD-010
class CallFailed(RingwireError):  # noqa: N818
    """A response that is not a success; details are the members of the failure, if any."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status_code}: {response.error_message}")
        self.status = response.status_code
        self.details: dict[str, Any] = json.loads(response.body) if response.body else {}


class WorkerLost(RingwireError):  # noqa: N818
    """The worker has ended. code is its exit code; a negative one is a signal."""

    def __init__(self, code: int) -> None:
        super().__init__(f"worker ended: code={code}")
        self.code = code


def _is_cancel(message: bytes) -> bool:
    try:
        return isinstance(parse_request(message), Cancel)
    except WireError:
        return False


class Master:
    """A lane with its worker process.

    layout gives the sizes and spin_ns of the region; its descriptors are filled in. command
    replaces `python -m ringwire.worker`; env is added to the environment of this process.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        path: Sequence[str] = (),
        preload: Sequence[str] = (),
        layout: Layout | None = None,
        command: Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
        stderr: int | None = None,
        stdout: int | None = None,
        doorbells: bool = True,
        start_timeout: float = 30.0,
    ) -> None:
        self.config = Config(tuple(allow), tuple(path), tuple(preload))
        self._next_id = 1
        self._arrived: deque[Response] = deque()
        self._expected: set[int] = set()
        # Responses to no call in flight, which are not delivered.
        self.dropped = 0
        self._lifeline_read, self.lifeline = os.pipe2(os.O_CLOEXEC)
        flags = os.EFD_CLOEXEC | os.EFD_NONBLOCK
        self._request_bell = Doorbell(os.eventfd(0, flags) if doorbells else -1)
        self._response_bell = Doorbell(os.eventfd(0, flags) if doorbells else -1)
        given = layout or Layout()
        self.layout = Layout(
            generation=given.generation,
            worker_id=given.worker_id,
            slot_count=given.slot_count,
            slot_size=given.slot_size,
            max_message=given.max_message,
            request_doorbell=self._request_bell.fd,
            response_doorbell=self._response_bell.fd,
            lifeline=self._lifeline_read,
            spin_ns=given.spin_ns,
        )
        self._fd = region.create(self.layout)
        self.memory = mmap.mmap(self._fd, self.layout.region_size)
        self.requests = Producer(Ring.requests(self.memory, self.layout))
        self.responses = Consumer(Ring.responses(self.memory, self.layout))
        self.process = self._start(command, env, stderr, stdout)
        try:
            self._wait_until_ready(start_timeout)
        except BaseException:
            self.close()
            raise

    def _start(
        self,
        command: Sequence[str] | None,
        env: Mapping[str, str] | None,
        stderr: int | None,
        stdout: int | None,
    ) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                filter(None, (_PACKAGE_PARENT, os.environ.get("PYTHONPATH")))
            ),
            VARIABLE: self.config.to_json(),
            **(env or {}),
        }
        shared = (self._fd, self._request_bell.fd, self._response_bell.fd, self._lifeline_read)
        return subprocess.Popen(
            [
                *(command or (sys.executable, "-m", "ringwire.worker")),
                f"fd:{self._fd}",
                str(self.layout.worker_id),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=[fd for fd in shared if fd >= 0],
            start_new_session=True,
        )

    # ------------------------------------------------------------ the worker block

    def _word(self, offset: int, size: int) -> int:
        start = WORKER_BLOCK_OFFSET + offset
        return int.from_bytes(self.memory[start : start + size], "little")

    @property
    def state(self) -> int:
        return self._word(WORKER_STATE, 4)

    @property
    def pid(self) -> int:
        return self._word(WORKER_PID, 4)

    @property
    def heartbeat(self) -> int:
        return self._word(WORKER_HEARTBEAT, 8)

    @property
    def current_call(self) -> int:
        return self._word(WORKER_CURRENT_CALL, 4)

    @property
    def in_flight(self) -> int:
        return self._word(WORKER_IN_FLIGHT, 4)

    @property
    def refused(self) -> int:
        return self._word(WORKER_REFUSED, 8)

    @property
    def protocol_version(self) -> int:
        return self._word(WORKER_PROTOCOL_VERSION, 4)

    @property
    def implementation(self) -> str:
        start = WORKER_BLOCK_OFFSET + WORKER_IMPLEMENTATION
        return self.memory[start : start + 64].rstrip(b"\0").decode()

    # spec:req LIFE-007
    def _wait_until_ready(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while self.state == STATE_STARTING:
            self._sleep(deadline)
        if self.state == STATE_FAILED:
            raise WorkerLost(self.wait(timeout))

    # ------------------------------------------------------------ calls

    def call(
        self, function: str, kwargs: Mapping[str, Any] | None = None, timeout: float = 60.0
    ) -> Any:
        """Call "module:function" and return its result.

        Raises CallFailed, WorkerLost, or TimeoutError.
        """
        return self.result(self.submit(function, kwargs), timeout)

    def result(self, request_id: int, timeout: float = 60.0) -> Any:
        """The result of a submitted call; raises like call."""
        response = self.receive(request_id, timeout)
        if not response.success:
            raise CallFailed(response)
        return json.loads(response.body) if response.body else None

    # spec:req LIFE-021
    def submit(self, function: str, kwargs: Mapping[str, Any] | None = None) -> int:
        """Send a request and return its id."""
        request_id = self._next_id
        self._next_id += 1
        module, _, name = function.partition(":")
        payload = json.dumps(kwargs).encode() if kwargs is not None else b""
        self.send(
            encode_request(request_id, module, name, payload, max_message=self.layout.max_message)
        )
        return request_id

    def cancel(self, request_id: int) -> None:
        """Ask the worker to cancel a call."""
        self.send(encode_cancel(request_id), urgent=True)

    def send(self, message: bytes, urgent: bool = False) -> None:
        """Put any message into the ring, be it good or bad; waits while the ring is full."""
        if not _is_cancel(message):
            # Whatever else has an id is answered, be it good or bad.
            self._expected.add(int.from_bytes(message[1:_ID_END], "little"))
        offset = 0
        while True:
            offset = self.requests.put(message, offset)
            if urgent and offset == len(message):
                self.requests.announce_urgent()
            self.wake()
            if offset == len(message):
                return
            self._collect()
            code = self.process.poll()
            if code is not None:
                raise WorkerLost(code)
            time.sleep(_POLL_EVERY_S)

    # spec:req BELL-002 BELL-003
    def wake(self) -> None:
        """Ring the worker's doorbell if it sleeps; to be done after publishing."""
        full_fence()
        if self.requests.consumer_sleeps():
            self._request_bell.ring()

    # spec:req LIFE-022 LIFE-023
    def _collect(self) -> None:
        while (message := self.responses.peek()) is not None:
            try:
                response = parse_response(message, self.layout.max_message)
            except RingwireError:
                self.kill()
                raise
            self.responses.take()
            if response.request_id in self._expected:
                self._expected.remove(response.request_id)
                self._arrived.append(response)
            else:
                self.dropped += 1

    def receive(self, request_id: int | None = None, timeout: float = 60.0) -> Response:
        """The response to a call, or the next one to any call.

        Raises WorkerLost if the worker ended without it, or TimeoutError.
        """
        deadline = time.monotonic() + timeout
        while True:
            self._collect()
            for response in self._arrived:
                if request_id is None or response.request_id == request_id:
                    self._arrived.remove(response)
                    return response
            self._sleep(deadline)

    # spec:req BELL-001 LIFE-050 LIFE-051
    def _sleep(self, deadline: float) -> None:
        """Wait until something may have changed; raise if the worker is gone, or it is too late."""
        ring = self.responses.ring
        code = self.process.poll()
        ring.need_wakeup[0] = 1
        full_fence()
        # What it published before it ended still counts, so the ring is looked at after it.
        if self.responses.published() == self.responses.position:
            if code is not None:
                raise WorkerLost(code)
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            if self._response_bell.fd >= 0:
                select.select([self._response_bell.fd], [], [], min(left, _LOOK_EVERY_S))
            else:
                time.sleep(_POLL_EVERY_S)
        ring.need_wakeup[0] = 0
        self._response_bell.clear()

    # ------------------------------------------------------------ end

    def shutdown(self, timeout: float = 30.0) -> int:
        """Ask the worker to finish its calls and exit; its exit code. Responses stay readable."""
        self.send(encode_shutdown())
        return self.wait(timeout)

    def wait(self, timeout: float = 30.0) -> int:
        """The exit code of the worker, when it has ended."""
        deadline = time.monotonic() + timeout
        while (code := self.process.poll()) is None:
            self._collect()
            if time.monotonic() > deadline:
                raise TimeoutError("worker did not end in time")
            time.sleep(0.001)
        self._collect()
        return code

    def kill(self) -> None:
        """End the worker at once."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the worker if it still runs, and give everything back."""
        if self.process.poll() is None:
            self.kill()
        for ring in (self.requests.ring, self.responses.ring):
            ring.close()
        self.memory.close()
        for fd in (self._fd, self._request_bell.fd, self._response_bell.fd, self._lifeline_read):
            if fd >= 0:
                os.close(fd)
        if self.lifeline >= 0:
            os.close(self.lifeline)
            self.lifeline = -1
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Master:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
