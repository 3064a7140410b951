"""Runs the bundled model: clips through `run`, single pictures, each a clip of one frame, through `draw`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import BaseModel

from ttvideo.contract import Phase
from ttvideo.families.animatediff_unet import still
from ttvideo.families.continuing import ContinuingDDIM, dump, restore
from ttvideo.families.family import OnEvent, PhaseEvent, Prompt, Run, Shot, StepEvent
from ttvideo.families.tiny import Params

if TYPE_CHECKING:
    from ttvideo.families.family import Frame, Pixels

DECODE_FRAMES = 4
"""Frames of a clip decoded at once; fixed, because the last bits of a frame depend on what it is decoded with."""
MOST_AT_ONCE = 8


class TinyPipeline:
    """An Illustrator."""

    def __init__(
        self,
        pipe: Any,
        load_encoder: Callable[[], Any],
        preview_decode: torch.Tensor,
        preview_mean: torch.Tensor,
        *,
        boards: bool,
    ) -> None:
        """`boards`: Tenstorrent boards denoise and decode, and the pipe has no UNet."""
        self.pipe, self._load_encoder, self._boards = pipe, load_encoder, boards
        self._preview_decode, self._preview_mean = preview_decode, preview_mean
        self._embeddings: dict[str, torch.Tensor] = {}

    def run(self, run: Run, on_event: OnEvent) -> Iterator[tuple[int, Frame]]:
        params = run.params
        assert isinstance(params, Params)
        places = _places(params)
        with torch.inference_mode():
            latents = self._denoise_clip(run, params.model_copy(update={"frames": len(places)}), on_event)
        if self._boards:
            missing = [made for made, shown in enumerate(places) if not run.have.issuperset(shown)]
            frames = self._decode_on_boards(latents[0, :, missing].movedim(1, 0), on_event)
            yield from ((place, frame) for made, frame in zip(missing, frames, strict=True) for place in places[made])
            return
        on_event(PhaseEvent(Phase.DECODING, total=len(places)))
        for first in range(0, len(places), DECODE_FRAMES):
            shown = places[first : first + DECODE_FRAMES]
            if not run.have.issuperset(chain.from_iterable(shown)):
                decoded = self._decode(latents[:, :, first : first + DECODE_FRAMES])
                yield from ((place, frame) for each, frame in zip(shown, decoded, strict=True) for place in each)
            on_event(StepEvent(first + len(shown), len(places)))

    def encode(self, prompts: Sequence[Prompt], on_event: OnEvent, *, free: bool = False) -> None:
        texts = list(dict.fromkeys([prompt.text for prompt in prompts] + [prompt.negative for prompt in prompts]))
        if texts != list(self._embeddings):
            self._need_encoder()
            on_event(PhaseEvent(Phase.ENCODING))
            with torch.inference_mode():
                embeddings, _ = self.pipe.encode_prompt(texts, self.pipe.device, 1, False)
            self._embeddings = dict(zip(texts, embeddings, strict=True))
        if free:
            self.pipe.text_encoder = None

    def largest_batch(self, params: BaseModel) -> int:
        """8, whatever the memory: a picture takes a few megabytes. They gain x1.9 on a core (`bench/batching.py`)."""
        return MOST_AT_ONCE

    def draw(self, shots: Sequence[Shot], on_event: OnEvent) -> list[Frame]:
        first = _params(shots[0])
        # A batch of clips with one frame each: the motion modules see no other picture.
        params = first.model_copy(update={"frames": 1})
        generators = [torch.Generator().manual_seed(_params(shot).seed) for shot in shots]
        pictures = [shot.start for shot in shots if shot.start is not None]
        steps = max(1, round(params.steps * shots[0].strength)) if pictures else params.steps
        scheduler = self._new_scheduler(params.steps - steps)
        prompt = torch.stack([self._embeddings[shot.prompt.text] for shot in shots])
        negative = torch.stack([self._embeddings[shot.prompt.negative] for shot in shots])
        with torch.inference_mode():
            begin = self._begin(pictures, generators, params, scheduler) if pictures else None

            def after_step(step: int, latents: torch.Tensor) -> None:
                predicted = scheduler.predicted[:, :, 0]
                on_event(StepEvent(step, steps, preview=lambda: self._preview(predicted)))

            def denoising() -> None:
                on_event(PhaseEvent(Phase.DENOISING, total=steps))

            latents = self._denoise(prompt, negative, params, generators, begin, on_event, denoising, after_step)
            if self._boards:
                return list(self._decode_on_boards(latents[:, :, 0], on_event))
            on_event(PhaseEvent(Phase.DECODING, total=len(shots)))
            frames = []
            for number, latent in enumerate(latents, start=1):
                frames += self._decode(latent[None])
                on_event(StepEvent(number, len(shots)))
        return frames

    def _need_encoder(self) -> None:
        if self.pipe.text_encoder is None:
            self.pipe.text_encoder = self._load_encoder()

    def _new_scheduler(self, left_out: int) -> ContinuingDDIM:
        scheduler: ContinuingDDIM = ContinuingDDIM.from_config(self.pipe.scheduler.config)
        self.pipe.scheduler, scheduler.skip = scheduler, left_out
        return scheduler

    def _decode(self, latents: torch.Tensor) -> list[Frame]:
        """Frames of latents [1, channels, frames, height / 16, width / 16], all at once."""
        with torch.inference_mode():
            frames = self.pipe.decode_latents(latents, latents.shape[2])
        return list(self.pipe.video_processor.postprocess_video(frames, output_type="np")[0])

    def _decode_on_boards(self, latents: torch.Tensor, on_event: OnEvent) -> Iterator[Frame]:
        """Frames of latents [frames, channels, height / 16, width / 16], one after the other."""
        from ttvideo.families import tiny_boards

        def on_host(first: int) -> Iterator[torch.Tensor]:
            for some in latents[first:].split(DECODE_FRAMES):
                with torch.inference_mode():
                    decoded = self.pipe.decode_latents(some.movedim(0, 1)[None], len(some))[0]
                yield from decoded.movedim(1, 0)

        return tiny_boards.frames(self.pipe, latents, on_host, on_event)

    def _denoise_clip(self, run: Run, params: Params, on_event: OnEvent) -> torch.Tensor:
        """Latents [1, channels, frames, height / 16, width / 16]."""
        from ttvideo.media.frames import load_picture

        kept = restore(run.state) if run.state else None
        left_out = 0 if params.start_image is None else params.steps - max(1, round(params.steps * params.strength))
        total = params.steps - left_out
        if kept is not None and kept.step == total:
            return kept.latents.to(self.pipe.device)
        self._need_encoder()
        on_event(PhaseEvent(Phase.ENCODING))
        guided = params.guidance > 1
        prompt, negative = self.pipe.encode_prompt(
            run.prompt, self.pipe.device, 1, guided, run.negative_prompt or "" if guided else None
        )
        done = kept.step if kept else 0
        scheduler = self._new_scheduler(left_out)
        latents = None
        if params.start_image is not None:
            picture = load_picture(Path(params.start_image), params.width, params.height, cover=True)
            latents = self._begin([picture], [torch.Generator().manual_seed(params.seed)], params, scheduler)
        scheduler.skip = left_out + done

        def denoising() -> None:
            on_event(PhaseEvent(Phase.DENOISING, total=total))

        def after_step(step: int, latents: torch.Tensor) -> None:
            # Every other frame is enough to see what becomes of it.
            predicted = scheduler.predicted[0].movedim(1, 0)[::2]
            on_event(
                StepEvent(
                    done + step,
                    total,
                    preview=lambda: self._preview(predicted),
                    state=lambda: dump(done + step, latents),
                )
            )

        generators = [torch.Generator().manual_seed(params.seed)]
        begin = kept.latents.to(self.pipe.device) if kept else latents
        return self._denoise(prompt, negative, params, generators, begin, on_event, denoising, after_step)

    def _denoise(
        self,
        prompt: torch.Tensor,
        negative: torch.Tensor | None,
        params: Params,
        generators: list[torch.Generator],
        latents: torch.Tensor | None,
        on_event: OnEvent,
        begin: Callable[[], None],
        after_step: Callable[[int, torch.Tensor], None],
    ) -> torch.Tensor:
        """Latents [prompts, channels, frames, height / 16, width / 16] of prompts [prompts, tokens, channels].

        `begin` is called when the first step begins, `after_step` with how many are done and their latents.
        """
        if self._boards:
            from ttvideo.families import tiny_boards

            text = prompt if negative is None or params.guidance <= 1 else torch.cat([negative, prompt])
            return tiny_boards.denoise(self.pipe, text, params, generators, latents, on_event, begin, after_step)

        def callback(pipe: Any, index: int, timestep: int, tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
            after_step(index + 1, tensors["latents"])
            return {}

        begin()
        with nullcontext() if params.motion else still(self.pipe.unet):
            output = self.pipe(
                prompt_embeds=prompt,
                negative_prompt_embeds=negative if params.guidance > 1 else None,
                num_frames=params.frames,
                width=params.width,
                height=params.height,
                num_inference_steps=params.steps,
                guidance_scale=params.guidance,
                generator=generators,
                latents=latents,
                output_type="latent",
                callback_on_step_end=callback,
            )
        denoised: torch.Tensor = output.frames
        return denoised

    def _begin(
        self, pictures: list[Pixels], generators: list[torch.Generator], params: Params, scheduler: ContinuingDDIM
    ) -> torch.Tensor:
        """Noised latents of a start picture for each clip, like those of `_denoise`; it fades to the last frame.

        Noise over the same picture in every frame makes a clip that stands still. So the picture is given in full to
        the first frame only, which is held to it while the model makes the others move on from there.
        """
        device, vae = self.pipe.device, self.pipe.vae
        clean, noise = [], []
        for pixels, generator in zip(pictures, generators, strict=True):
            image = torch.from_numpy(pixels.copy()).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
            clean.append(vae.encode(image).latent_dist.mode()[:, :, None] * vae.config.scaling_factor)
            shape = (*clean[0].shape[:2], params.frames, *clean[0].shape[3:])
            noise.append(torch.randn(shape, generator=generator).to(device))
        pure, noises = torch.cat(clean), torch.cat(noise)
        if params.frames > 1:
            scheduler.first = pure, noises[:, :, :1]
        scheduler.set_timesteps(params.steps)
        # What is missing of the picture must be hidden by noise: of little noise the model makes no picture again.
        fade = (1 - float(scheduler.alphas_cumprod[scheduler.timesteps[0]])) ** 2
        presence = torch.linspace(1, 1 - fade, params.frames, device=device).view(1, 1, -1, 1, 1)
        latents: torch.Tensor = scheduler.add_noise(pure * presence, noises, scheduler.timesteps[:1])
        return latents

    def _preview(self, latents: torch.Tensor) -> Pixels:
        """The linear part of the decoder: uint8 [n, 64, 64, 3] of latents [n, channels, height / 16, width / 16]."""
        patches = latents.permute(0, 2, 3, 1).float().cpu() @ self._preview_decode.T + self._preview_mean
        n, rows, columns, _ = patches.shape
        grid = patches.view(n, rows, columns, 8, 8, 3).permute(0, 1, 3, 2, 4, 5).reshape(n, rows * 8, columns * 8, 3)
        pixels: Pixels = grid.clamp(-1, 1).add(1).mul(127.5).byte().numpy()
        return pixels


def _places(params: Params) -> list[list[int]]:
    """For each frame that is made, where the clip shows it: a loop shows all but its ends on the way back, too."""
    if not params.loop:
        return [[frame] for frame in range(params.frames)]
    there = params.frames // 2 + 1
    return [sorted({frame, (params.frames - frame) % params.frames}) for frame in range(min(there, params.frames))]


def _params(shot: Shot) -> Params:
    assert isinstance(shot.params, Params)
    return shot.params
