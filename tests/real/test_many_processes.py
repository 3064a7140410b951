"""Two workers and the terminal share one queue: each job runs exactly once, and anyone may cancel or remove it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from support.rpc_client import WORKER, RpcClient
from ttvideo.state import DeviceLock, state_folder

QUICK = {"frames": 1, "steps": 1, "seed": 1}


def terminal(*arguments: str) -> subprocess.Popen[str]:
    path = os.pathsep.join(filter(None, [str(WORKER), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-m", "ttvideo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def states(client: RpcClient) -> dict[str, str]:
    return {job["id"]: job["status"]["state"] for job in client.heard("job/changed")}


def submit(client: RpcClient, outputs: Path, **parameters: Any) -> str:
    request = {"prompt": "a red ball", "parameters": QUICK | parameters, "outputFolder": str(outputs)}
    id: str = client.request("jobs/submit", request)["id"]
    return id


def test_thirty_jobs_of_three_processes_run_once_each(tmp_path: Path, outputs: Path) -> None:
    with RpcClient(tmp_path / "a.log") as a, RpcClient(tmp_path / "b.log") as b:
        a.request("queue/pause")
        ids = [submit(client, outputs) for client in (a, b) for _ in range(12)]
        cli = terminal(
            "generate",
            "a blue star",
            "--frames",
            "1",
            "--steps",
            "1",
            "--count",
            "6",
            "--output",
            str(outputs),
            "--json",
        )
        b.request("queue/resume")
        out, err = cli.communicate(timeout=300)
        assert cli.returncode == 0, err
        ids += {json.loads(line)["id"] for line in out.splitlines()}
        a.wait_for(lambda: all(states(a).get(id) == "done" for id in ids), "all jobs to be done", 300)
        assert len(set(ids)) == 30
        # Each process that ran a job says so in its log, once per job.
        ran = Counter(
            line.split()[3].rstrip(":")
            for log in ("a.log", "b.log")
            for line in (tmp_path / log).read_text().splitlines()
            if "ttvideo.jobs.runner: job " in line
        )
        assert set(ran.values()) == {1}
        assert set(ran) == set(ids[:24])
    assert len(list(outputs.iterdir())) == 30


def test_cancel_and_remove_work_across_processes(tmp_path: Path, outputs: Path) -> None:
    with RpcClient(tmp_path / "a.log") as a, RpcClient(tmp_path / "b.log") as b:
        long = submit(a, outputs, steps=100, frames=16)
        waiting = submit(a, outputs)
        b.wait_for(lambda: states(b).get(long) == "running", "the job to run")
        runner, other = (a, b) if "job " + long in a.log_text() else (b, a)
        assert other.request("jobs/cancel", {"id": waiting})["status"]["state"] == "cancelled"
        other.request("jobs/remove", {"id": waiting})
        runner.wait_for(lambda: {"id": waiting} in runner.heard("job/removed"), "the removal to be heard of")
        cli = terminal("cancel", long)
        assert cli.communicate(timeout=60)[0] == f"{long}: cancelling\n"
        a.wait_for(lambda: states(a).get(long) == "cancelled", "the job to be cancelled")


def test_a_second_process_waits_or_leaves_and_says_for_whom(outputs: Path) -> None:
    with DeviceLock(state_folder(), "cpu", "a long render") as lock:
        assert lock.acquire()
        cli = terminal("generate", "a red ball", "--frames", "1", "--steps", "1", "--no-wait", "--output", str(outputs))
        _, err = cli.communicate(timeout=60)
        assert cli.returncode == 3
        assert f"a long render (pid {os.getpid()})" in err
        waiting = terminal("generate", "a red ball", "--frames", "1", "--steps", "1", "--output", str(outputs))
        assert waiting.stderr is not None
        lines = iter(waiting.stderr.readline, "")
        assert any(f"waiting for a long render (pid {os.getpid()})" in line for line in lines)
    out, _ = waiting.communicate(timeout=120)
    assert waiting.returncode == 0
    assert Path(out.strip()).exists()


def test_the_lock_goes_with_its_holder() -> None:
    code = (
        "import sys; from pathlib import Path; from ttvideo.state import DeviceLock;"
        "lock = DeviceLock(Path(sys.argv[1]), 'cpu', 'other'); print(lock.acquire(), flush=True); sys.stdin.read()"
    )
    path = os.pathsep.join(filter(None, [str(WORKER), os.environ.get("PYTHONPATH")]))
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(state_folder())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "True\n"
    mine = DeviceLock(state_folder(), "cpu", "mine")
    assert not mine.acquire()
    assert mine.holder() == f"other (pid {child.pid})"
    child.kill()
    child.communicate()
    assert mine.holder() is None
    assert mine.acquire()
    mine.release()
