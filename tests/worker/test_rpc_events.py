"""What the client is told unasked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from support.rpc_client import RpcClient
from support.tt_machines import machine, write
from support.waiting import wait_until
from ttvideo.contract import DeviceStatus, GenerateRequest, Job, Output, OutputAppeared, QueueState, Wire
from ttvideo.jobs.devices import device_status
from ttvideo.jobs.queue import open_queue
from ttvideo.rpc.events import KEPT_LOG_LINES, DeviceEvents, LogEvents, QueueEvents
from ttvideo.state import state_folder
from ttvideo.tt import detect


def request(folder: Path) -> GenerateRequest:
    return GenerateRequest(prompt="a red ball", output_folder=str(folder))


def clip(name: str) -> Output:
    return Output(path=f"/clips/{name}.mp4", kind="video", width=128, height=128, frames=16, fps=8)


def test_changes_by_any_process_are_told(client: RpcClient, outputs: Path) -> None:
    queue = open_queue("terminal")
    job = queue.submit(request(outputs))
    client.wait_for(lambda: job.id in [heard["id"] for heard in client.heard("job/changed")], "job/changed")
    told = next(heard for heard in client.heard("job/changed") if heard["id"] == job.id)
    assert Job.model_validate(told) == job
    queue.remove(job.id)
    client.wait_for(lambda: {"id": job.id} in client.heard("job/removed"), "job/removed")
    queue.unpause()
    client.wait_for(lambda: {"paused": False, "reason": None} in client.heard("queue/changed"), "queue/changed")
    queue.close()


def test_only_new_outputs_appear(log: Path, outputs: Path) -> None:
    queue = open_queue("terminal")
    queue.pause()
    job = queue.submit(request(outputs))
    queue.update(job.id, lambda job: job.model_copy(update={"outputs": (clip("old"),)}))
    with RpcClient(log) as client:
        client.request("worker/hello", {"clientVersion": "test"})
        # The first change shows that the worker has looked at what was there.
        queue.pause("test")
        client.wait_for(lambda: client.heard("queue/changed"), "queue/changed")
        queue.update(job.id, lambda job: job.model_copy(update={"outputs": (clip("old"), clip("new"))}))
        client.wait_for(lambda: client.heard("output/appeared"), "output/appeared")
        queue.unpause()
        client.wait_for(lambda: len(client.heard("queue/changed")) == 2, "queue/changed")
        assert [OutputAppeared.model_validate(heard) for heard in client.heard("output/appeared")] == [
            OutputAppeared(job_id=job.id, output=clip("new"), at=job.created_at)
        ]
    queue.close()


def test_a_slow_client_gets_the_latest_snapshot_only(outputs: Path) -> None:
    queue = open_queue("terminal")
    queue.pause()
    posted: list[Wire] = []
    reads = threading.Event()

    def post(event: str, params: Wire) -> None:
        posted.append(params)
        assert reads.wait(60)

    events = QueueEvents(queue, post)
    events.start()
    job = queue.submit(request(outputs))
    wait_until(lambda: posted, "the first event, which the client does not take")
    for frames in range(1, 101):
        queue.update(job.id, lambda job, frames=frames: job.model_copy(update={"frames_done": frames}))  # type: ignore[misc]
    reads.set()
    wait_until(lambda: isinstance(posted[-1], Job) and posted[-1].frames_done == 100, "the latest snapshot")
    assert len(posted) == 2
    events.stop(10)
    queue.close()


def test_what_changes_of_the_boards_is_told_and_nothing_else(tmp_path: Path) -> None:
    tree = machine("n300", tmp_path / "machine")
    heat = tree.pci(0) / "hwmon/hwmon3/temp1_input"
    changes: list[Callable[[], object]] = [
        lambda: None,
        lambda: None,
        lambda: write(heat, "38400"),  # 38 degrees, as before
        lambda: write(heat, "41000"),
        lambda: tree.held(0, 4242, "python demo.py"),
        lambda: tree.dead(0),
    ]
    told: list[DeviceStatus] = []

    def look() -> DeviceStatus:
        if changes:
            changes.pop(0)()
        return device_status(state_folder(), detect.look(tree.root, holders=True))

    def post(event: str, params: Wire) -> None:
        assert event == "device/changed"
        assert isinstance(params, DeviceStatus)
        told.append(params)

    events = DeviceEvents(look, post, seconds=0.01)
    events.start()
    wait_until(lambda: told and not told[-1].boards[0].chips[0].answers, "the dead chip to be told")
    events.stop(10)
    first = [status.boards[0].chips[0] for status in told]
    assert [(chip.celsius, [holder.pid for holder in chip.holders], chip.answers) for chip in first] == [
        (41.0, [], True),
        (41.0, [4242], True),
        (None, [4242], False),
    ]


def test_logging_never_waits_for_a_slow_client() -> None:
    posted: list[Wire] = []
    reads = threading.Event()

    def post(event: str, params: Wire) -> None:
        posted.append(params)
        assert reads.wait(60)

    events = LogEvents(post)
    events.start()
    logger = logging.Logger("test")
    logger.addHandler(events)
    for number in range(10 * KEPT_LOG_LINES):
        logger.warning("line %d \udcff", number)
    reads.set()
    wait_until(lambda: len(posted) >= KEPT_LOG_LINES, "the lines that were kept")
    assert len(posted) <= KEPT_LOG_LINES + 1
    assert posted[0].model_dump() == {"level": "warning", "message": "line 0 \\udcff"}


@pytest.mark.parametrize("paused", [True, False])
def test_pausing_is_told(client: RpcClient, paused: bool) -> None:
    client.request("queue/resume" if paused else "queue/pause", {})
    client.request("queue/pause" if paused else "queue/resume", {})
    client.wait_for(
        lambda: client.heard("queue/changed")[-1:] == [QueueState(paused=paused).model_dump()], "queue/changed"
    )


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        ("debug", {"debug", "info", "warning"}),
        ("info", {"info", "warning"}),
        ("warning", {"warning"}),
        ("error", set()),
    ],
)
def test_the_log_is_as_detailed_as_asked_for(log: Path, level: str, kept: set[str]) -> None:
    with RpcClient(log, env={"TTVIDEO_LOG_LEVEL": level}) as client:
        # A message without an id is worth a warning, a request a debug line, and the end an info line.
        client.send({"jsonrpc": "2.0", "method": "queue/pause"})
        client.request("queue/pause")
        client.close()
        told = {line["level"] for line in client.heard("log")}
    assert {line.split()[0].lower() for line in client.log_text().splitlines()} == kept
    assert kept & {"warning"} <= told <= kept


def test_an_unknown_log_level_is_said(log: Path) -> None:
    with RpcClient(log, env={"TTVIDEO_LOG_LEVEL": "loud"}) as client:
        said = "TTVIDEO_LOG_LEVEL is 'loud'"
        client.wait_for(lambda: any(said in line["message"] for line in client.heard("log")), "the warning")
