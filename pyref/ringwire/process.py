"""The worker as a process: signals, lifeline, forks, exit codes (chapter 05)."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import signal
import sys
import threading
import traceback
from types import FrameType
from typing import Final, NoReturn

from . import config as configuration
from . import loops, native
from ._registry import (
    EXIT_LIFELINE,
    EXIT_OK,
    EXIT_PROTOCOL,
    EXIT_STARTUP_FAILED,
    REGION_HEADER_SIZE,
    STATE_FAILED,
    STATE_STOPPED,
)
from ._version import __version__
from .codec import JSON_VARIABLE, Codec, choose
from .engine import Engine
from .errors import LaneError, RegionError, WireError
from .failure import without_own_frames
from .handlers import Handlers
from .lane import Lane
from .region import Layout, parse_header
from .spin import SpinBudget
from .worker_block import WorkerBlock

if sys.platform != "win32":
    import fcntl

IMPLEMENTATION: Final = f"ringwire-python {__version__}{' native' if native.module else ''}"

# Whether a pipe can send a signal when its other end is closed.
_HAS_SIGIO: Final = sys.platform == "linux"

# Python's own code for a program that ended with an exception.
_EXIT_BROKEN: Final = 1


def say(text: str) -> None:
    """A line on standard error, if there is one."""
    try:
        sys.stderr.write(f"ringwire worker: {text}\n")
        sys.stderr.flush()
    except Exception:
        pass


def leave(code: int) -> NoReturn:
    """End the process now. Threads of the user do not hold it up; their output is flushed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(code)


# spec:req LIFE-001 REGION-008 REGION-011
def open_region(name: str) -> tuple[int, Layout]:
    """The descriptor and the checked header of a region; RegionError if it is not acceptable."""
    try:
        fd = int(name[3:]) if name.startswith("fd:") else os.open(name, os.O_RDWR | os.O_CLOEXEC)
        size = os.fstat(fd).st_size
        layout = parse_header(os.pread(fd, REGION_HEADER_SIZE, 0), size)
        for descriptor in (layout.request_doorbell, layout.response_doorbell, layout.lifeline):
            if descriptor >= 0:
                os.fstat(descriptor)
    except (ValueError, OSError) as error:
        raise RegionError(f"cannot open region: region={name} error={error}") from None
    return fd, layout


class Process:
    """One worker process: its lane, and how it starts and ends."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self.layout = lane.layout
        if self.layout.lifeline >= 0:
            os.set_inheritable(self.layout.lifeline, False)
        self._block = lane.block
        self._engine: Engine | None = None
        self._is_child = False
        self._mask: set[int] = set()
        self._terminated = False

    # ------------------------------------------------------------ start

    # spec:req LIFE-002 LIFE-003 LIFE-043 LIFE-058
    def run(self) -> NoReturn:
        """Start, serve until told to stop, exit."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_sigterm)
        self._watch_lifeline()
        if sys.platform != "win32":
            os.register_at_fork(
                before=self._before_fork,
                after_in_parent=self._after_fork_in_parent,
                after_in_child=self._after_fork_in_child,
            )
        WorkerBlock.introduce(self._lane.memory, os.getpid(), IMPLEMENTATION)
        handlers = self._load()
        engine = self._build(handlers)
        # What was loaded up to here stays; collections need not go through it again and again.
        gc.freeze()
        engine.become_ready()
        self._lane.announce()
        if self._terminated:
            engine.drain()
        while not engine.stopped:
            try:
                self._loop.run_forever()
            except BaseException as error:
                # SystemExit and the like from a callback of user code end no worker.
                if self._is_child or not isinstance(error, (SystemExit, KeyboardInterrupt)):
                    self.fatal(error)
                traceback.print_exc()
        self._lane.announce()
        atexit._run_exitfuncs()
        leave(EXIT_OK)

    # spec:req LIFE-006
    def _load(self) -> Handlers:
        """Apply the configuration and import what is to be preloaded."""
        try:
            config = configuration.take_from_environment()
            sys.path[:0] = config.path
            handlers = Handlers(config.allow)
        except (configuration.ConfigError, ValueError) as error:
            say(str(error))
            self._fail(EXIT_STARTUP_FAILED)
        for name in config.preload:
            try:
                importlib.import_module(name)
            except BaseException as error:
                trace = without_own_frames(error.__traceback__)
                traceback.print_exception(type(error), error, trace)
                say(f"preload failed: module={name}")
                self._fail(EXIT_STARTUP_FAILED)
        return handlers

    def _build(self, handlers: Handlers) -> Engine:
        # Alone on one processor, a spin would only keep the master from running.
        alone = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) == 1
        spin = SpinBudget(0 if alone else self.layout.spin_ns)
        lane = self._lane
        self._loop = lane.open(spin, self._check_lifeline, self._new_loop())
        codec = self._codec()
        fast = lane.accelerate(codec)
        engine = Engine(
            loop=self._loop,
            consumer=lane.consumer,
            responder=lane.responder(),
            block=self._block,
            handlers=handlers,
            spin=lane.engine_spin,
            fatal=self.fatal,
            codec=codec,
            fast=fast,
        )
        lane.attach(engine)
        if self.layout.lifeline >= 0 and _HAS_SIGIO:
            self._loop.add_reader(self.layout.lifeline, self._check_lifeline)
        self._engine = engine
        return engine

    def _new_loop(self) -> loops.NewLoop:
        try:
            new_loop = loops.choose(os.environ.get(loops.LOOP_VARIABLE))
            if new_loop is not None and not self._lane.any_loop:
                raise ValueError("not for streams")
            return new_loop
        except (ImportError, ValueError) as error:
            say(f"{loops.LOOP_VARIABLE}: {error}; using the standard loop")
            return None

    def _codec(self) -> Codec:
        encoding = self.layout.payload_encoding
        try:
            return choose(os.environ.get(JSON_VARIABLE), encoding)
        except (ImportError, ValueError) as error:
            say(f"{JSON_VARIABLE}: {error}; using the standard library")
            return choose("stdlib", encoding)

    # ------------------------------------------------------------ end

    # spec:req LIFE-042
    def _on_sigterm(self, _signal: int, _frame: FrameType | None) -> None:
        self._terminated = True
        if self._engine is not None:
            self._engine.stopping = True
            self._loop.call_soon_threadsafe(self._engine.drain)

    # spec:req LIFE-056
    def _watch_lifeline(self) -> None:
        """Have a signal when the lifeline ends, so that a `def` which keeps the loop busy does not
        keep the process alive. The loop watches it as well. Where a pipe sends no signals, a thread
        waits for its end.
        """
        lifeline = self.layout.lifeline
        if lifeline < 0:
            return
        if not _HAS_SIGIO:
            threading.Thread(
                target=self._await_lifeline, name="ringwire-lifeline", daemon=True
            ).start()
            return
        os.set_blocking(lifeline, False)
        signal.signal(signal.SIGIO, lambda *_: self._check_lifeline())
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        if not flags & os.O_ASYNC:
            # The master has not armed it (LIFE-057), or not yet. A worker that leads its process
            # group names the group, as the master would, so that its children end too.
            pid = os.getpid()
            fcntl.fcntl(lifeline, fcntl.F_SETOWN, -pid if os.getpgrp() == pid else pid)
            fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
        self._check_lifeline()

    # spec:req LIFE-056
    def _await_lifeline(self) -> None:
        while os.read(self.layout.lifeline, 1):
            pass
        os._exit(EXIT_LIFELINE)

    # spec:req LIFE-056
    def _check_lifeline(self) -> None:
        if self.layout.lifeline < 0 or not _HAS_SIGIO:
            return
        try:
            if os.read(self.layout.lifeline, 1) == b"":
                os._exit(EXIT_LIFELINE)
        except BlockingIOError:
            pass

    def _fail(self, code: int) -> NoReturn:
        # Whatever a handler has done to this process, such as closing its descriptors.
        try:
            if self._block.state != STATE_STOPPED:
                self._block.set_state(STATE_FAILED)
            self._lane.announce()
        finally:
            leave(code)

    # spec:req RING-020
    def fatal(self, error: BaseException) -> NoReturn:
        """End the process because it cannot go on; in a forked child, because it must not."""
        if self._is_child:
            code = error.code if isinstance(error, SystemExit) else 0
            os._exit(code if isinstance(code, int) else 0 if code is None else 1)
        corrupt = isinstance(error, (LaneError, WireError))
        try:
            if corrupt:
                say(str(error))
            else:
                traceback.print_exception(type(error), error, error.__traceback__)
                say("internal error")
        finally:
            self._fail(EXIT_PROTOCOL if corrupt else _EXIT_BROKEN)

    def _before_fork(self) -> None:
        # A SIGTERM for the child must not meet the parent's handler, nor get lost.
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def _after_fork_in_parent(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    # spec:req LIFE-058
    def _after_fork_in_child(self) -> None:
        """Give up everything that belongs to the lane, so that it cannot be used.

        The child goes on in the code that forked it. When that returns into this package, the
        child ends without a word.
        """
        self._is_child = True
        if self._engine is not None:
            self._engine.abandon()
            loops.abandon(self._loop, lambda: self.fatal(SystemExit(0)))
        self._lane.close()
        if self.layout.lifeline >= 0:
            try:
                os.close(self.layout.lifeline)
            except OSError:
                pass
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
