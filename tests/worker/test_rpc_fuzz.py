"""Thousands of hostile messages: each request is answered exactly once, and the worker still works afterwards."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from support.rpc_client import RpcClient, frame
from ttvideo.contract import METHODS
from ttvideo.families import tiny

MESSAGES = int(os.environ.get("TTVIDEO_FUZZ_MESSAGES", "2400"))
PROCESSES = 4
BROKEN_FRAMING = 65
HELLO = {"clientVersion": "fuzz"}

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**63, -(2**64), 10**4000, 1e308),
    *("", "x", "\x00", "\ud800", "\ud83d\ude00", "../../etc/passwd", "'; DROP TABLE jobs; --", "%s%n", "x" * 20_000),
    *([], {}, [[]], {"": {}}, [None] * 100, {"__proto__": 1}, {"id": "x"}, {"prompt": "x", "model": "none"}),
)
KEYS = (
    "id",
    "before",
    "limit",
    "deleteFiles",
    "clientVersion",
    "prompt",
    "folder",
    "folders",
    "model",
    "parameters",
    "formats",
    "extra",
    "",
)
IDS: tuple[Any, ...] = (0, -7, 2**80, "", "a", "\ud800", "é", "x" * 1000)
WRONG_IDS: tuple[Any, ...] = (None, True, 1.5, [], {}, [1], {"id": 1})
TEXTS = (
    b"",
    b" ",
    b"{",
    b"nul",
    b"NaN",
    b"-Infinity",
    b"\xef\xbb\xbf{}",
    b"[" * 50_000,
    b'{"a":' * 5_000,
    b"\x00" * 100,
)

Hostile = Callable[[random.Random], bytes]


def dump(message: object) -> bytes:
    return json.dumps(message).encode()


def request(rng: random.Random, id: Any) -> dict[str, Any]:
    # No model is called "none": nothing of this is ever run.
    params: Any = {rng.choice(KEYS): rng.choice(VALUES) for _ in range(rng.randrange(4))} | {"model": "none"}
    if rng.random() < 0.5:
        params.pop("model")
        params.pop("prompt", None)
    if rng.random() < 0.2:
        params = rng.choice(VALUES)
    return {"jsonrpc": "2.0", "id": id, "method": rng.choice(list(METHODS)), "params": params}


def wrong_params(rng: random.Random) -> bytes:
    return dump(request(rng, rng.choice(IDS)))


def wrong_id(rng: random.Random) -> bytes:
    return dump(request(rng, rng.choice(WRONG_IDS)))


def wrong_method(rng: random.Random) -> bytes:
    return dump(request(rng, rng.choice(IDS)) | {"method": rng.choice(VALUES)})


def wrong_envelope(rng: random.Random) -> bytes:
    message = request(rng, rng.choice(IDS))
    del message[rng.choice(list(message))]
    if rng.random() < 0.5:
        message[rng.choice(("jsonrpc", "result", "error", "extra"))] = rng.choice(VALUES)
    return dump(message)


def no_object(rng: random.Random) -> bytes:
    return dump(rng.choice([rng.choice(VALUES), [request(rng, 1) for _ in range(rng.randrange(4))]]))


def notification(rng: random.Random) -> bytes:
    method = rng.choice([*METHODS, "$/cancelRequest", "$/setTrace", "exit"])
    return dump({"jsonrpc": "2.0", "method": method, "params": rng.choice(VALUES)})


def damaged(rng: random.Random) -> bytes:
    """A request with some bytes changed, dropped or doubled."""
    body = bytearray(dump(request(rng, rng.choice(IDS))))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(body))
        body[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    return bytes(body)


def truncated(rng: random.Random) -> bytes:
    body = dump(request(rng, rng.choice(IDS)))
    return body[: rng.randrange(len(body))]


def noise(rng: random.Random) -> bytes:
    return rng.choice([rng.choice(TEXTS), rng.randbytes(rng.randrange(2000))])


def deep(rng: random.Random) -> bytes:
    """Nested as deeply as one reader may still follow and the next may not."""
    depth = rng.choice([50, 150, 190, 200, 210, 250, 300, 700, 1200, 3000])
    begin, end = rng.choice([(b"[", b"]"), (b'{"a":', b"}")])
    value = begin * depth + b"1" + end * depth
    return (
        b'{"jsonrpc":"2.0","id":3,"method":"jobs/submit","params":{"prompt":"x","model":"none","parameters":%s}}'
        % value
    )


HOSTILE: tuple[Hostile, ...] = (
    *(wrong_params, wrong_id, wrong_method, wrong_envelope, no_object),
    *(notification, damaged, truncated, noise, deep),
)


def refuse(_: str) -> NoReturn:
    raise ValueError


def finite(digits: str) -> float:
    return float(digits) if abs(float(digits)) < float("inf") else refuse(digits)


def awaited(body: bytes) -> list[object]:
    """The ids of the answers that JSON-RPC wants to this message: one, or none at all."""
    try:
        message = json.loads(body.decode(), parse_constant=refuse, parse_float=finite)
    except (ValueError, RecursionError):
        return [None]
    if not isinstance(message, dict):
        return [None]
    if message.get("jsonrpc") == "2.0":
        if "id" not in message and isinstance(message.get("method"), str):
            return []
        if message.get("method") is None and "id" in message and {"result", "error"} & message.keys():
            return []
    id = message.get("id")
    return [id if isinstance(id, (int, str)) and not isinstance(id, bool) else None]


def broken_frame(rng: random.Random) -> bytes:
    lines = [b"Content-Length: x", b"no header", b"Content-Length: -1", b"\xff: 1", b"Content-Length: 1 0", b""]
    return rng.choice(lines) + b"\r\n\r\n"


def expect_once_each(client: RpcClient, before: int, expected: Counter[object]) -> None:
    """All answers after the first `before` are those expected, by id; asking again shows that no other follows."""
    client.wait_for(lambda: len(client.answers) - before >= expected.total(), "all answers")
    assert client.request("worker/hello", HELLO)["pid"] == client.process.pid
    answered = Counter(answer["id"] for answer in client.answers[before:-1])
    assert answered == expected


@pytest.mark.parametrize("process", range(PROCESSES))
def test_hostile_messages(process: int, log: Path) -> None:
    rng = random.Random(process)  # always the same messages
    with RpcClient(log) as client:
        client.request("worker/hello", HELLO)
        left = MESSAGES // PROCESSES
        while left > 0:
            bodies = [rng.choice(HOSTILE)(rng) for _ in range(min(left, 50))]
            left -= len(bodies)
            before = len(client.answers)
            client.send_bytes(b"".join(map(frame, bodies)))
            expect_once_each(client, before, Counter(id for body in bodies for id in awaited(body)))
        client.send_bytes(broken_frame(rng))
        assert client.wait_for_end(30)[0] == BROKEN_FRAMING
        assert "unexpected error" not in client.log_text()


def test_the_messages_are_of_every_kind() -> None:
    rng = random.Random(0)
    for hostile in HOSTILE:
        kinds = {tuple(type(id) for id in awaited(hostile(rng))) for _ in range(200)}
        assert kinds, hostile.__name__
        if hostile is wrong_envelope:
            assert kinds == {(), (int,), (str,), (type(None),)}


def test_a_video_is_still_made_afterwards(log: Path, outputs: Path) -> None:
    if not (tiny.FOLDER / "model_index.json").exists():
        pytest.skip("the bundled model is not in this checkout")
    rng = random.Random(0)
    with RpcClient(log, env={"OMP_WAIT_POLICY": "passive"}) as client:
        for _ in range(200):
            client.send_bytes(frame(rng.choice(HOSTILE)(rng)))
        client.request("queue/resume")
        params = {"prompt": "a red ball", "outputFolder": str(outputs), "parameters": {"steps": 2, "frames": 4}}
        id = client.request("jobs/submit", params)["id"]

        def state() -> str:
            return next((job["status"]["state"] for job in client.heard("job/changed")[::-1] if job["id"] == id), "")

        client.wait_for(lambda: state() in ("done", "failed", "interrupted"), "the job", timeout=300)
        assert state() == "done", client.heard("job/changed")[-1]

        def videos() -> list[str]:
            appeared = [heard["output"] for heard in client.heard("output/appeared")]
            return [output["path"] for output in appeared if output["kind"] == "video"]

        client.wait_for(videos, "its video")
        assert [Path(path).is_file() for path in videos()] == [True]
