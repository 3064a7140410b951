"""Models that tt-metal's own pipelines run on Tenstorrent boards, in the engine (ttvideo.tt.metal)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ttvideo.contract import Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.board_events import pass_on
from ttvideo.families.family import NoteEvent, OnEvent, PhaseEvent, Prompt, Run, Shot
from ttvideo.families.parameters import differs
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.checkpoints import Published
from ttvideo.tt import detect
from ttvideo.tt.device import DEVICE
from ttvideo.tt.engine.opening import Opening
from ttvideo.tt.machine import Machine
from ttvideo.tt.metal import table, tree
from ttvideo.tt.metal.tree import Tree

if TYPE_CHECKING:
    from ttvideo.families.family import Frame, Pixels

TAKEN = frozenset({"checkpoint", "steps", "guidance", "seed", "frames", "fps", "width", "height"})
TAKEN |= {"flow_shift", "start_image", "strength", "memory"}
"""Parameters that mean something to tt-metal's pipelines, or cannot mean anything: the others are refused."""


def devices(published: Iterable[Published]) -> frozenset[str]:
    """`tt`, if one of a family's checkpoints is among those that tt-metal runs."""
    return frozenset({"tt"} if any(table.known(each.id) for each in published) else ())


def unable(
    device: str, published: Sequence[Published], asked: tuple[Published, BaseModel] | None = None
) -> WorkerError | None:
    """Why none of a family's checkpoints runs on the boards of this machine, or not the one that is asked for."""
    if device != "tt":
        return None
    machine = detect.look()
    if machine.system is None:
        return None
    why = None
    for each in [each for each in published if table.known(each.id)] if asked is None else [asked[0]]:
        try:
            pipeline, _, _ = _fitting(each, published, machine)
            if asked is not None:
                _refuse(pipeline, asked[1])
        except WorkerError as error:
            why = why or error
        else:
            return None
    return why


@dataclass(frozen=True)
class Drawing:
    """What is asked of a pipeline, by the names of `ttvideo.tt.metal.adapters.Asked`."""

    prompt: str
    negative_prompt: str
    steps: int
    guidance: float
    seed: int
    width: int
    height: int
    frames: int
    flow_shift: float | None


class Metal:
    """One checkpoint on the boards of this machine."""

    def __init__(self, published: Published, others: Sequence[Published], on_event: OnEvent) -> None:
        """Opens the boards. Raises WorkerError: UNSUPPORTED (the checkpoint, the boards, this tt-metal), NOT_FOUND
        (no tt-metal), MODEL_MISSING, and what `Device.open` raises."""
        self._pipeline, self._opening, found = _fitting(published, others, detect.look())
        self._folder = checkpoints.find(published)
        on_event(PhaseEvent(Phase.LOADING))
        on_event(NoteEvent(f"{self._pipeline.title} is run by tt-metal's own pipeline, of {found}."))
        DEVICE.open(self._opening, lambda event: pass_on(event, on_event))

    def draw(self, prompt: Prompt, params: BaseModel, on_event: OnEvent) -> Pixels:
        """uint8 [frames, height, width, 3].

        Raises WorkerError: UNSUPPORTED and INVALID_PARAMETERS for what the pipeline cannot do, and what `Device.run`
        raises.
        """
        _refuse(self._pipeline, params)
        drawing, start = _asked(prompt, params)
        remark = table.remark(self._pipeline, drawing.width, drawing.height, drawing.frames)
        if remark:
            on_event(NoteEvent(remark))
        import torch

        tensors = {} if start is None else {"picture": torch.tensor(start)}
        arguments = {"pipeline": self._pipeline.id, "checkpoint": str(self._folder), **asdict(drawing)}
        with DEVICE.use:
            DEVICE.open(self._opening, lambda event: pass_on(event, on_event))
            made = DEVICE.run("metal", tensors, arguments, lambda event: pass_on(event, on_event))
        frames: Pixels = made["frames"].numpy()
        return frames


class MetalClips:
    """A Pipeline of one checkpoint of a text-to-video model."""

    def __init__(self, metal: Metal) -> None:
        self._metal = metal

    def run(self, run: Run, on_event: OnEvent) -> Iterator[tuple[int, Frame]]:
        for index, pixels in enumerate(self._metal.draw(Prompt(run.prompt, run.negative_prompt), run.params, on_event)):
            if index not in run.have:
                yield index, _frame(pixels)


class MetalPictures:
    """An Illustrator of one checkpoint of a text-to-image model. It begins with no pictures."""

    def __init__(self, metal: Metal) -> None:
        self._metal = metal

    def run(self, run: Run, on_event: OnEvent) -> Iterator[tuple[int, Frame]]:
        yield 0, _frame(self._metal.draw(Prompt(run.prompt, run.negative_prompt), run.params, on_event)[0])

    def encode(self, prompts: Sequence[Prompt], on_event: OnEvent, *, free: bool = False) -> None:
        """Each is encoded when it is drawn."""

    def largest_batch(self, params: BaseModel) -> int:
        return 1

    def draw(self, shots: Sequence[Shot], on_event: OnEvent) -> list[Frame]:
        if any(shot.start is not None for shot in shots):
            raise _beginning()
        return [_frame(self._metal.draw(shot.prompt, shot.params, on_event)[0]) for shot in shots]


def _fitting(
    published: Published, others: Sequence[Published], machine: Machine
) -> tuple[table.Pipeline, Opening, Tree]:
    """A checkpoint's pipeline, what is opened for it, and the tt-metal that has it.

    Raises WorkerError: UNSUPPORTED, NOT_FOUND, NO_DEVICE.
    """
    pipeline = table.known(published.id)
    if pipeline is None:
        runs = ", ".join(each.id for each in others if table.known(each.id))
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"tt-metal, which runs it on Tenstorrent boards, has no pipeline of {published.title}.",
            f"It has one of {runs}: --checkpoint takes it. Or choose another device, such as --device cpu.",
        )
    if machine.simulated:
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"On Tenstorrent boards {pipeline.title} is run by tt-metal, which needs real ones: these are simulated.",
            "Unset TTVIDEO_BOARD, or choose another device, such as --device cpu.",
        )
    system = machine.system
    if system is None:
        why = machine.problems[0]
        raise WorkerError(ErrorKind.NO_DEVICE, why.message, why.hint)
    arch, mesh = system.board.arch, table.mesh_for(pipeline, system)
    found = table.check(pipeline, tree.find(), arch, mesh)
    return pipeline, table.opening(pipeline, arch, mesh), found


def _asked(prompt: Prompt, params: Any) -> tuple[Drawing, Pixels | None]:
    drawing = Drawing(
        prompt=prompt.text,
        negative_prompt=prompt.negative,
        steps=params.steps,
        guidance=params.guidance,
        seed=params.seed,
        width=params.width,
        height=params.height,
        frames=getattr(params, "frames", 1),
        flow_shift=getattr(params, "flow_shift", None),
    )
    picture = getattr(params, "start_image", None)
    if picture is None:
        return drawing, None
    from ttvideo.media.frames import load_picture

    return drawing, load_picture(Path(picture), params.width, params.height, cover=True)


def _refuse(pipeline: table.Pipeline, params: Any) -> None:
    """Raises WorkerError: UNSUPPORTED, INVALID_PARAMETERS for what a pipeline of tt-metal's cannot do."""
    frames = getattr(params, "frames", None)
    if frames is None and params.start_image is not None:
        raise _beginning()
    table.remark(pipeline, params.width, params.height, frames or 1)
    for name, field in type(params).model_fields.items():
        if name not in TAKEN and differs(params, name):
            raise WorkerError(
                ErrorKind.UNSUPPORTED,
                f"tt-metal's pipelines, which run the model on Tenstorrent boards, do not know '{field.title}'.",
                f"Leave '{field.alias or name}' out, or choose another device, such as --device cpu.",
            )


def _beginning() -> WorkerError:
    return WorkerError(
        ErrorKind.UNSUPPORTED,
        "tt-metal's pipeline, which draws on Tenstorrent boards, does not begin with a picture.",
        "Leave the start image out, or choose another device, such as --device cpu.",
    )


def _frame(pixels: Pixels) -> Frame:
    import numpy as np

    frame: Frame = np.divide(pixels, np.float32(255), dtype=np.float32)
    return frame
