"""The golden vectors of testdata/vectors: this package must agree with every one."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from ringwire import _registry as registry
from ringwire import wire
from ringwire.errors import LaneError, RegionError, WireError
from ringwire.master import Master
from ringwire.region import Layout, pack_header, parse_header
from ringwire.ring import Consumer, Producer, Ring

TESTS = str(Path(__file__).resolve().parent)
FOLDER = Path(__file__).resolve().parents[2] / "testdata" / "vectors"


def load(prefix: str) -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob(f"{prefix}-*.json")):
        vector = json.loads(path.read_text(encoding="utf-8"))
        found.append(pytest.param(vector, id=vector["id"]))
    return found


def test_vectors_are_there() -> None:
    if not FOLDER.is_dir():
        pytest.skip("the vectors lie in the repository only, not in the source distribution")
    assert all(load(prefix) for prefix in ("decode", "encode", "stream", "ring", "session"))


def raw(runs: list[dict[str, str]]) -> bytes:
    return b"".join(bytes.fromhex(run["hex"]) * int(run.get("repeat", "1")) for run in runs)


def facts(error: WireError) -> dict[str, str]:
    return {
        "code": error.code,
        "category": error.category,
        "offset": str(error.offset),
        "field": error.field,
    }


def fields(message: wire.Message) -> dict[str, Any]:
    """The members that a vector has for a message, with bytes for parts."""
    if isinstance(message, wire.Response):
        return {
            "type": "2",
            "request_id": str(message.request_id),
            "total_length": str(len(wire.encode(message, 2**32))),
            "body": message.body,
            "status_code": str(message.status_code),
            "error_message": message.error_message.encode(),
            "success": str(int(message.success)),
        }
    members: dict[str, Any] = {
        "total_length": str(len(wire.encode(message, 2**32))),
        "module_name": b"",
        "function_name": b"",
        "kwargs": b"",
    }
    if isinstance(message, wire.Request):
        members |= {
            "type": "1",
            "request_id": str(message.request_id),
            "module_name": message.module_name.encode(),
            "function_name": message.function_name.encode(),
            "kwargs": message.kwargs,
        }
    elif isinstance(message, wire.Cancel):
        members |= {"type": "4", "request_id": str(message.request_id)}
    else:
        members |= {"type": "3", "request_id": "0"}
    return members


def expected(message: dict[str, Any]) -> dict[str, Any]:
    return {key: raw(value) if isinstance(value, list) else value for key, value in message.items()}


# ---------------------------------------------------------------- decode, encode, stream


# spec:test WIRE-001 WIRE-005 WIRE-009 WIRE-010 WIRE-014
@pytest.mark.parametrize("vector", load("decode"))
def test_decode(vector: dict[str, Any]) -> None:
    request = vector["operation"] == "decode_request"
    parse: Any = wire.parse_request if request else wire.parse_response
    data, limit = raw(vector["input"]), int(vector["max_message"])
    if "error" in vector:
        with pytest.raises(WireError) as caught:
            parse(data, limit)
        assert facts(caught.value) == vector["error"]
    else:
        message = parse(data, limit)
        assert fields(message) == expected(vector["message"])
        assert wire.encode(message, limit) == data


# spec:test WIRE-030 WIRE-031
@pytest.mark.parametrize("vector", load("encode"))
def test_encode(vector: dict[str, Any]) -> None:
    given, limit = expected(vector["fields"]), int(vector["max_message"])

    def encode() -> bytes:
        if vector["operation"] == "encode_request":
            return wire.encode_request_message(
                int(given["type"]),
                int(given["request_id"]),
                given["module_name"],
                given["function_name"],
                given["kwargs"],
                max_message=limit,
            )
        if given["type"] != "2":
            # There is no way to ask this encoder for another type.
            raise WireError(registry.BAD_TYPE, 0, "type")
        return wire.encode_response(
            int(given["request_id"]),
            int(given["status_code"]),
            int(given["success"]),
            given["body"],
            given["error_message"],
            max_message=limit,
        )

    if "error" in vector:
        with pytest.raises(WireError) as caught:
            encode()
        assert facts(caught.value) == vector["error"]
    else:
        assert encode() == raw(vector["output"])


# spec:test WIRE-032 WIRE-033 WIRE-034 WIRE-035
@pytest.mark.parametrize("vector", load("stream"))
def test_stream(vector: dict[str, Any]) -> None:
    request = vector["operation"] == "stream_request"
    reader: Any = (wire.RequestReader if request else wire.ResponseReader)(
        int(vector["max_message"])
    )
    chunks = [raw(chunk) for chunk in vector["chunks"]]
    messages: list[dict[str, Any]] = []
    error: dict[str, str] | None = None
    for index in range(len(chunks) + vector["end"]):
        if index < len(chunks):
            reader.feed(chunks[index])
        else:
            reader.feed_eof()
        try:
            while (message := reader.next()) is not None:
                messages.append(fields(message))
        except WireError as refusal:
            error = {**facts(refusal), "chunk": str(index)}
            break
    assert messages == [expected(message) for message in vector["messages"]]
    assert error == vector.get("error")


# ---------------------------------------------------------------- regions and rings


def layout_of(params: dict[str, str]) -> Layout:
    return Layout(**{key: int(value) for key, value in params.items()})


class Image:
    """A region image, and both sides of both its rings."""

    def __init__(self) -> None:
        self.memory = bytearray()
        self.layout = Layout()
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.offsets: dict[str, int] = {}
        self.corrupt: dict[tuple[str, str], str] = {}

    def open(self) -> None:
        for name, make in (("request", Ring.requests), ("response", Ring.responses)):
            self.producers[name] = Producer(make(self.memory, self.layout))
            self.consumers[name] = Consumer(make(self.memory, self.layout))
            self.offsets[name] = 0

    def close(self) -> None:
        rings = [producer.ring for producer in self.producers.values()]
        rings += [consumer.ring for consumer in self.consumers.values()]
        for ring in rings:
            ring.close()
        self.producers.clear()
        self.consumers.clear()

    def init(self, params: dict[str, str]) -> str:
        self.layout = layout_of(params)
        try:
            header = pack_header(self.layout)
        except RegionError:
            return "REGION_REFUSED"
        self.memory = bytearray(self.layout.region_size)
        self.memory[: len(header)] = header
        self.open()
        return str(self.layout.region_size)

    def check(self) -> str:
        try:
            parse_header(bytes(self.memory[: registry.REGION_HEADER_SIZE]), len(self.memory))
        except RegionError:
            return "REGION_REFUSED"
        return "0"

    def push(self, name: str, message: bytes, urgent: bool) -> tuple[str, bool]:
        side = (name, "push")
        if side in self.corrupt:
            return self.corrupt[side], False
        producer, before = self.producers[name], self.offsets[name]
        if len(message) > self.layout.max_message:
            with pytest.raises(ValueError, match="length"):
                producer.put(message, before)
            return registry.TOO_LARGE, False
        try:
            offset = producer.put(message, before)
        except LaneError as error:
            self.corrupt[side] = error.code
            return error.code, False
        if offset == len(message) and urgent:
            producer.announce_urgent()
        self.offsets[name] = 0 if offset == len(message) else offset
        return str(offset), offset > before and producer.consumer_sleeps()

    def pop(self, name: str) -> tuple[str, bytes]:
        side = (name, "pop")
        if side in self.corrupt:
            return self.corrupt[side], b""
        consumer = self.consumers[name]
        try:
            found = consumer.peek()
        except LaneError as error:
            self.corrupt[side] = error.code
            return error.code, b""
        if found is None:
            return "0", b""
        message = bytes(found)
        consumer.take()
        return str(len(message)), message

    def patch(self, patches: list[dict[str, Any]]) -> None:
        for change in patches:
            offset, data = int(change["offset"]), raw(change["bytes"])
            self.memory[offset : offset + len(data)] = data


def play(image: Image, step: dict[str, Any]) -> tuple[str | None, bytes]:
    """Do a step; what it returned, and the image that the step should have left."""
    before = bytes(image.memory)
    returned: str | None = None
    name = step.get("ring", "")
    if step["do"] == "init":
        returned = image.init(step["params"])
        before = bytes(len(image.memory))
    elif step["do"] == "check":
        returned = image.check()
    elif step["do"] == "push":
        returned, bell = image.push(name, raw(step["input"]), step.get("urgent", False))
        assert bell == step.get("bell", False)
    elif step["do"] == "pop":
        returned, output = image.pop(name)
        assert output == raw(step.get("output", []))
    elif step["do"] == "size":
        image.close()
        del image.memory[int(step["size"]) :]
        image.memory.extend(bytes(int(step["size"]) - len(image.memory)))
        return None, bytes(image.memory)
    else:
        if step["do"] == "position":
            ring = image.producers[name].ring
            ring.write_position[0] = ring.read_position[0] = int(step["position"])
            image.producers[name], image.consumers[name] = Producer(ring), Consumer(ring)
        image.patch(step.get("writes", []))
        return None, bytes(image.memory)
    after = bytearray(before)
    for change in step.get("changes", []):
        offset, data = int(change["offset"]), raw(change["bytes"])
        after[offset : offset + len(data)] = data
    return returned, bytes(after)


# spec:test REGION-008 REGION-009 RING-006 RING-011 RING-023 CONF-001
@pytest.mark.parametrize("vector", [*load("region"), *load("ring")])
def test_ring(vector: dict[str, Any]) -> None:
    image = Image()
    for number, step in enumerate(vector["steps"]):
        returned, after = play(image, step)
        assert returned == step.get("returns"), f"step {number}: {step['do']}"
        assert bytes(image.memory) == after, f"step {number}: {step['do']}"


# ---------------------------------------------------------------- sessions


STATES = {
    "STARTING": registry.STATE_STARTING,
    "READY": registry.STATE_READY,
    "DRAINING": registry.STATE_DRAINING,
    "STOPPED": registry.STATE_STOPPED,
    "FAILED": registry.STATE_FAILED,
}


# spec:test LIFE-012 LIFE-014 LIFE-015 CONF-020
@pytest.mark.parametrize("vector", load("session"))
def test_session(vector: dict[str, Any]) -> None:
    session = vector["session"]
    env = {} if session["allow"] is not None else {"RINGWIRE_WORKER_CONFIG": "{}"}
    with Master(
        allow=session["allow"] or (), path=[TESTS], layout=layout_of(session["ring"]), env=env
    ) as master:
        for step in session["steps"]:
            if "send" in step:
                master.send(raw(step["send"]), step.get("urgent", False))
            if "signal" in step:
                master.process.send_signal(signal.Signals[step["signal"]])
            if "expect" in step:
                check_response(master, step["expect"])
            if "refused" in step:
                while master.refused != int(step["refused"]):
                    assert master.process.poll() is None
            if "exit" in step:
                assert master.wait() == int(step["exit"])
            if "state" in step:
                while master.state != STATES[step["state"]]:
                    assert master.process.poll() is None


def check_response(master: Master, expect: dict[str, Any]) -> None:
    response = master.receive(int(expect["request_id"]))
    assert str(response.status_code) == expect["status_code"], response
    assert str(int(response.success)) == expect["success"]
    if "json" in expect:
        assert json.loads(response.body or b"null") == expect["json"]
    if "error_contains" in expect:
        assert expect["error_contains"] in response.error_message
