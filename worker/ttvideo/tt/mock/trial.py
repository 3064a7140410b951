"""The child process of a preflight: runs a program's first three steps on a mock board and reports what they cost.

`python -m ttvideo.tt.mock.trial`, with an interpreter that has ttnn. One request comes on stdin, as wire.py writes it;
it is answered by events and one answer. Weights are zeros: their values make no difference to what is asked here.
"""

from __future__ import annotations

import importlib.metadata
import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt import boards
from ttvideo.tt.engine import wire
from ttvideo.tt.engine.__main__ import claim_pipe
from ttvideo.tt.engine.faults import fault, words
from ttvideo.tt.engine.opening import L1_SMALL_SIZE
from ttvideo.tt.mock import toolchain
from ttvideo.tt.mock.shortage import shortage

if TYPE_CHECKING:
    import torch

    from ttvideo.tt.mock.report import Captured
    from ttvideo.tt.nn.sampler import Denoised

log = logging.getLogger("ttvideo.tt.mock")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Subject:
    """A model and a size, as the program of engine.programs that denoises it needs to know them. Goes through JSON."""

    configs: tuple[Mapping[str, Any], ...]
    """As nn.program.Asked has them."""
    weights: Mapping[str, tuple[int, ...]]
    """Names and shapes."""
    latents: tuple[int, ...]
    """[videos, channels, frames, height, width]"""
    text: tuple[int, ...]
    """[videos, tokens, width], twice as many videos with guidance."""
    guidance: float | None
    dtype: str = "bfloat16"
    """As nn.program.Asked has it, and `parts` and `tensor_axis`."""
    mesh: tuple[int, int] = (1, 1)
    parts: tuple[int, int] = (1, 1)
    tensor_axis: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Subject:
        """From JSON, which has lists for tuples."""
        pairs = {name: (values[name][0], values[name][1]) for name in ("mesh", "parts")}
        return cls(**{**values, **pairs})


def run(request: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """What was found out. Raises what ttnn raises when it cannot be started or the mesh cannot be opened."""
    system = boards.system_named(request["board"])
    if system is None:
        raise WorkerError(ErrorKind.INTERNAL, f"There is no system {request['board']}.", "Start the worker again.")
    toolchain.setup(system, Path(request["folder"]))
    import ttnn

    subject = Subject.of(request["subject"])
    if math.prod(subject.mesh) > 1:
        ttnn.set_fabric_config(ttnn.FabricConfig.FABRIC_1D)
    shape = ttnn.MeshShape(*subject.mesh)
    mesh = ttnn.open_mesh_device(shape, l1_small_size=L1_SMALL_SIZE, **toolchain.open_kwargs(system))
    try:
        found = _try(mesh, system.board, subject, tell)
    finally:
        ttnn.close_mesh_device(mesh)
    return {"ttnn": importlib.metadata.version("ttnn"), **found}


def _try(mesh: Any, kind: boards.BoardType, subject: Subject, tell: Tell) -> dict[str, Any]:
    from ttvideo.tt.mock.report import captured

    reports = []
    denoising = denoised(mesh, subject)
    for phase in ("loading", "compiling", "denoising"):
        tell(phase)
        capture: Captured | None = None
        try:
            with captured(mesh, kind) as capture:
                next(denoising)
        except RuntimeError as error:
            assert capture is not None
            short = shortage(str(error))
            where = {"phase": phase, "operation": capture.stopped_in, "said": words(error)}
            return {"refused": {**where, "shortage": asdict(short) if short else None}}
        reports.append(capture.report)
    loaded, first, second = reports
    return {
        "dram_loaded": loaded.dram_peak,
        "dram_peak": max(report.dram_peak for report in reports),
        "dram_total": second.dram_total,
        "l1_peak": max(report.l1_peak for report in reports),
        "l1_total": second.l1_total,
        "programs": first.programs + second.programs,
        "operations": second.operations,
        "transfers": second.transfers,
        "seconds": second.seconds,
        "costs": [[name, cost.calls, cost.seconds] for name, cost in second.costs.items()],
    }


def denoised(mesh: Any, subject: Subject) -> Iterator[Denoised | None]:
    """After the weights are on the board, after the first two steps, and after the third, which is as all others."""
    import torch
    import ttnn

    from animatediff_ttnn.layers.parameters import Parameters
    from animatediff_ttnn.layers.tokens import Tokens
    from ttvideo.tt.nn.config import UNetConfig
    from ttvideo.tt.nn.sampler import Sampler
    from ttvideo.tt.nn.schedules import Step
    from ttvideo.tt.nn.unet import UNet

    videos, _, frames, height, width = subject.latents
    tokens = Tokens(
        videos * (1 if subject.guidance is None else 2), frames, height, width, subject.parts, subject.tensor_axis
    )
    weights = Parameters(Zeros(subject.weights), mesh, getattr(ttnn, subject.dtype))
    unet = UNet(weights, UNetConfig.of(*subject.configs), tokens, text_length=subject.text[1])
    yield None
    # Of any scheduler: a sum of latents and of what the model gives.
    steps = [Step(500.0 - index, 1.0, 0.9, (0.1,), False, 0.0, (1.0, 0.0)) for index in range(3)]
    states = Sampler(unet, subject.guidance).run(steps, torch.zeros(subject.text), torch.zeros(subject.latents))
    next(states)  # convolutions lay out their weights
    yield from states


class Zeros(Mapping[str, "torch.Tensor"]):
    """A state dict of which only the shapes are known; each tensor is made when it is asked for."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._shapes = shapes

    def __getitem__(self, name: str) -> torch.Tensor:
        import torch

        return torch.zeros(tuple(self._shapes[name]), dtype=torch.bfloat16)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)


def main() -> int:
    requests, answers = claim_pipe()
    message = wire.read(requests)
    if message is None:
        return 0
    request, _ = message
    answer: dict[str, Any] = {"id": request["id"]}

    def tell(phase: str) -> None:
        wire.write(answers, {"id": request["id"], "event": "phase", "phase": phase})

    try:
        answer["done"] = run(request, tell)
    except Exception as error:
        known = fault(error)
        log.exception("the program could not be tried")
        answer["error"] = {"kind": known.kind.value, "message": known.message, "hint": known.hint}
    wire.write(answers, answer)
    wire.read(requests)  # until the worker has it, or is gone
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
