"""The engine as its own process, on made-up boards: opened once, lent, cancelled, and lost in every way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.boards import Boards, boards
from support.waiting import wait_until
from ttvideo.contract import Phase
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.state import DeviceLock, ProcessIdentity, state_folder
from ttvideo.tt import device as devices
from ttvideo.tt import environment
from ttvideo.tt.device import Device, Event, PhaseBegun, StepDone, Waiting
from ttvideo.tt.engine.opening import Opening

COLD = ["fabric FABRIC_1D", "open 1x2 ['l1_small_size', 'trace_region_size']"]
SHUT = ["close", "fabric DISABLED"]


@pytest.fixture
def n300(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boards]:
    made = boards("n300", 2, tmp_path, monkeypatch)
    yield made
    made.device.close()


class Heard(list[Event]):
    def __call__(self, event: Event) -> None:
        if not isinstance(event, Waiting):
            self.append(event)


def check(device: Device, steps: int = 2) -> Heard:
    heard = Heard()
    device.open(None, heard)
    made = device.run("check", {}, {"steps": steps}, heard)
    assert float(made["difference"]) < 0.01
    return heard


def engine_pid(device: Device) -> int:
    assert device._engine is not None
    return device._engine.identity.pid


def steps(total: int) -> list[Event]:
    return [PhaseBegun(Phase.DENOISING, total), *(StepDone(step, total) for step in range(1, total + 1))]


def test_the_first_job_opens_and_compiles_and_the_next_finds_it_warm(n300: Boards) -> None:
    loading, compiling = PhaseBegun(Phase.LOADING), PhaseBegun(Phase.COMPILING, first=True)
    assert check(n300.device) == [loading, compiling, *steps(2)]
    assert check(n300.device, 1) == steps(1)
    assert n300.log() == COLD
    memory = n300.device.memory()
    assert memory is not None
    assert (memory.programs, memory.dram_used, memory.dram_total) == (1, 240, 24000)

    # Another mesh: what lay on the first one is gone, and what this machine has compiled it has compiled.
    n300.device.open(Opening((1, 1)), Heard())
    assert n300.log() == [*COLD, *SHUT, "open 1x1 ['l1_small_size', 'trace_region_size']"]
    n300.device.open(Opening((1, 2)), Heard())
    assert check(n300.device, 1)[0] == PhaseBegun(Phase.COMPILING, first=False)
    pid = engine_pid(n300.device)
    n300.device.close()
    assert n300.log()[-2:] == SHUT
    assert n300.device.opening is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_mesh_that_is_not_here_and_a_program_that_does_not_fit(n300: Boards) -> None:
    with pytest.raises(WorkerError, match=r"A mesh of 8 chips was asked for, and 2 are here\.") as caught:
        n300.device.open(Opening((1, 8)), Heard())
    assert caught.value.kind is ErrorKind.INVALID_PARAMETERS
    assert n300.device.opening is None
    n300.be("memory")
    n300.device.open(None, Heard())
    with pytest.raises(WorkerError, match="memory is too small for this job: Out of Memory: Not enough") as caught:
        n300.device.run("check", {}, {}, Heard())
    assert caught.value.kind is ErrorKind.OUT_OF_MEMORY
    # The engine is as good as before.
    n300.be("")
    assert check(n300.device)[-1] == StepDone(2, 2)
    with pytest.raises(WorkerError, match="has no program 'other'"):
        n300.device.run("other", {}, {}, Heard())


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ("die", r"The process that drives the boards ended \(SIGSEGV\) before it was done\."),
        ("timeout", r"The boards did not finish an operation in time: a chip hangs\."),
        ("wrong", r"The boards compute wrongly: a product of matrices is off by \d+%\."),
    ],
)
def test_boards_that_fail_give_one_error_and_can_be_opened_again(trouble: str, told: str, n300: Boards) -> None:
    n300.device.open(None, Heard())
    n300.be(trouble)
    with pytest.raises(WorkerError, match=told) as caught:
        n300.device.run("check", {}, {}, Heard())
    assert caught.value.kind is ErrorKind.DEVICE_FAILED
    assert "ttvideo reset" in caught.value.hint
    assert n300.device.opening is None
    assert n300.device.elsewhere() is None
    n300.device.open(None, opened := Heard())
    assert opened == [PhaseBegun(Phase.LOADING)]


class StopAt:
    def __init__(self, step: int, error: Exception) -> None:
        self.step, self.error, self.seen = step, error, 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepDone):
            self.seen = event.step
        if self.seen >= self.step:
            raise self.error


def test_a_cancel_is_heeded_between_steps_and_leaves_the_mesh_open(n300: Boards) -> None:
    n300.device.open(None, Heard())
    pid = engine_pid(n300.device)
    # What else goes wrong while a step is told, such as a full disk, stops the program just as well.
    for error in (Cancelled(), WorkerError(ErrorKind.DISK, "The disk is full.", "Make room.")):
        stop = StopAt(2, error)
        with pytest.raises(type(error)):
            n300.device.run("check", {}, {"steps": 100_000}, stop)
        assert stop.seen == 2
    assert check(n300.device)[-1] == StepDone(2, 2)
    assert engine_pid(n300.device) == pid


def test_a_cancel_ends_an_engine_that_hangs(n300: Boards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "CANCEL_SECONDS", 0.1)
    n300.device.open(None, Heard())
    pid = engine_pid(n300.device)
    n300.be("hang")
    heard: list[Event] = []

    def cancel_when_it_hangs(event: Event) -> None:
        if isinstance(event, Waiting) and heard:
            raise Cancelled
        if isinstance(event, PhaseBegun):
            heard.append(event)

    with pytest.raises(Cancelled):
        n300.device.run("check", {}, {}, cancel_when_it_hangs)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert n300.device.opening is None
    assert Device(n300.tree.root).elsewhere() is None


def test_boards_that_cannot_be_opened_in_time(n300: Boards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "OPEN_SECONDS", 0.5)
    n300.be("stuck")
    with pytest.raises(WorkerError, match=r"did not open within 0\.5 seconds and was ended\.") as caught:
        n300.device.open(None, Heard())
    assert caught.value.kind is ErrorKind.DEVICE_FAILED
    assert Device(n300.tree.root).elsewhere() is None


def test_a_chip_has_one_user_and_others_learn_its_name(n300: Boards) -> None:
    n300.device.open(None, Heard())
    other = Device(n300.tree.root)
    mine = f"(pid {os.getpid()})"
    assert other.elsewhere() is not None
    assert mine in str(other.elsewhere())
    with pytest.raises(WorkerError, match=r"uses /dev/tenstorrent/0\.") as caught:
        other.open(None, Heard())
    assert caught.value.kind is ErrorKind.DEVICE_BUSY
    assert mine in caught.value.message
    n300.device.close()
    n300.tree.held(0, 4242, "python train.py")
    with pytest.raises(WorkerError, match=r"^python train\.py \(pid 4242\) uses /dev/tenstorrent/0\.") as caught:
        other.open(None, Heard())
    assert caught.value.kind is ErrorKind.DEVICE_BUSY
    assert other.elsewhere() is None


WORKER_THAT_DIES = """
import os, signal, sys
from pathlib import Path
from ttvideo.tt.device import Device
device = Device(Path(sys.argv[1]))
device.open(None, lambda event: None)
print(device._engine.identity.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_engine_that_lost_its_worker_closes_the_mesh_and_leaves(n300: Boards) -> None:
    worker = str(Path(__file__).parents[3] / "worker")
    path = os.pathsep.join([worker, os.environ["PYTHONPATH"]])
    died = subprocess.run(
        [sys.executable, "-c", WORKER_THAT_DIES, str(n300.tree.root)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert died.returncode == -signal.SIGKILL
    wait_until(lambda: n300.log()[-2:] == SHUT, "the mesh to be closed")
    n300.device.open(None, Heard())
    assert n300.device.opening == Opening((1, 2))


def test_an_engine_that_lost_its_worker_and_hangs_is_ended(n300: Boards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "ORPHAN_SECONDS", 0.0)
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    lock = DeviceLock(state_folder(), "tt-0000:01:00.0", "gone")
    assert lock.acquire(ProcessIdentity.of(left.pid))
    lock._lock.release()  # as the system does when its holder dies: the file that names the engine stays
    n300.tree.held(0, left.pid, "python -m ttvideo.tt.engine")
    n300.device.open(None, Heard())
    assert left.wait(10) == -signal.SIGKILL


def test_no_boards_and_no_python_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    none = boards("driver missing", 1, tmp_path, monkeypatch)
    with pytest.raises(WorkerError, match=r"tt-kmd, is not loaded\.") as caught:
        none.device.open(None, Heard())
    assert caught.value.kind is ErrorKind.NO_DEVICE


def test_a_python_that_cannot_be_started_and_one_without_ttnn(n300: Boards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTVIDEO_TTNN_PYTHON", "/nowhere/python")
    with pytest.raises(WorkerError, match="/nowhere/python, cannot be started: No such file") as caught:
        n300.device.open(None, Heard())
    assert caught.value.kind is ErrorKind.NO_DEVICE
    monkeypatch.setenv("TTVIDEO_TTNN_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", "")
    with pytest.raises(WorkerError, match="ttnn cannot be imported: No module named 'ttnn'"):
        n300.device.open(None, Heard())
    assert n300.device.elsewhere() is None
    monkeypatch.delenv("TTVIDEO_TTNN_PYTHON")
    with pytest.raises(WorkerError, match="No Python with ttnn is known"):
        environment.interpreter()
