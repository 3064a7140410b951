"""Each family's worker is killed while it denoises, then fails to decode and to encode: nothing is denoised twice."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from clips.test_worker import ENDED, FAMILIES, statuses, submit
from support.clip_cases import Case
from support.rpc_client import RpcClient

STEPS = 6
EACH_TIME = ("animatediff", "wan")
"""A convolutional UNet and a transformer: the others are killed by `make slow` and `make fuzz`."""
KILLS = max(1, int(os.environ.get("TTVIDEO_KILLS", "20")) // 20)
PROGRAM = Path(__file__).parents[1] / "support" / "troubled_worker.py"


class Workers:
    """One after the other, with one database: a new one is started for one that was killed."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.folder, self._models = folder, models
        self._orders, self._calls = folder / "orders.json", folder / "calls"
        self.client = self._start()

    def _start(self) -> RpcClient:
        env = {
            "TTVIDEO_MODELS": str(self._models),
            "TTVIDEO_CACHE": str(self.folder / "cache"),
            "TTVIDEO_STATE": str(self.folder / "state"),
            # Latents are kept after every step.
            "TTVIDEO_KEEP_SECONDS": "0",
            "OMP_NUM_THREADS": "1",
        }
        client = RpcClient(self.folder / "worker.log", (sys.executable, str(PROGRAM), str(self.folder)), env=env)
        # It has imported torch by then.
        client.request("worker/hello", {"clientVersion": "test"}, timeout=180)
        return client

    def order(self, **orders: Any) -> None:
        self._orders.write_text(json.dumps(orders))

    def calls(self) -> int:
        """How often a denoiser was asked since the last time."""
        count = self._calls.stat().st_size if self._calls.exists() else 0
        self._calls.unlink(missing_ok=True)
        return count

    def wait_for_death(self) -> None:
        code, _ = self.client.wait_for_end(180)
        assert code == -signal.SIGKILL
        self.client.__exit__(None, None, None)
        self.client = self._start()

    def resume(self, id: str) -> None:
        self.client.request("queue/resume")
        self.client.request("jobs/resume", {"id": id})

    def ended(self, id: str, state: str) -> dict[str, Any]:
        """The job when it has come to an end since it was last taken up by this worker."""
        client = self.client

        def over() -> bool:
            states = [status["state"] for status in statuses(client, id)]
            return bool(states) and states[-1] in ENDED

        client.wait_for(over, f"job {id} to end", 180)
        job: dict[str, Any] = client.request("jobs/get", {"id": id})
        assert job["status"]["state"] == state, job["status"]
        return job


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory, random_clips: Path) -> Iterator[Workers]:
    workers = Workers(tmp_path_factory.mktemp("killed"), random_clips)
    yield workers
    workers.client.__exit__(None, None, None)


@pytest.mark.parametrize(
    "case",
    [case if id in EACH_TIME else pytest.param(case, marks=pytest.mark.slow) for id, case in FAMILIES.items()],
    ids=FAMILIES,
)
def test_killed_while_it_denoises_only_the_missing_steps_are_made(workers: Workers, case: Case) -> None:
    undisturbed = workers.ended(submit(workers.client, case, workers.folder, "a cat", steps=STEPS)["id"], "done")
    a_step, rest = divmod(workers.calls(), STEPS)
    assert a_step >= 1
    assert rest == 0
    rng, done = random.Random(case.checkpoint), 0
    killed_after = sorted(rng.sample(range(1, STEPS), min(KILLS, STEPS - 1)))
    id = None
    for step in killed_after:
        # Within the step: when the denoiser is asked for the last time in it.
        workers.order(die=(step - done) * a_step + a_step - 1)
        if id is None:
            id = submit(workers.client, case, workers.folder, "a cat", steps=STEPS)["id"]
        else:
            workers.resume(id)
        workers.wait_for_death()
        assert workers.calls() == (step - done) * a_step + a_step
        left = workers.client.request("jobs/get", {"id": id})
        assert (left["status"]["state"], left["keptStep"]) == ("interrupted", step)
        done = step
    assert id is not None
    workers.order(fail="decode")
    workers.resume(id)
    assert "as ordered: decode" in workers.ended(id, "failed")["status"]["error"]["message"]
    assert workers.calls() == (STEPS - done) * a_step
    for failing in ("encode", None):
        if failing:
            workers.order(fail=failing)
        seen = len(statuses(workers.client, id))
        workers.resume(id)
        workers.client.wait_for(lambda: len(statuses(workers.client, id)) > seen, "it to be taken up")  # noqa: B023
        again = workers.ended(id, "failed" if failing else "done")
        assert workers.calls() == 0
    assert pixels(again) == pixels(undisturbed)
    assert len(pixels(again)) == case.frames


def pixels(job: dict[str, Any]) -> list[bytes]:
    return [Image.open(file).tobytes() for file in sorted(Path(job["folder"], "frames").glob("frame_*.png"))]


def test_all_families_are_killed() -> None:
    from ttvideo import families

    assert set(FAMILIES) == {family.id for family in families.FAMILIES if family.published and family.makes == "clip"}
