"""The whole reset: the queue, a job on the boards, other processes, and a tt-smi that says whether anything ran."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import pytest

from support import on_boards
from support.boards import Boards, boards
from support.tt_machines import entry, fake_smi, serial, snapshot
from support.waiting import wait_until
from ttvideo import families
from ttvideo.cli import boards as cli_boards
from ttvideo.contract import GenerateRequest, Job, Reset
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.jobs import runner
from ttvideo.jobs.queue import Queue, open_queue
from ttvideo.jobs.reset import Patience, Resetting, latest
from ttvideo.jobs.runner import Runner
from ttvideo.state import DeviceLock, ProcessIdentity
from ttvideo.tt.engine.opening import Opening
from ttvideo.tt.reset import POWER, Limits

# What runs when tt-smi is called is written down: a job, and whether an engine has the chip.
WATCHED = """
import json, sqlite3
state = os.environ["TTVIDEO_STATE"]
jobs = sqlite3.connect(state + "/queue.sqlite").execute("SELECT count(*) FROM jobs WHERE state='running'").fetchone()[0]
try:
    user = json.load(open(state + "/devices/tt-0000:01:00.0.json")).get("user")
except OSError:
    user = None
open(os.path.dirname(sys.argv[0]) + "/seen", "a").write(f"{sys.argv[1]} jobs={jobs} engine={user is not None}\\n")
"""
CHIPS = (("n300 L", serial("n300"), "0000:01:00.0"), ("n300 R", serial("n300"), "N/A"))
HEALS = """
if sys.argv[1] == "-r":
    open(os.environ["FAKE_TTNN"], "w").close()
    sys.exit(0)
"""
LIES = """
if sys.argv[1] == "-r":
    os.unlink({node!r})
    sys.exit(0)
"""


@dataclass
class World:
    queue: Queue
    boards: Boards
    bin: Path
    outputs: Path
    told: list[Reset] = field(default_factory=list)

    def smi(self, program: str) -> None:
        says = f"print({snapshot(*(entry(*chip) for chip in CHIPS))!r})"
        fake_smi(self.bin, WATCHED + program.format(node=str(self.node)) + says)

    @property
    def node(self) -> Path:
        return self.boards.tree.root / "dev/tenstorrent/0"

    def seen(self) -> list[str]:
        file = self.bin / "seen"
        return file.read_text().splitlines() if file.exists() else []

    def submit(self) -> Job:
        parameters = {"frames": 3, "steps": 2, "seed": 1}
        return self.queue.submit(
            GenerateRequest(prompt="a ball", output_folder=str(self.outputs), parameters=parameters)
        )

    def hang_after_one_frame(self) -> Job:
        """A running job with a frame on disk and an engine that does not come back."""
        # One operation compiles, and two are the steps of a frame.
        self.boards.be("hang 3")
        job = self.submit()
        wait_until((Path(job.folder) / "frames/frame_000.png").exists, "the first frame")
        return job

    def state(self, job: Job) -> str:
        return self.queue.get(job.id).status.state

    def here(self, others: float = 20.0) -> Callable[..., Resetting]:
        return partial(
            Resetting,
            device=self.boards.device,
            root=self.boards.tree.root,
            limits=Limits(reset=20, back=0.3, snapshot=20, poll=0.05),
            patience=Patience(own=0.3, others=others),
        )

    def resetting(self, others: float = 20.0) -> Resetting:
        return self.here(others)(self.queue, on_change=self.told.append)

    def reset(self, others: float = 20.0) -> Reset:
        resetting = self.resetting(others)
        resetting.begin()
        return resetting.run()


@pytest.fixture
def world(tmp_path: Path, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = boards("n300", 2, tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]))
    monkeypatch.setattr(families, "FAMILIES", (on_boards.family(made.device),))
    monkeypatch.setattr(runner, "resolve_device", lambda asked: "tt")
    monkeypatch.setattr(runner, "DEVICE", made.device)
    queue = open_queue("worker")
    queue.unpause()
    yield World(queue, made, tmp_path / "bin", outputs)
    queue.close()
    made.device.close()


@pytest.fixture
def running(world: World) -> Iterator[World]:
    """With a runner that takes jobs, as in the editor's worker."""
    runs = Runner(world.queue)
    runs.start()
    yield world
    world.boards.be("")
    assert runs.stop(60)


def test_a_hanging_job_is_interrupted_and_goes_on_at_the_next_frame(running: World) -> None:
    running.smi(HEALS)
    job = running.hang_after_one_frame()
    frame = Path(job.folder) / "frames/frame_000.png"
    made = frame.stat().st_mtime_ns
    ended = running.reset()
    assert (ended.state, ended.jobs) == ("reset_complete", (job.id,))
    assert [told.message for told in running.told if told.state == "running"][-1] == "Opening the mesh again."
    wait_until(lambda: running.state(job) == "done", "the job to be done")
    assert frame.stat().st_mtime_ns == made
    assert running.queue.get(job.id).frames_done == 3
    assert not running.queue.state().paused
    assert running.seen() == ["-r jobs=0 engine=False", "-s jobs=0 engine=False"]
    assert latest(running.queue.store) == ended


def test_a_chip_that_is_lost_leaves_the_queue_paused_and_the_frames_on_disk(running: World) -> None:
    running.smi(LIES)
    job = running.hang_after_one_frame()
    waiting = running.submit()
    ended = running.reset()
    assert ended.state == "reset_unhealthy"
    assert "did not come back after the reset." in ended.message
    state = running.queue.state()
    assert state.paused
    assert str(state.reason).startswith("The boards were reset without success: /dev/tenstorrent/0")
    status = running.queue.get(job.id).status
    assert status.state == "interrupted"
    assert status.reason == "The boards were reset."
    assert running.state(waiting) == "queued"
    assert running.queue.get(job.id).frames_done >= 1

    # The chip is found again, and a second reset does what the first one could not.
    running.node.touch()
    running.smi(HEALS)
    assert running.reset().state == "reset_complete"
    assert not running.queue.state().paused
    running.queue.resume(job.id)
    wait_until(lambda: running.state(job) == running.state(waiting) == "done", "both jobs to be done")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("no such thing"), "RuntimeError: no such thing"),
        (KeyboardInterrupt(), "it was stopped with Ctrl-C."),
    ],
    ids=["by an error", "by Ctrl-C"],
)
def test_a_reset_that_is_broken_off_leaves_the_queue_paused_and_says_why(
    world: World, error: BaseException, said: str
) -> None:
    world.smi(HEALS)

    def on_change(reset: Reset) -> None:
        if reset.message == "Waiting for the chips to answer.":
            raise error

    resetting = world.here()(world.queue, on_change=on_change)
    resetting.begin()
    with pytest.raises(KeyboardInterrupt) if isinstance(error, KeyboardInterrupt) else nullcontext():
        resetting.run()
    ended = latest(world.queue.store)
    assert ended is not None
    assert (ended.state, ended.message) == ("reset_unverified", f"The reset was broken off: {said}")
    assert world.queue.state().reason == f"The boards were reset without success: {ended.message}"
    world.smi(HEALS)
    assert world.reset().state == "reset_complete"
    assert not world.queue.state().paused


def test_a_foreign_process_is_named_and_nothing_is_touched(running: World) -> None:
    running.smi(HEALS)
    job = running.hang_after_one_frame()
    running.boards.tree.held(0, 4242, "python train.py")
    ended = running.reset()
    assert ended.state == "refused"
    assert ended.message.startswith("python train.py (pid 4242) uses /dev/tenstorrent/0")
    assert running.state(job) == "running"
    assert not running.queue.state().paused
    assert running.seen() == []
    assert running.boards.device.opening == Opening((1, 2))


def test_our_own_engine_is_no_foreign_process(running: World) -> None:
    running.smi(HEALS)
    job = running.hang_after_one_frame()
    engine = running.boards.device._engine
    assert engine is not None
    running.boards.tree.held(0, engine.identity.pid, "python -m ttvideo.tt.engine")
    resetting = running.resetting(others=5)
    resetting.begin()
    # In the made-up files the process holds the chip for ever: what is refused is not what our engine did.
    ended = resetting.run()
    assert not psutil.pid_exists(engine.identity.pid)
    assert ended.state == "refused"
    assert running.state(job) == "interrupted"


def test_what_our_engine_started_is_no_foreign_process(world: World) -> None:
    world.smi(HEALS)
    # A shell is an engine here, and what it starts one of its compilers.
    engine = subprocess.Popen(
        ["/bin/sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True
    )
    assert engine.stdout is not None
    with engine, DeviceLock(world.queue.store.folder, "tt-0000:01:00.0", "ttvideo serve") as lock:
        assert lock.acquire(ProcessIdentity.of(engine.pid))
        world.boards.tree.held(0, int(engine.stdout.readline()), "sfpi/compiler/bin/riscv-tt-elf-g++")
        assert "ttvideo serve" in world.reset(others=0.2).message
        os.killpg(engine.pid, signal.SIGKILL)


def test_a_mesh_that_cannot_be_opened_again_is_not_well(world: World) -> None:
    world.smi("")
    world.boards.device.open(None, lambda event: None)
    world.boards.be("timeout")
    ended = world.reset()
    assert ended.state == "reset_unhealthy"
    assert ended.message == (
        "The chips answer, but cannot be used: The boards did not finish an operation in time: a chip hangs."
    )
    assert world.queue.state().paused


def test_the_terminal_says_each_step_and_how_it_ended(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.smi(HEALS)
    chip = "/dev/tenstorrent/0 (PCI 0000:01:00.0)"
    assert cli_boards.reset(world.queue, world.here()) == 0
    assert capsys.readouterr().out.splitlines() == [
        "The queue is paused.",
        "Stopping the jobs on the boards.",
        f"`tt-smi -r` resets {chip}.",
        "Waiting for the chips to answer.",
        "Asking tt-smi whether all chips are well.",
        f"{chip} answers again.",
    ]
    world.smi(LIES)
    assert cli_boards.reset(world.queue, world.here()) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{chip} did not come back after the reset. {POWER}",
        "The queue stays paused: `ttvideo queue resume` lets it go on.",
    ]


def test_a_queue_that_was_paused_stays_so(world: World) -> None:
    world.smi(HEALS)
    world.queue.pause("Paused from the terminal.")
    assert world.reset().state == "reset_complete"
    assert world.queue.state().reason == "Paused from the terminal."


def test_another_process_of_ours_that_keeps_the_chip_is_named(world: World) -> None:
    world.smi(HEALS)
    lock = DeviceLock(world.queue.store.folder, "tt-0000:01:00.0", "ttvideo generate")
    assert lock.acquire()
    ended = world.reset(others=0.2)
    assert ended.state == "refused"
    assert ended.message == f"ttvideo generate (pid {os.getpid()}) does not give the boards free."
    assert not world.queue.state().paused
    assert world.seen() == []
    lock.release()


def test_one_at_a_time_and_one_whose_process_ended_is_not_verified(world: World) -> None:
    world.smi(HEALS)
    first = world.resetting().begin()
    assert first.state == "running"
    with pytest.raises(WorkerError, match="is resetting the boards already") as caught:
        world.resetting().begin()
    assert caught.value.kind is ErrorKind.WRONG_STATE
    gone = ProcessIdentity(2**22 + 1, 1.0)
    with world.queue.store.transaction() as db:
        db.execute("UPDATE reset SET pid=?, started=?", (gone.pid, gone.started))
    left = latest(world.queue.store)
    assert left is not None
    assert left.state == "reset_unverified"
    assert "ended while it reset the boards" in left.message
    assert world.reset().state == "reset_complete"


def test_a_paused_queue_and_a_job_of_another_process_give_the_boards_free(running: World) -> None:
    job = running.submit()
    wait_until(lambda: running.state(job) == "done", "the job to be done")
    assert running.boards.device.opening is not None
    running.queue.pause()
    wait_until(lambda: running.boards.log()[-2:] == ["close", "fabric DISABLED"], "the mesh to be closed")
    assert running.boards.device.opening is None
    running.queue.unpause()

    running.boards.device.open(None, lambda event: None)
    terminal = open_queue("terminal")
    terminal.identity = ProcessIdentity.of(os.getppid())
    terminal.submit(GenerateRequest(prompt="a ball", output_folder=str(running.outputs)), reserved=True)
    wait_until(lambda: running.boards.device.opening is None, "the mesh to be closed again")
    terminal.close()
