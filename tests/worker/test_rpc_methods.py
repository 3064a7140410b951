"""Every method and every kind of error, with the real process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.rpc_client import Message, RpcClient, RpcError, frame
from ttvideo.contract import METHODS, DeviceStatus, Hello, Job, Jobs, Models, QueueState
from ttvideo.jobs.outputs import OutputWatch
from ttvideo.jobs.queue import open_queue
from ttvideo.rpc.methods import make_handlers
from ttvideo.rpc.preflights import Preflights

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, WORKER_ERROR = -32700, -32600, -32601, -32602, -32000
HELLO = {"clientVersion": "test"}
NO_PICTURE = {"startImage": "/nowhere.png"}
PROMPT = {"prompt": "a red ball bouncing on green grass"}


def test_every_method_has_a_handler() -> None:
    queue = open_queue("terminal")
    outputs, preflights = OutputWatch(queue, lambda appeared: None), Preflights(lambda event, preflight: None)
    assert make_handlers(queue, outputs, preflights).keys() == METHODS.keys()
    queue.close()


@pytest.mark.alone
def test_hello_takes_less_than_a_second_of_one_core(log: Path) -> None:
    """Time on the clock would be the machine's; what is imported too early shows here, too."""
    seconds = []
    for _ in range(5):
        with RpcClient(log) as client:
            client.request("worker/hello", HELLO)
            used = psutil.Process(client.process.pid).cpu_times()
            seconds.append(used.user + used.system)
    assert min(seconds) < 1, seconds


def test_hello(client: RpcClient, own_state: Path) -> None:
    hello = Hello.model_validate(client.request("worker/hello", HELLO))
    assert hello.pid == client.process.pid
    assert Path(hello.database).parent == own_state
    assert [backend.id for backend in hello.backends] == ["cpu", "cuda", "tt"]
    assert hello.queue.paused


def test_models_and_devices(client: RpcClient) -> None:
    models = Models.model_validate(client.request("models/list")).models
    assert "tiny" in [model.id for model in models]
    devices = DeviceStatus.model_validate(client.request("device/status", {})).devices
    assert [device.id for device in devices] == ["tt", "cuda", "cpu"]
    assert set(devices[2].models) == {model.title for model in models}


def test_a_simulated_board_is_told_as_such(log: Path) -> None:
    with RpcClient(log, env={"TTVIDEO_BOARD": "t3k"}) as client:
        status = DeviceStatus.model_validate(client.request("device/status", {}))
    assert (status.simulated, status.title) == (True, "SIMULATED T3K: 4 × n300, 8 chips")
    assert status.system is not None
    assert status.system.environment == ("MESH_DEVICE=T3K",)


def test_jobs_are_submitted_moved_cancelled_resumed_and_removed(client: RpcClient, outputs: Path) -> None:
    first, second = (
        Job.model_validate(
            client.request("jobs/submit", {**PROMPT, "outputFolder": str(outputs), "parameters": {"seed": seed}})
        )
        for seed in (1, 2)
    )
    assert first.status.state == "queued"
    assert first.parameters["seed"] == 1
    moved = Job.model_validate(client.request("jobs/move", {"id": second.id, "before": first.id}))
    assert moved.id == second.id
    assert [job["id"] for job in client.request("jobs/list", {})["jobs"]] == [second.id, first.id]
    assert Job.model_validate(client.request("jobs/cancel", {"id": first.id})).status.state == "cancelled"
    assert Job.model_validate(client.request("jobs/resume", {"id": first.id})).status.state == "queued"
    assert Job.model_validate(client.request("jobs/get", {"id": first.id})).status.state == "queued"
    assert client.request("jobs/remove", {"id": first.id}) == {}
    listed = Jobs.model_validate(client.request("jobs/list"))
    assert [job.id for job in listed.jobs] == [second.id]
    assert listed.queue.paused


def test_the_queue_is_paused_and_resumed(client: RpcClient) -> None:
    assert not QueueState.model_validate(client.request("queue/resume")).paused
    assert QueueState.model_validate(client.request("queue/pause")).paused


@pytest.mark.parametrize(
    ("method", "params", "code", "kind", "words"),
    [
        ("worker/hello", None, INVALID_PARAMS, "invalidParameters", "'clientVersion': Field required"),
        ("worker/hello", {**HELLO, "x": 1}, INVALID_PARAMS, "invalidParameters", "'x': Extra inputs"),
        ("worker/hello", {"client_version": "1"}, INVALID_PARAMS, "invalidParameters", "clientVersion"),
        ("worker/hello", {"clientVersion": 1}, INVALID_PARAMS, "invalidParameters", "valid string"),
        ("worker/hello", ["test"], INVALID_PARAMS, "invalidParameters", "params"),
        ("worker/hello", 7, INVALID_PARAMS, "invalidParameters", "params"),
        ("models/list", {"x": None}, INVALID_PARAMS, "invalidParameters", "Extra inputs"),
        ("jobs/list", {"limit": 0}, INVALID_PARAMS, "invalidParameters", "'limit'"),
        ("jobs/list", {"limit": "5"}, INVALID_PARAMS, "invalidParameters", "'limit'"),
        ("jobs/submit", {"prompt": ""}, WORKER_ERROR, "invalidParameters", "prompt is empty"),
        ("jobs/submit", {"prompt": "x" * 10_001}, INVALID_PARAMS, "invalidParameters", "'prompt'"),
        ("jobs/submit", {"prompt": "\ud800"}, INVALID_PARAMS, "invalidParameters", "cannot be read"),
        ("jobs/submit", {**PROMPT, "formats": ["avi"]}, INVALID_PARAMS, "invalidParameters", "'formats.0'"),
        ("jobs/submit", {**PROMPT, "y" * 10**6: 1}, INVALID_PARAMS, "invalidParameters", "yyy…"),
        ("jobs/submit", {**PROMPT, "model": "none"}, WORKER_ERROR, "invalidParameters", "There is no model 'none'"),
        ("jobs/submit", {**PROMPT, "parameters": {"steps": -1}}, WORKER_ERROR, "invalidParameters", "'steps'"),
        ("jobs/submit", {**PROMPT, "parameters": NO_PICTURE}, WORKER_ERROR, "invalidParameters", "no picture"),
        ("jobs/stitch", {"folder": "/nowhere"}, WORKER_ERROR, "notFound", "There is no folder"),
        ("jobs/stitch", {"folder": "/", "fps": 0}, INVALID_PARAMS, "invalidParameters", "'fps'"),
        ("outputs/watch", {"folders": "/"}, INVALID_PARAMS, "invalidParameters", "'folders'"),
        ("outputs/watch", {"folders": ["clips"]}, WORKER_ERROR, "invalidParameters", "not a whole path"),
        ("jobs/get", {"id": "none"}, WORKER_ERROR, "notFound", "There is no job 'none'"),
        ("jobs/cancel", {"id": "none"}, WORKER_ERROR, "notFound", "There is no job 'none'"),
        ("jobs/nothing", {}, METHOD_NOT_FOUND, "invalidParameters", "There is no method 'jobs/nothing'"),
        ("\ud800", {}, METHOD_NOT_FOUND, "invalidParameters", "There is no method"),
    ],
)
def test_wrong_requests(client: RpcClient, method: str, params: Any, code: int, kind: str, words: str) -> None:
    with pytest.raises(RpcError) as caught:
        client.request(method, params)
    assert (caught.value.code, caught.value.data["kind"]) == (code, kind)
    assert words in caught.value.message
    assert caught.value.data["message"] == caught.value.message
    assert caught.value.data["hint"].endswith(".")
    assert len(caught.value.message) < 1000
    assert client.request("worker/hello", HELLO)


@pytest.mark.parametrize(
    ("body", "code", "id"),
    [
        (b"", PARSE_ERROR, None),
        (b"{", PARSE_ERROR, None),
        (b"\xff\xfe", PARSE_ERROR, None),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}', PARSE_ERROR, None),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "jobs/list", "params": {"limit": NaN}}', PARSE_ERROR, None),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "jobs/list", "params": {"limit": 1e999}}', PARSE_ERROR, None),
        (b"[" * 200_000 + b"]" * 200_000, PARSE_ERROR, None),
        (b'{"jsonrpc": "2.0", "id": ' + b"9" * 5000 + b"}", PARSE_ERROR, None),
        (b"null", INVALID_REQUEST, None),
        (b"7", INVALID_REQUEST, None),
        (b'"worker/hello"', INVALID_REQUEST, None),
        (b"[]", INVALID_REQUEST, None),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "jobs/list"}]', INVALID_REQUEST, None),
        (b"{}", INVALID_REQUEST, None),
        (b'{"jsonrpc": "2.0", "id": 1}', INVALID_REQUEST, 1),
        (b'{"id": "a", "method": "jobs/list"}', INVALID_REQUEST, "a"),
        (b'{"jsonrpc": 2.0, "id": 1, "method": "jobs/list"}', INVALID_REQUEST, 1),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', INVALID_REQUEST, 1),
        (b'{"jsonrpc": "2.0", "id": null, "method": "jobs/list"}', INVALID_REQUEST, None),
        (b'{"jsonrpc": "2.0", "id": true, "method": "jobs/list"}', INVALID_REQUEST, None),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "jobs/list"}', INVALID_REQUEST, None),
        (b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "jobs/list"}', INVALID_REQUEST, None),
        (b'{"jsonrpc": "2.0", "id": [1], "method": "jobs/list"}', INVALID_REQUEST, None),
        (
            b'{"jsonrpc": "2.0", "id": 1, "method": "jobs/submit", "params": {"prompt": "x", "parameters": {"seed": '
            + b"[" * 400
            + b"]" * 400
            + b"}}}",
            INVALID_PARAMS,
            1,
        ),
    ],
    ids=lambda value: repr(value)[:60] if isinstance(value, bytes) else None,
)
def test_wrong_messages(client: RpcClient, body: bytes, code: int, id: object) -> None:
    before = len(client.answers)
    client.send_bytes(frame(body))
    client.wait_for(lambda: len(client.answers) > before, "an answer")
    answer = client.answers[before]
    assert (answer["error"]["code"], answer["id"]) == (code, id)
    assert answer["error"]["data"]["kind"] == "invalidParameters"
    assert client.request("worker/hello", HELLO)


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "method": "queue/resume"},
        {"jsonrpc": "2.0", "method": "nothing", "params": 7},
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": {"a": []}}},
        {"jsonrpc": "2.0", "method": "$/cancelRequest"},
        {"jsonrpc": "2.0", "id": 5, "result": None},
        {"jsonrpc": "2.0", "id": 5, "error": {"code": 1, "message": "no"}},
    ],
    ids=json.dumps,
)
def test_what_is_no_request_is_not_answered_and_does_nothing(client: RpcClient, message: Message) -> None:
    before = len(client.answers)
    client.send(message)
    assert client.request("worker/hello", HELLO)["queue"]["paused"]
    assert len(client.answers) == before + 1


def test_a_request_without_an_id_is_said_to_be_ignored(client: RpcClient) -> None:
    client.send({"jsonrpc": "2.0", "method": "queue/resume"})
    client.wait_for(lambda: any("queue/resume" in line["message"] for line in client.heard("log")), "the warning")


def test_the_same_id_twice_is_answered_twice(client: RpcClient) -> None:
    for _ in range(2):
        client.send({"jsonrpc": "2.0", "id": 5, "method": "worker/hello", "params": HELLO})
    client.wait_for(lambda: len(client.answers_to(5)) == 2, "both answers")


def test_large_messages(client: RpcClient) -> None:
    with pytest.raises(RpcError, match="'prompt'"):
        client.request("jobs/submit", {"prompt": "x" * 10_000_000})
    assert client.request("worker/hello", {"clientVersion": "x" * 10_000_000})["pid"] == client.process.pid
