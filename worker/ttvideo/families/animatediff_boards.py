"""AnimateDiff's denoising and decoding on Tenstorrent boards; its text encoder stays on the host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch

from ttvideo.contract import Phase
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import boards
from ttvideo.families.animatediff_unet import between
from ttvideo.families.clips import prepared
from ttvideo.families.clips.parts import Parts
from ttvideo.families.clips.pipeline import ClipPipeline
from ttvideo.families.clips.plan import Plan
from ttvideo.families.clips.stepping import Kept
from ttvideo.families.family import NoteEvent, OnEvent, PhaseEvent, Run, StepEvent
from ttvideo.families.weights import checkpoints, headers
from ttvideo.families.weights.loading import quiet
from ttvideo.tt import detect, environment
from ttvideo.tt.nn import decoding
from ttvideo.tt.nn.config import UNetConfig
from ttvideo.tt.nn.division import Clip, Division, divide
from ttvideo.tt.nn.program import Asked
from ttvideo.tt.nn.schedules import Step, steps_of

if TYPE_CHECKING:
    from ttvideo.families.animatediff import Params
    from ttvideo.families.clips.fields import ClipParams
    from ttvideo.families.clips.model import ClipModel, Embeddings
    from ttvideo.families.family import Frame
    from ttvideo.families.weights.checkpoints import Published

PADDED = 96
"""Tokens of a text in the lessons' Phase 2, whose UNet takes whole tiles of 32: zeros follow CLIP's 77, unmasked."""


def load(model: ClipModel, published: Published, params: Params, on_event: OnEvent) -> AnimateDiffBoards:
    """With the mesh open that `params` want. Raises WorkerError: MODEL_MISSING, MODEL_BROKEN, DISK, NO_DEVICE, and what
    `boards.open_boards` raises.
    """
    environment.system(detect.look())  # before anything is prepared
    quiet()
    parts = Parts(model, published, "cpu")
    on_event(PhaseEvent(Phase.LOADING))
    # The UNet with motion modules as one file, which the engine reads.
    prepared.make(parts, on_event)
    pipeline = AnimateDiffBoards(parts, published, ())
    boards.open_boards(on_event, pipeline.division(params).mesh)
    return pipeline


@dataclass(frozen=True)
class Piece:
    """Frames that are denoised together: all of a clip, or one."""

    latents: torch.Tensor
    """Noise, or what a kept step left, [1, channels, frames, height, width]."""
    noises: tuple[torch.Tensor, ...]
    """Of the steps that add noise."""
    steps: Sequence[Step]


class AnimateDiffBoards(ClipPipeline):
    """Parts of the pipeline are on the host, but for the UNet, which only the engine reads.

    The VAE is on both: here it gives previews, and the frames that boards refuse to decode.
    """

    def _plan(self, params: ClipParams, *, reads: bool, on_event: OnEvent) -> Plan:
        # What is on the host is small; whether the UNet fits a board, ttnn says.
        return Plan(in_turn=False, tiled=params.memory == "low", streamed=frozenset(), stages={}, ram=0)

    def _denoise(
        self,
        texts: Sequence[Embeddings],
        run: Run,
        params: Any,
        generator: torch.Generator,
        on_event: OnEvent,
    ) -> torch.Tensor:
        self._load(("vae",), on_event)
        scheduler = self.model.scheduler(self.parts.get("scheduler"), params)
        scheduler.set_timesteps(params.steps)
        try:
            steps = steps_of(scheduler)
        except ValueError as error:
            raise WorkerError(
                ErrorKind.UNSUPPORTED,
                f"The boards' program has no such scheduler: {error}",
                "Choose one with --scheduler, or run the job on another device: --device cpu.",
            ) from error
        kept = Kept.restore(run.state, "cpu") if run.state else None
        done = kept.step if kept else 0
        total = len(steps) * (params.frames if params.frames_apart else 1)
        made = [kept.given[0]] if kept and params.frames_apart else []
        division = self.division(params)
        if division.chips > 1:
            on_event(NoteEvent(division.sentence))
        text = self._text([each["prompt_embeds"].cpu().float() for each in texts], params)
        begin = boards.beginning(Phase.DENOISING, total, on_event)

        def after_step(step: int, latents: torch.Tensor, clean: torch.Tensor) -> None:
            whole, number = torch.cat([*made, latents], 2), done + step
            # Outputs of earlier steps that the next one looks at are on the boards.
            resumable = step == len(steps) if params.frames_apart else not any(each.keep for each in steps)
            on_event(
                StepEvent(
                    number,
                    total,
                    preview=lambda: self._preview(SimpleNamespace(vae=self.parts.get("vae")), clean, params),
                    state=(lambda: Kept(number, (whole,), {}, generator.get_state()).dump()) if resumable else None,
                )
            )

        for piece in self._pieces(params, scheduler, steps, generator, kept):
            if not piece.steps:
                made.append(piece.latents)
                continue
            asked = self._asked(params, piece.steps, division)
            tensors = {"latents": piece.latents, "text": text}
            if piece.noises:
                tensors["noise"] = torch.stack(piece.noises)
            made.append(boards.denoise(tensors, asked, on_event, begin, after_step, division.mesh))
            done += len(piece.steps)
        return torch.cat(made, 2).to(self.parts.dtype)

    def _decode(
        self,
        latents: torch.Tensor,
        run: Run,
        params: Any,
        generator: torch.Generator,
        plan: Plan,
        on_event: OnEvent,
    ) -> Iterator[tuple[int, Frame]]:
        missing = [index for index in range(params.frames) if index not in run.have]
        latents = latents[:, :, missing]
        vae = self.parts.get("vae")

        def on_host(first: int) -> Iterator[torch.Tensor]:
            with self._cancellable([vae], on_event):
                for piece in self.pictures(latents[:, :, first:], params, generator, tiled=plan.tiled):
                    yield from piece.unbind(1)

        source, mesh = self._vae_files(), self.division(params).mesh
        made = boards.frames(self.model.to_vae(vae, latents)[0].movedim(1, 0), source, on_host, on_event, mesh)
        yield from zip(missing, made, strict=True)

    def _vae_files(self) -> decoding.Asked:
        """The weights of the VAE as they are read here."""
        vae = self.parts.folder_of("vae") / "vae"
        files = checkpoints.weight_files(vae) or ()
        return decoding.Asked(tuple(map(str, files)), json.loads((vae / "config.json").read_text()))

    def _text(self, prompts: list[torch.Tensor], params: Params) -> torch.Tensor:
        """[videos, tokens, width] as the program takes it: the negative prompt's first, with guidance."""
        from ttvideo.families.animatediff import travel

        negative = prompts.pop() if self.model.guided(params) else None
        later = [frame for frame, _ in travel(params)]
        text = between(prompts, [0, *later], params.frames) if later else prompts[0]
        whole = text if negative is None else torch.cat([negative.expand_as(text), text])
        return torch.nn.functional.pad(whole, (0, 0, 0, PADDED - whole.shape[1])) if params.frames_apart else whole

    def _pieces(
        self, params: Params, scheduler: Any, steps: Sequence[Step], generator: torch.Generator, kept: Kept | None
    ) -> Iterator[Piece]:
        """With diffusers' noise of the seed, so that a board makes the clip that a CPU makes."""
        vae = self.parts.get("vae")
        side = self.model.scale(vae)
        channels, height, width = vae.config.latent_channels, params.height // side, params.width // side

        def noise(frames: int) -> torch.Tensor:
            shape = 1, channels, frames, height, width
            return torch.randn(shape, generator=generator, dtype=self.parts.dtype).float()

        done, sigma = kept.step if kept else 0, float(scheduler.init_noise_sigma)
        if not params.frames_apart:
            latents = noise(params.frames) * sigma
            noises = [noise(params.frames) if step.noise else None for step in steps]
            yield Piece(
                kept.given[0] if kept else latents,
                tuple(each for each in noises[done:] if each is not None),
                steps[done:],
            )
            return
        base = noise(1)
        for frame in range(params.frames):
            # As the lesson has it: a little more than noise of variance 1.
            latents = (base + params.perturbation * noise(1)) * sigma
            noises = [noise(1) if step.noise else None for step in steps]
            if frame >= done // len(steps):
                yield Piece(latents, tuple(each for each in noises if each is not None), steps)

    def division(self, params: Params) -> Division:
        """Of a clip, or of each frame that is made by itself, among the chips of this machine.

        Raises WorkerError: UNSUPPORTED for a UNet that the program does not know, and what `environment.system` raises.
        """
        side = self.model.scale(self.parts.get("vae"))
        motion = params.motion and not params.frames_apart
        tensors = [tensor for file in self._files() for tensor in headers.tensors(file)]
        try:
            heads = UNetConfig.of(self._config()).common_heads
        except ValueError as error:
            raise WorkerError(
                ErrorKind.UNSUPPORTED, str(error), "Run the job on another device: --device cpu."
            ) from error
        clip = Clip(
            videos=1,
            frames=1 if params.frames_apart else params.frames,
            height=params.height // side,
            width=params.width // side,
            guided=self.model.guided(params),
            weights={each.name: each.shape for each in tensors if motion or "motion_modules." not in each.name},
            heads=heads,
        )
        return divide(environment.system(detect.look()), clip)

    def _files(self) -> Sequence[Path]:
        """The weights of the UNet with motion modules."""
        unet = prepared.folder(self.parts) / "unet"
        files = checkpoints.weight_files(unet)
        if files is None:
            raise WorkerError(
                ErrorKind.MODEL_BROKEN,
                f"The prepared UNet is missing from {unet}.",
                "Resume the job: it is prepared again.",
            )
        return files

    def _config(self) -> Mapping[str, Any]:
        config: dict[str, Any] = json.loads(self._files()[0].with_name("config.json").read_text())
        return config

    def _asked(self, params: Params, steps: Sequence[Step], division: Division) -> Asked:
        return Asked(
            weights=tuple(map(str, self._files())),
            configs=(self._config(),),
            steps=tuple(steps),
            guidance=params.guidance if self.model.guided(params) else None,
            dtype=params.board_weights,
            motion=params.motion and not params.frames_apart,
            parts=division.parts,
            tensor_axis=division.tensor_axis,
            shown=True,
        )
