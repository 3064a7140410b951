"""The engine's program that denoises clips of AnimateDiff, from the first step to the last on the boards."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt.nn.room import with_room
from ttvideo.tt.nn.schedules import Pair, Step

if TYPE_CHECKING:
    import torch

    from ttvideo.tt.engine.session import Session
    from ttvideo.tt.nn.sampler import Denoised, Sampler

log = logging.getLogger("ttvideo.tt.nn")
UNET, DECODER = "animatediff", "decoder"
"""What programs of this package keep on the mesh, by its name in `Session.kept`."""


@dataclass(frozen=True)
class Asked:
    """What is asked of the program, besides tensors; all of it goes through JSON."""

    weights: tuple[str, ...]
    """safetensors files that are a UNetMotionModel's weights together."""
    configs: tuple[Mapping[str, Any], ...]
    """The config.json of a UNetMotionModel, or those of a UNet2DConditionModel and a MotionAdapter."""
    steps: tuple[Step, ...]
    guidance: float | None
    """None: no negative prompt is read."""
    dtype: str = "bfloat16"
    """Of the weights; or bfloat8_b, half as large."""
    held: tuple[Pair, ...] = ()
    """For each step, how much of `held` and of `held_noise` the first frame is after it."""
    motion: bool = True
    """Whether motion modules that are among the weights are used; without them the frames do not see each other."""
    parts: tuple[int, int] = (1, 1)
    """How the pictures are divided among the rows and columns of the mesh, as `Tokens` has it."""
    tensor_axis: int | None = None
    """Along which chips share heads, as `Tokens` has it."""
    shown: bool = False
    """Whether each step brings its latents to the host."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> Asked:
        steps = tuple(
            Step(**{**step, "outputs": tuple(step["outputs"]), "clean": tuple(step["clean"])})
            for step in arguments["steps"]
        )
        held = tuple((clean, noise) for clean, noise in arguments["held"])
        rows, columns = arguments["parts"]
        return cls(**{**arguments, "steps": steps, "held": held, "parts": (rows, columns)})


def run(session: Session, tensors: dict[str, torch.Tensor], arguments: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Gives `latents`, float32 [videos, channels, frames, height, width].

    `tensors`: `latents` of that shape, as noise or on the way; `text` [videos, tokens, width], for all frames alike,
    those of the negative prompts before them when there is guidance; for schedulers that add noise `noise` [steps that
    do, *latents' shape]; for a given first frame `held` and `held_noise` [videos, channels, 1, height, width]. With
    `shown`, each step has its `latents`, and `clean`, what the model took for the latents without noise.
    """
    # Two programs' weights may not fit; without the decoder's, a clip needs what preflight says. They are back in a
    # second or two.
    session.kept.pop(DECODER, None)
    asked = Asked.of(arguments)
    return {"latents": with_room(session, lambda: _denoised(session, tensors, asked))}


def _denoised(session: Session, tensors: dict[str, torch.Tensor], asked: Asked) -> torch.Tensor:
    import ttnn

    latents, text = tensors["latents"], tensors["text"]
    sampler = _sampler(session, asked, tuple(latents.shape), text.shape[1])
    about = f"animatediff {asked.configs} {asked.motion} {asked.dtype} {sampler.unet.tokens}"
    session.warm_up(about, sampler.warm_up)
    total = len(asked.steps)
    session.phase("denoising", total)
    for number, state in enumerate(_states(sampler, asked, tensors), start=1):
        # The host is far ahead: what it says is done is done, and a cancel is heeded soon.
        ttnn.synchronize_device(session.mesh)
        session.step(number, total, {"latents": state.latents(), "clean": state.clean()} if asked.shown else None)
    made: torch.Tensor = state.latents()
    return made


def _states(sampler: Sampler, asked: Asked, tensors: dict[str, torch.Tensor]) -> Iterator[Denoised]:
    from ttvideo.tt.nn.recording import NotRecorded
    from ttvideo.tt.nn.sampler import Held

    held = Held(tensors["held"], tensors["held_noise"], asked.held) if asked.held else None
    given = asked.steps, tensors["text"], tensors["latents"], tensors.get("noise", ()), held
    try:
        yield from sampler.run(*given, recorded=_records())
    except NotRecorded:
        log.warning("the steps are not recorded: the host starts each operation of each of them", exc_info=True)
        yield from sampler.run(*given)


def _records() -> bool:
    """ttnn crashes when it records on a mock board, and torch in its place would keep all that a step makes."""
    return not os.environ.get("TTVIDEO_BOARD") and os.environ.get("TTVIDEO_TRACE", "1") != "0"


def _sampler(session: Session, asked: Asked, shape: tuple[int, ...], text_length: int) -> Sampler:
    """With the UNet on the mesh: the one that is there if it is the same; else that goes, for two may not fit."""
    import ttnn

    from animatediff_ttnn.layers.parameters import Parameters
    from animatediff_ttnn.layers.tokens import Tokens
    from ttvideo.tt.nn.checkpoint import Files, prepared_folder
    from ttvideo.tt.nn.config import UNetConfig
    from ttvideo.tt.nn.sampler import Sampler
    from ttvideo.tt.nn.unet import UNet

    videos, _, frames, height, width = shape
    halves = 1 if asked.guidance is None else 2
    tokens = Tokens(videos * halves, frames, height, width, asked.parts, asked.tensor_axis)
    files = [Path(file) for file in asked.weights]
    folder = prepared_folder(files, asked.dtype, session.mesh)
    key = (folder, tokens, text_length, asked.motion, str(asked.configs))
    kept = session.kept.get(UNET)
    if kept is None or kept[0] != key:
        session.kept.pop(UNET, None)
        del kept
        session.phase("loading")
        parameters = Parameters(Files(files, motion=asked.motion), session.mesh, getattr(ttnn, asked.dtype), folder)
        try:
            kept = key, UNet(parameters, UNetConfig.of(*asked.configs), tokens, text_length)
        except ValueError as error:
            raise WorkerError(
                ErrorKind.UNSUPPORTED, str(error), "Choose another device for it, such as --device cpu."
            ) from error
        session.kept[UNET] = kept
    return Sampler(kept[1], asked.guidance)
