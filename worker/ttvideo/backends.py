"""What this machine can compute on, found out in milliseconds and without importing torch or ttnn."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from functools import lru_cache
from pathlib import Path

from ttvideo.contract import Backend
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt import detect, environment
from ttvideo.tt.machine import Board


def installed(distribution: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def backends() -> tuple[Backend, ...]:
    return _cpu(), _cuda(), _tt()


@lru_cache(maxsize=1)
def cpu_title() -> str:
    """The processor's name and how many of its cores this process may use."""
    name = ""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    # Asked last: platform.processor() starts a process.
    return f"{name or platform.processor() or platform.machine()}, {usable_cores()} cores"


def cpu_has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16, by the flags Linux lists (Intel and AMD, or Arm).

    Without such instructions bfloat16 is slower than float32; elsewhere than on Linux the answer is no.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)


def device_title(device: str) -> str:
    """What a device that is in use is called."""
    if device == "tt":
        return detect.look().title
    if device == "cpu":
        return cpu_title()
    import torch

    return torch.cuda.get_device_name()


def boards() -> tuple[Board, ...]:
    """The Tenstorrent boards that are really here."""
    machine = detect.look()
    return () if machine.simulated else machine.boards


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resolve_device(asked: str) -> str:
    """`auto` becomes the best backend that is there.

    Raises WorkerError(NO_DEVICE) for one that is not, WorkerError(INVALID_PARAMETERS) for an unknown name.
    """
    known = {backend.id: backend for backend in backends()}
    if asked == "auto":
        return "cuda" if known["cuda"].available else "cpu"
    backend = known.get(asked)  # type: ignore[call-overload]
    if backend is None:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"There is no device '{asked}'.", f"Use auto, {', '.join(known)}."
        )
    if not backend.available:
        raise WorkerError(ErrorKind.NO_DEVICE, f"The device '{asked}' is not available here.", backend.detail)
    return asked


def _cpu() -> Backend:
    version = installed("torch")
    if version is None:
        return Backend(id="cpu", available=False, detail="PyTorch is not installed: pip install torch")
    return Backend(id="cpu", available=True, detail=f"{cpu_title()}, torch {version}")


def _cuda() -> Backend:
    version = installed("torch")
    if not (Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidiactl").exists()):
        return Backend(id="cuda", available=False, detail="No NVIDIA driver was found on this machine.")
    if version is None or "+cpu" in version:
        return Backend(
            id="cuda",
            available=False,
            detail="An NVIDIA GPU is there, but PyTorch is missing or its CPU build: install a CUDA build of torch.",
        )
    return Backend(id="cuda", available=True, detail=f"NVIDIA GPU, torch {version}")


def _tt() -> Backend:
    machine = detect.look()
    parts = [f"{machine.title}."] if machine.boards else []
    parts += [f"{problem.message} {problem.hint}" for problem in machine.problems[:1]]
    able = bool(machine.boards) and all(problem.severity != "error" for problem in machine.problems)
    if able:
        try:
            environment.mesh(machine)
            environment.interpreter()
        except WorkerError as error:
            able = False
            parts.append(f"{error.message} {error.hint}")
    return Backend(id="tt", available=able, detail=" ".join(dict.fromkeys(parts)))
