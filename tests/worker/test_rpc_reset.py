"""device/reset answers at once; what becomes of it comes as events, also when another process resets."""

from __future__ import annotations

from pathlib import Path

from support.rpc_client import RpcClient
from ttvideo.contract import Reset
from ttvideo.jobs.queue import open_queue
from ttvideo.jobs.reset import Resetting

REFUSED = "The boards are simulated: there is nothing to reset."


def test_a_reset_is_begun_and_told_to_its_end(log: Path) -> None:
    with RpcClient(log, env={"TTVIDEO_BOARD": "n300"}) as client:
        client.request("worker/hello", {"clientVersion": "test"})
        begun = Reset.model_validate(client.request("device/reset"))
        assert begun.state == "running"
        client.wait_for(lambda: [r for r in client.heard("device/reset") if r["state"] == "refused"], "the end")
        ended = Reset.model_validate(client.heard("device/reset")[-1])
        assert (ended.message, ended.by) == (REFUSED, begun.by)
        assert f"pid {client.process.pid}" in ended.by


def test_a_reset_from_the_terminal_is_told_to_the_editor(client: RpcClient) -> None:
    queue = open_queue("terminal")
    resetting = Resetting(queue)
    resetting.begin()
    ended = resetting.run()
    client.wait_for(lambda: client.heard("device/reset"), "the reset")
    client.wait_for(lambda: client.heard("device/reset")[-1]["state"] == "refused", "its end")
    assert Reset.model_validate(client.heard("device/reset")[-1]) == ended
    assert client.request("jobs/list", {})["queue"]["paused"]
    queue.close()
