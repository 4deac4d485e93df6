"""Real worker processes, driven by the reference master."""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import platform
import signal
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ringwire import _registry as registry
from ringwire import region, wire
from ringwire.errors import WireError
from ringwire.master import CallFailed, Master, WorkerLost
from ringwire.region import Layout
from ringwire.ring import Consumer, Producer, Ring

pytestmark = pytest.mark.usefixtures("loop")

TESTS = str(Path(__file__).resolve().parent)
PACKAGE = Path(__file__).resolve().parent.parent / "ringwire"
SMALL = Layout(slot_count=4, slot_size=256, max_message=1 << 22)


@pytest.fixture
def start() -> Iterator[Callable[..., Master]]:
    masters: list[Master] = []

    def make(**options: Any) -> Master:
        options.setdefault("allow", ["sample:*", "sample:_private"])
        options.setdefault("path", [TESTS])
        options.setdefault("layout", Layout(spin_ns=20_000))
        masters.append(Master(**options))
        return masters[-1]

    yield make
    for master in masters:
        master.close()


@pytest.fixture
def master(start: Callable[..., Master]) -> Master:
    return start()


def works(master: Master) -> bool:
    return bool(master.call("sample:add", {"a": 1, "b": 2}) == {"sum": 3})


def failed(master: Master, name: str, **kwargs: Any) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        master.call(f"sample:{name}", kwargs)
    return caught.value


def lost(master: Master, name: str, **kwargs: Any) -> int:
    with pytest.raises(WorkerLost) as caught:
        master.call(f"sample:{name}", kwargs)
    return caught.value.code


# ---------------------------------------------------------------- the life of a worker


# spec:test LIFE-002 LIFE-003
def test_introduces_itself(master: Master) -> None:
    assert master.state == registry.STATE_READY
    assert master.pid == master.process.pid
    assert master.protocol_version == 1 << 16
    assert master.implementation.startswith("ringwire-python ")


def test_loop(master: Master, loop: str) -> None:
    assert master.call("sample:loop_name").startswith(loop)


# spec:test LIFE-012
def test_calls(master: Master) -> None:
    assert works(master)
    assert master.call("sample:async_add", {"a": 1, "b": 2}) == {"sum": 3}
    assert master.call("sample:returns_coroutine", {"a": 1, "b": 2}) == {"sum": 3}
    assert master.call("sample:nothing") is None
    assert master.call("sample:Calculator.double", {"x": 4}) == 8
    assert master.call("sample:echo", {"value": "é\U0001f600"}) == "é\U0001f600"


# spec:test PAYLOAD-007 PAYLOAD-009
def test_error_response(master: Master) -> None:
    failure = failed(master, "fail", message="sorry")
    assert failure.status == 500
    assert failure.details["type"] == "ValueError"
    assert failure.details["message"] == "sorry"
    assert "in fail" in failure.details["traceback"]
    assert works(master)


# spec:test LIFE-018 LIFE-060 PAYLOAD-012
def test_refused_unknown_bad(master: Master) -> None:
    with pytest.raises(CallFailed) as caught:
        master.call("os:system", {"command": "exit 1"})
    assert caught.value.status == 403
    assert failed(master, "missing").status == 404
    assert failed(master, "add", a=1).status == 400
    assert failed(master, "unencodable").status == 502
    assert works(master)


# spec:test LIFE-040 LIFE-041
def test_shutdown(master: Master) -> None:
    slow = master.submit("sample:sleep", {"seconds": 0.05})
    assert works(master)
    assert master.shutdown() == registry.EXIT_OK
    assert master.state == registry.STATE_STOPPED
    assert master.receive(slow).success


# spec:test LIFE-042
def test_sigterm_drains(master: Master) -> None:
    slow = master.submit("sample:sleep", {"seconds": 0.05})
    assert works(master)
    master.process.terminate()
    assert master.wait() == registry.EXIT_OK
    assert master.state == registry.STATE_STOPPED
    assert master.receive(slow).success


# spec:test LIFE-042
def test_sigterm_during_a_call_finishes_that_call_only(master: Master) -> None:
    assert works(master)
    first = master.submit("sample:block", {"seconds": 0.3})
    second = master.submit("sample:nothing")
    while master.current_call != first:
        time.sleep(0.001)
    master.process.terminate()
    assert master.wait() == registry.EXIT_OK
    assert master.receive(first).success
    with pytest.raises(WorkerLost):
        master.receive(second)
    assert master.requests.ring.read_position[0] == master.requests.position - 1


# spec:test LIFE-042
def test_sigterm_of_an_idle_worker(master: Master) -> None:
    master.process.terminate()
    assert master.wait() == registry.EXIT_OK


# spec:test LIFE-043
def test_sigint_is_ignored(master: Master) -> None:
    os.kill(master.pid, signal.SIGINT)
    assert works(master)
    blocked = master.submit("sample:block", {"seconds": 0.05})
    os.kill(master.pid, signal.SIGINT)
    assert master.receive(blocked).success


# spec:test LIFE-056
def test_lifeline(master: Master) -> None:
    assert works(master)
    os.close(master.lifeline)
    master.lifeline = -1
    assert master.wait() == registry.EXIT_LIFELINE


# spec:test LIFE-056
def test_lifeline_with_calls_in_flight(master: Master) -> None:
    master.submit("sample:sleep", {"seconds": 1000})
    assert works(master)
    os.close(master.lifeline)
    master.lifeline = -1
    assert master.wait() == registry.EXIT_LIFELINE


# spec:test LIFE-056
def test_lifeline_during_a_def_that_blocks(master: Master) -> None:
    call = master.submit("sample:block", {"seconds": 1000})
    while master.current_call != call:
        time.sleep(0.001)
    os.close(master.lifeline)
    master.lifeline = -1
    assert master.wait() == registry.EXIT_LIFELINE


# spec:test LIFE-057
def test_lifeline_that_the_master_has_armed(master: Master) -> None:
    """What the master armed is left alone, here with a signal of its own."""
    call = master.submit("sample:block", {"seconds": 1000})
    while master.current_call != call:
        time.sleep(0.001)
    fcntl.fcntl(master._lifeline_read, fcntl.F_SETSIG, signal.SIGKILL)
    os.close(master.lifeline)
    master.lifeline = -1
    assert master.wait() == -signal.SIGKILL


# spec:test LIFE-056
def test_lifeline_while_the_response_ring_is_full(start: Callable[..., Master]) -> None:
    master = start(layout=SMALL)
    master.submit("sample:text", {"length": 1 << 20})
    while master.responses.published() < 4:
        time.sleep(0.001)
    os.close(master.lifeline)
    master.lifeline = -1
    assert master.process.wait(30) == registry.EXIT_LIFELINE


def test_bytes_in_the_lifeline_mean_nothing(master: Master) -> None:
    os.write(master.lifeline, b"hello")
    assert works(master)


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 1024, 1025, 300_000])
def test_messages_of_each_size(start: Callable[..., Master], size: int) -> None:
    """From one slot (256) to far more than the ring (1024)."""
    master = start(layout=SMALL)
    length = size - 20 - 2
    assert master.call("sample:text", {"length": length}) == "x" * length
    # 21 + "sample" + "echo" + {"value": "…"}
    length = size - 21 - 10 - 13
    assert master.call("sample:echo", {"value": "y" * length}) == "y" * length
    assert master.requests.ring.write_position[0] == master.requests.position


# spec:test LIFE-017
def test_limit_of_messages(start: Callable[..., Master]) -> None:
    master = start(layout=Layout(max_message=1024))
    assert len(master.call("sample:text", {"length": 1002})) == 1002
    assert failed(master, "text", length=1003).status == 413
    assert failed(master, "fail", message="m" * 500).status == 500
    with pytest.raises(WireError, match="TOO_LARGE"):
        master.call("sample:echo", {"value": "x" * 1024})
    assert works(master)


def test_twenty_megabytes(master: Master) -> None:
    assert len(master.call("sample:text", {"length": 20 << 20})) == 20 << 20
    assert works(master)


# ---------------------------------------------------------------- many calls


def test_thousands_of_async_calls_in_flight(master: Master) -> None:
    count = 3000
    ids = {master.submit("sample:sleep", {"seconds": 0.3}) for _ in range(count)}
    assert {master.receive().request_id for _ in range(count)} == ids


def test_sync_and_async_calls_mixed(master: Master) -> None:
    ids = set()
    for number in range(300):
        ids.add(master.submit("sample:sleep", {"seconds": 0.001 * (number % 7)}))
        ids.add(master.submit("sample:block", {"seconds": 0.0001 * (number % 3)}))
        ids.add(master.submit("sample:add", {"a": number, "b": 1}))
    responses = [master.receive() for _ in ids]
    assert {response.request_id for response in responses} == ids
    assert all(response.success for response in responses)


def test_without_doorbells(start: Callable[..., Master]) -> None:
    master = start(doorbells=False)
    assert works(master)
    assert master.call("sample:sleep", {"seconds": 0.01}) == 0.01
    assert master.shutdown() == 0


# spec:test BELL-010
def test_lost_ring_costs_latency_only(start: Callable[..., Master]) -> None:
    master = start(env={"RINGWIRE_UNFENCED": "1"})
    assert works(master)
    time.sleep(0.02)
    message = wire.encode_request(77, "sample", "nothing")
    master.requests.put(message)  # and nobody rings
    master._expected.add(77)
    assert master.receive(77).success


def test_without_fences(start: Callable[..., Master]) -> None:
    master = start(env={"RINGWIRE_UNFENCED": "1"})
    for _ in range(5):
        assert works(master)
        time.sleep(0.002)
    assert master.shutdown() == 0


def voluntary_switches(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("voluntary_ctxt_switches:")[2].split()[0])


# spec:test BELL-009
def test_idle_worker_stays_asleep(master: Master) -> None:
    assert works(master)
    time.sleep(0.2)
    before = voluntary_switches(master.pid)
    time.sleep(1.0)
    assert voluntary_switches(master.pid) - before <= 20
    assert works(master)


# ---------------------------------------------------------------- cancellation


# spec:test LIFE-032 LIFE-033
def test_cancel_in_flight(master: Master) -> None:
    call = master.submit("sample:sleep", {"seconds": 1000})
    assert works(master)
    master.cancel(call)
    response = master.receive(call)
    assert response.status_code == 499
    assert json.loads(response.body) == {"started": True}


# spec:test LIFE-030 LIFE-031
def test_cancel_queued(master: Master) -> None:
    assert works(master)
    blocking = master.submit("sample:block", {"seconds": 0.2})
    queued = master.submit("sample:exit_now", {"code": 9})
    master.cancel(queued)
    response = master.receive(queued)
    assert response.status_code == 499
    assert json.loads(response.body) == {"started": False}
    assert master.receive(blocking).success


def test_cancel_of_a_def_that_looks(master: Master) -> None:
    call = master.submit("sample:poll_cancelled", {"seconds": 30})
    while master.current_call != call:
        time.sleep(0.001)
    master.cancel(call)
    assert master.receive(call).status_code == 499
    assert works(master)


# ---------------------------------------------------------------- what handlers may do


@pytest.mark.parametrize("kind", ["exit", "interrupt", "close"])
@pytest.mark.parametrize("name", ["leave", "async_leave"])
def test_base_exceptions(master: Master, name: str, kind: str) -> None:
    assert failed(master, name, kind=kind).status == 500
    assert works(master)


def test_exit_in_the_background(start: Callable[..., Master]) -> None:
    master = start(stderr=subprocess.PIPE)
    assert master.call("sample:background_exit") == "left"
    assert works(master)
    assert master.shutdown() == 0


def test_threads_of_a_handler_do_not_hold_up_the_end(master: Master) -> None:
    master.call("sample:start_thread")
    assert works(master)
    assert master.shutdown() == 0


# spec:test LIFE-019
def test_output_is_the_handlers_alone(start: Callable[..., Master]) -> None:
    master = start(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    master.call("sample:print_out", {"text": "to stdout"})
    master.call("sample:print_err", {"text": "to stderr"})
    assert works(master)
    assert master.shutdown() == 0
    assert master.process.stdout is not None
    assert master.process.stderr is not None
    assert master.process.stdout.read() == b"to stdout\n"
    assert master.process.stderr.read() == b"to stderr\n"


def test_flood(start: Callable[..., Master]) -> None:
    master = start(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert master.call("sample:flood") == 2000
    assert works(master)


def test_output_appears_line_by_line(start: Callable[..., Master]) -> None:
    master = start(stdout=subprocess.PIPE)
    master.call("sample:print_out", {"text": "now"})
    assert master.process.stdout is not None
    assert master.process.stdout.readline() == b"now\n"


def test_exit_of_the_process(master: Master) -> None:
    assert lost(master, "exit_now", code=3) == 3


# spec:test LIFE-050 LIFE-051
def test_kill_of_the_process(master: Master) -> None:
    good = [master.submit("sample:add", {"a": n, "b": 0}) for n in range(5)]
    assert lost(master, "kill_self") == -signal.SIGKILL
    assert all(master.receive(call).success for call in good)


# spec:test LIFE-011 LIFE-052 LIFE-053
def test_requests_behind_a_crash_are_not_taken(master: Master) -> None:
    assert works(master)
    master.call("sample:nothing")
    crash = master.submit("sample:exit_now", {"code": 3})
    behind = [master.submit("sample:add", {"a": 1, "b": 2}) for _ in range(5)]
    with pytest.raises(WorkerLost):
        master.receive(behind[0])
    assert crash
    assert master.requests.ring.read_position[0] == master.requests.position - 5


# spec:test LIFE-058
@pytest.mark.parametrize(
    ("name", "kwargs", "expected"),
    [
        ("fork_and_return", {}, 0),
        ("fork_and_raise", {}, 0),
        ("fork_and_exit", {"code": 3}, 3),
        ("fork_and_exit", {"code": None}, 0),
        ("fork_and_exit", {"code": "text"}, 1),
        ("async_fork", {"pause": 0}, 0),
        ("async_fork", {"pause": 0.01}, 0),
        ("fork_and_stop", {"seconds": 100}, -signal.SIGTERM),
        ("multiprocess", {}, 0),
    ],
)
def test_fork(master: Master, name: str, kwargs: dict[str, Any], expected: int) -> None:
    assert works(master)
    assert master.call(f"sample:{name}", kwargs) == expected
    assert works(master)
    assert master.shutdown() == 0


# spec:test LIFE-058
def test_fork_beside_calls_in_flight(master: Master) -> None:
    """The child would run the parent's other tasks, were they left to it."""
    calls = [master.submit("sample:sleep", {"seconds": 0.01 * n}) for n in range(20)]
    calls += [master.submit("sample:async_fork", {"pause": 0.001}) for _ in range(3)]
    calls += [master.submit("sample:fork_and_return")]
    assert all(master.receive(call).success for call in calls)
    assert not master._arrived
    assert works(master)


def test_children_that_execute_inherit_nothing(master: Master) -> None:
    assert master.call("sample:spawn") == "spawned"
    # Its standard streams, and the directory that it lists.
    assert len(master.call("sample:descriptors_of_child")) <= 4


# ---------------------------------------------------------------- the master misbehaves


def raw(type_: int, request_id: int, *lengths: int, total: int | None = None) -> bytes:
    total = 21 + sum(lengths) if total is None else total
    return struct.pack("<BIIIII", type_, request_id, total, *lengths) + b"x" * sum(lengths)


# spec:test LIFE-014 LIFE-015 LIFE-016
def test_invalid_frames_followed_by_a_good_request(master: Master) -> None:
    for message, code in (
        (raw(9, 7, 1, 1, 0), "BAD_TYPE"),
        (raw(1, 7, 1, 1, 0, total=99), "LENGTH_MISMATCH"),
        (raw(1, 7, 1, 1, 0)[:10], "TRUNCATED_HEADER"),
        (raw(1, 7, 0, 1, 0), "EMPTY_NAME"),
    ):
        master.send(message)
        response = master.receive(7)
        assert response.status_code == 400
        assert json.loads(response.body) == {"code": code}
        assert works(master)
    master.send(b"\x01\x02")
    master.send(raw(1, 0, 1, 1, 0))
    assert works(master)
    assert master.refused == 2


# spec:test RING-015 RING-017 RING-018 RING-020
@pytest.mark.parametrize("fault", ["RING_POSITION", "RING_LENGTH", "RING_FRAGMENT"])
def test_corrupt_ring(start: Callable[..., Master], fault: str) -> None:
    master = start(stderr=subprocess.PIPE)
    assert works(master)
    ring, position = master.requests.ring, master.requests.position
    slot = ring.slot(position)
    if fault == "RING_POSITION":
        ring.write_position[0] = position + 1000
    else:
        message = wire.encode_request(7, "sample", "nothing")
        wrong = (0, 0) if fault == "RING_LENGTH" else (len(message), 8)
        struct.pack_into("<II", master.memory, slot, *wrong)
        ring.write_position[0] = position + 1
    master.wake()
    assert master.wait() == registry.EXIT_PROTOCOL
    assert master.state == registry.STATE_FAILED
    assert master.process.stderr is not None
    assert fault in master.process.stderr.read().decode()


# ---------------------------------------------------------------- starts that fail


def run_worker(*arguments: str, fds: tuple[int, ...] = (), **env: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "ringwire.worker", *arguments],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), **env},
        pass_fds=fds,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


# spec:test REGION-005 REGION-011 LIFE-001
def test_region_refused() -> None:
    layout = Layout(slot_count=2, slot_size=64)
    for offset, data in (
        (registry.HEADER_MAGIC, b"x"),
        (registry.HEADER_VERSION_MAJOR, b"\2"),
        (registry.HEADER_FEATURES, b"\1"),
        (registry.HEADER_SLOT_COUNT, b"\3"),
        (registry.HEADER_LIFELINE, struct.pack("<i", 1000)),
    ):
        fd = region.create(layout)
        os.pwrite(fd, data, offset)
        before = os.pread(fd, layout.region_size, 0)
        code, text = run_worker(f"fd:{fd}", "0", fds=(fd,))
        assert code == registry.EXIT_REGION_REFUSED
        assert "region refused" in text
        assert os.pread(fd, layout.region_size, 0) == before
        os.close(fd)


def test_no_region(tmp_path: Path) -> None:
    for name in ("fd:999", "fd:x", "fd:", str(tmp_path / "missing"), str(tmp_path)):
        code, text = run_worker(name, "0")
        assert code == registry.EXIT_REGION_REFUSED
        assert "region refused" in text


@pytest.mark.parametrize(
    "arguments", [(), ("fd:3",), ("fd:3", "x"), ("fd:3", "-1"), ("a", "1", "b")]
)
def test_usage(arguments: tuple[str, ...]) -> None:
    code, text = run_worker(*arguments)
    assert code == 2
    assert "usage" in text


def start_failed(start: Callable[..., Master], **options: Any) -> tuple[int, str]:
    read, write = os.pipe()
    try:
        with pytest.raises(WorkerLost) as caught:
            start(stderr=write, **options)
    finally:
        os.close(write)
    with os.fdopen(read) as stream:
        return caught.value.code, stream.read()


# spec:test LIFE-006
def test_preload_that_fails(start: Callable[..., Master], tmp_path: Path) -> None:
    (tmp_path / "broken_preload.py").write_text("def f():\n    1 / 0\nf()\n")
    code, text = start_failed(start, path=[str(tmp_path)], preload=["json", "broken_preload"])
    assert code == registry.EXIT_STARTUP_FAILED
    assert "Traceback (most recent call last)" in text
    assert "ZeroDivisionError" in text
    assert "in f\n" in text
    assert "ringwire/worker.py" not in text


def test_preload_that_does_not_exist(start: Callable[..., Master]) -> None:
    code, text = start_failed(start, preload=["no_such_module"])
    assert code == registry.EXIT_STARTUP_FAILED
    assert "ModuleNotFoundError" in text
    assert "no_such_module" in text


# spec:test LIFE-006
@pytest.mark.parametrize("config", ["x", "[]", '{"allow": ["nocolon"]}', '{"path": 5}'])
def test_configuration_that_cannot_be_used(start: Callable[..., Master], config: str) -> None:
    code, text = start_failed(start, env={"RINGWIRE_WORKER_CONFIG": config})
    assert code == registry.EXIT_STARTUP_FAILED
    assert "ringwire worker:" in text


def test_preload(start: Callable[..., Master], tmp_path: Path) -> None:
    (tmp_path / "loaded.py").write_text("import os\ndef pid(): return at\nat = os.getpid()\n")
    master = start(path=[str(tmp_path)], preload=["loaded"], allow=["loaded:pid"])
    assert master.call("loaded:pid") == master.pid


# ---------------------------------------------------------------- surroundings


# spec:test LIFE-062
def test_configuration_is_not_inherited(master: Master) -> None:
    assert master.call("sample:environment", {"name": "RINGWIRE_WORKER_CONFIG"}) is None


def test_path_comes_first(start: Callable[..., Master], tmp_path: Path) -> None:
    (tmp_path / "colorsys.py").write_text("def mine(): return True\n")
    master = start(path=[str(tmp_path)], allow=["colorsys:*"])
    assert master.call("colorsys:mine") is True


# spec:test LIFE-005
def test_region_by_path(tmp_path: Path) -> None:
    """As on systems without inherited descriptors; no doorbells, no lifeline."""
    layout = Layout(slot_count=4, slot_size=256)
    path = tmp_path / "region"
    path.write_bytes(region.pack_header(layout).ljust(layout.region_size, b"\0"))
    with path.open("r+b") as file:
        memory = mmap.mmap(file.fileno(), layout.region_size)
    requests = Producer(Ring.requests(memory, layout))
    responses = Consumer(Ring.responses(memory, layout))
    requests.put(wire.encode_request(1, "json", "dumps", b'{"obj":[1]}'))
    requests.put(wire.encode_shutdown())
    process = subprocess.Popen(
        [sys.executable, "-m", "ringwire.worker", str(path), "0"],
        env={
            **os.environ,
            "PYTHONPATH": str(PACKAGE.parent),
            "RINGWIRE_WORKER_CONFIG": json.dumps({"allow": ["json:dumps"]}),
        },
    )
    try:
        assert process.wait(30) == 0
        message = responses.peek()
        assert message is not None
        assert wire.parse_response(message) == wire.Response(1, 200, True, b'"[1]"')
    finally:
        process.kill()
        process.wait()


def test_from_a_zip_without_installation(start: Callable[..., Master], tmp_path: Path) -> None:
    archive = tmp_path / "worker.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for source in PACKAGE.glob("*.py"):
            file.write(source, f"ringwire/{source.name}")
    bootstrap = "import sys; sys.path.insert(0, sys.argv.pop(1)); " + (
        "import ringwire.worker as w; w.main()"
    )
    master = start(command=[sys.executable, "-c", bootstrap, str(archive)], env={"PYTHONPATH": ""})
    archive.unlink()
    assert works(master)
    assert failed(master, "fail").status == 500
    assert master.shutdown() == 0


def test_user_code_that_closes_everything(start: Callable[..., Master]) -> None:
    master = start(stderr=subprocess.DEVNULL)
    master.submit("sample:close_everything")
    master.submit("sample:sleep", {"seconds": 0.01})
    assert master.wait() != 0


# ---------------------------------------------------------------- the loop


def complaint(start: Callable[..., Master], **env: str) -> str:
    """What a worker that works all the same says on standard error."""
    master = start(env=env, stderr=subprocess.PIPE)
    assert works(master)
    assert master.call("sample:loop_name").startswith("asyncio")
    assert master.shutdown() == registry.EXIT_OK
    assert master.process.stderr is not None
    return master.process.stderr.read().decode()


def test_a_loop_that_does_not_exist(start: Callable[..., Master]) -> None:
    assert complaint(start, RINGWIRE_LOOP="trio") == (
        "ringwire worker: RINGWIRE_LOOP: no such loop: name=trio; using the standard loop\n"
    )


def test_a_loop_that_is_not_installed(start: Callable[..., Master], tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("raise ImportError('No module named uvloop')")
    path = os.pathsep.join((str(tmp_path), str(PACKAGE.parent)))
    assert complaint(start, RINGWIRE_LOOP="uvloop", PYTHONPATH=path) == (
        "ringwire worker: RINGWIRE_LOOP: No module named uvloop; using the standard loop\n"
    )


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is the way of glibc")
def test_memory_of_long_messages_is_kept(master: Master) -> None:
    text = "x" * (1 << 20)
    before = [master.call("sample:page_faults", {"text": text}) for _ in range(5)][-1]
    for _ in range(10):
        after = master.call("sample:page_faults", {"text": text})
    assert after - before < 10 * len(text) / mmap.PAGESIZE
