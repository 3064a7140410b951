"""This process's hold on the Tenstorrent boards: an engine with a mesh open, lent to one job after the other.

The first job opens the mesh, which is its phase `loading`; the next finds it open. Nobody else opens a chip meanwhile:
each has a lock that all processes of the user share, and others' processes are looked for before.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ttvideo.contract import Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.state import DeviceLock, ProcessIdentity, cache_folder, process_title, state_folder
from ttvideo.tt import detect, environment
from ttvideo.tt.boards import GIB
from ttvideo.tt.engine.client import EngineProcess
from ttvideo.tt.engine.opening import Opening
from ttvideo.tt.machine import Chip, Machine

if TYPE_CHECKING:
    import torch

    Tensors: TypeAlias = Mapping[str, torch.Tensor]

log = logging.getLogger(__name__)

OPEN_SECONDS = 600.0
"""The first time on a large mesh the kernels of its fabric are compiled."""
MEMORY_SECONDS = 60.0
CLOSE_SECONDS = 20.0
CANCEL_SECONDS = 30.0
"""How long a step may still take that was begun before the cancel."""
ORPHAN_SECONDS = 25.0
"""A little more than an engine takes to leave when its worker is gone."""


@dataclass(frozen=True)
class PhaseBegun:
    phase: Phase
    total: int = 0
    first: bool = False
    """Of compiling: this machine has not compiled it before, which takes minutes."""


@dataclass(frozen=True)
class StepDone:
    """`step` of `total` are done; `tensors`, on the host, show or keep what there is by now."""

    step: int
    total: int
    tensors: Tensors = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """Nothing new; comes several times a second, so that a job can be cancelled and watched within a long step."""


Event: TypeAlias = PhaseBegun | StepDone | Waiting
OnEvent: TypeAlias = Callable[[Event], None]
"""May raise, such as Cancelled: the program stops after its step, and the exception goes on to the caller."""


@dataclass(frozen=True)
class Memory:
    """Bytes of all chips of the mesh together; `programs` that are cached on it."""

    programs: int
    dram_used: int
    dram_total: int
    l1_used: int
    l1_total: int


class Device:
    """Used by one thread at a time, but for `end` and `give_free`."""

    def __init__(self, root: Path = detect.ROOT) -> None:
        self._root = root
        self._engine: EngineProcess | None = None
        self._opening: Opening | None = None
        self._locks: list[DeviceLock] = []
        self.last: Opening | None = None
        """What was opened last, and may be closed again."""
        self.use = threading.RLock()
        """Held by who uses it for more than one call, while another thread may give it free."""

    @property
    def opening(self) -> Opening | None:
        """What is open now."""
        return self._opening if self._engine is not None and self._engine.alive else None

    def open(self, opening: Opening | None, on_event: OnEvent) -> Opening:
        """Have a mesh open: this one, or without a wish the one that MESH_DEVICE or the system names.

        Nothing happens when it is open already. Raises WorkerError: NO_DEVICE, DEVICE_BUSY (with the name of who uses a
        chip), INVALID_PARAMETERS (a mesh that is not here), DEVICE_FAILED; and what `on_event` raises.
        """
        warm = self.opening
        if warm is not None and opening in (None, warm):
            return warm
        machine = self._machine()
        wanted = opening or Opening(environment.mesh(machine))
        on_event(PhaseBegun(Phase.LOADING))
        if warm is None:
            self.close()
            self._start(machine)
        assert self._engine is not None
        self._opening = None
        try:
            self._engine.ask(
                {"do": "reshape" if warm else "open", "opening": wanted.as_json()},
                on_tick=lambda: on_event(Waiting()),
                timeout=OPEN_SECONDS,
                grace=CANCEL_SECONDS,
            )
        except BaseException:
            self.close()
            raise
        self._opening = self.last = wanted
        return wanted

    def run(self, program: str, tensors: Tensors, arguments: Mapping[str, Any], on_event: OnEvent) -> Tensors:
        """Run one of `engine.programs` on the open mesh, with tensors on the host; gives those that it makes.

        Raises WorkerError: what the program raises, or DEVICE_FAILED when a chip hangs or the engine died; and what
        `on_event` raises. Nothing is open any more after DEVICE_FAILED.
        """
        from safetensors.torch import load, save

        if self._engine is None or self._opening is None:
            raise WorkerError(ErrorKind.WRONG_STATE, "No boards are open.", "Open them first.")

        def tell(header: dict[str, Any], payload: bytes) -> None:
            if header["event"] == "phase":
                on_event(PhaseBegun(Phase(header["phase"]), header["total"], header["first"]))
            else:
                on_event(StepDone(header["step"], header["total"], load(payload) if payload else {}))

        with self._closing_what_failed(self._engine):
            _, payload = self._engine.ask(
                {"do": "run", "program": program, "arguments": dict(arguments)},
                save(dict(tensors)) if tensors else b"",
                on_event=tell,
                on_tick=lambda: on_event(Waiting()),
                grace=CANCEL_SECONDS,
            )
        self._note_memory(program)
        return load(payload) if payload else {}

    def memory(self) -> Memory | None:
        """What is in use on the open mesh; None when nothing is open. Raises WorkerError(DEVICE_FAILED)."""
        if self._engine is None or self.opening is None:
            return None
        with self._closing_what_failed(self._engine):
            facts, _ = self._engine.ask({"do": "memory"}, timeout=MEMORY_SECONDS)
        return Memory(**facts)

    @contextlib.contextmanager
    def _closing_what_failed(self, engine: EngineProcess) -> Iterator[None]:
        """Chips that failed, or whose engine is gone, are given free."""
        try:
            yield
        except BaseException as error:
            if not engine.alive or (isinstance(error, WorkerError) and error.kind is ErrorKind.DEVICE_FAILED):
                self.close()
            raise

    def _note_memory(self, program: str) -> None:
        if not log.isEnabledFor(logging.INFO):
            return
        # What was made is made, whether or not this can be told.
        with contextlib.suppress(WorkerError):
            if (memory := self.memory()) is not None:
                used = f"{memory.dram_used / GIB:.2f} of {memory.dram_total / GIB:.0f} GiB DRAM"
                log.info("after %s the mesh holds %s and %d cached programs", program, used, memory.programs)

    def close(self) -> None:
        """Close the mesh, end the engine and give the chips free."""
        with self.use:
            engine, self._engine, self._opening = self._engine, None, None
            if engine is not None:
                engine.end(CLOSE_SECONDS)
            while self._locks:
                self._locks.pop().release()

    def give_free(self) -> None:
        """Close what is open, unless another thread uses it."""
        if self.use.acquire(blocking=False):
            try:
                self.close()
            finally:
                self.use.release()

    def end(self) -> None:
        """End the engine at once, whatever it does; whoever waits for it gets DEVICE_FAILED. From any thread."""
        engine = self._engine
        if engine is not None:
            engine.kill()

    def elsewhere(self) -> str | None:
        """Which other process of ours has a chip open that this one would open, in words."""
        if self._locks:
            return None
        machine = detect.look(self._root)
        if machine.simulated:
            return None
        return next(filter(None, (chip_lock(chip).holder() for chip in environment.ours(machine))), None)

    def _machine(self) -> Machine:
        """Raises WorkerError(NO_DEVICE)."""
        machine = detect.look(self._root, holders=True)
        if not machine.boards:
            why = machine.problems[0]
            raise WorkerError(ErrorKind.NO_DEVICE, why.message, why.hint)
        return machine

    def _start(self, machine: Machine) -> None:
        """Start the engine and lock the chips for it; nothing is left behind when that fails."""
        folder = cache_folder() / "ttnn"
        folder.mkdir(parents=True, exist_ok=True)
        command = [environment.interpreter(), "-m", "ttvideo.tt.engine"]
        self._engine = EngineProcess(command, environment.of_engine(machine), folder)
        try:
            if not machine.simulated:
                self._lock(machine)
        except BaseException:
            self.close()
            raise

    def _lock(self, machine: Machine) -> None:
        assert self._engine is not None
        chips = environment.ours(machine)
        if not chips:
            raise WorkerError(
                ErrorKind.NO_DEVICE,
                f"TT_VISIBLE_DEVICES is '{os.environ.get('TT_VISIBLE_DEVICES', '')[:40]}', which leaves no chip.",
                "Unset it, or name chips that `ttvideo devices` lists.",
            )
        left = set()
        for chip in chips:
            lock = chip_lock(chip)
            orphan = lock.user()
            if not lock.acquire(self._engine.identity):
                who = lock.holder() or "another process of ttvideo"
                raise busy(who, chip, "A paused queue gives the boards free: `ttvideo queue pause`.")
            self._locks.append(lock)
            if orphan is not None:
                end_orphan(orphan)
                left.add(orphan.pid)
        for chip in chips:
            for holder in chip.holders:
                if holder.pid not in left:
                    raise busy(str(holder), chip)


def chip_lock(chip: Chip) -> DeviceLock:
    """The lock of a chip with a node; by its PCI address, which stays the same when it is reset."""
    return DeviceLock(state_folder(), f"tt-{chip.bus or chip.node}", process_title())


def busy(
    who: str, chip: Chip, hint: str = "Wait until it has ended, or end it; TT_VISIBLE_DEVICES chooses among the chips."
) -> WorkerError:
    return WorkerError(ErrorKind.DEVICE_BUSY, f"{who} uses {chip.name}.", hint)


def end_orphan(engine: ProcessIdentity) -> None:
    """Wait for an engine of ours that lost its worker, and end it if it does not leave by itself."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    while engine.alive():
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(engine.pid, signal.SIGKILL)
            return
        time.sleep(0.1)


DEVICE = Device()
"""This process's own: families run on it, the runner gives it free."""
