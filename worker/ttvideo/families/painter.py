"""Draws pictures with a published model: prompts encoded once, several drawn at once, decoded one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import diffusers
import torch
import transformers
from pydantic import BaseModel

from ttvideo.contract import Phase
from ttvideo.families.family import OnEvent, PhaseEvent, Prompt, Run, Shot, StepEvent
from ttvideo.families.images import ImageModel, ImageParams
from ttvideo.families.preview import LinearDecoder
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.loading import load_part, load_settings

if TYPE_CHECKING:
    from ttvideo.families.family import Frame, Pixels

ENCODED_AT_ONCE = 64
"""Texts; of more than one storyboard has, so that a very long one needs no more memory than this many."""
MOST_AT_ONCE = 8
"""Pictures; more gain nothing even on a large GPU, and each is waited for as long as the batch takes."""
FREE_SHARE = 0.5
"""Of the free memory: the rest is for workspaces of convolutions, and for what the allocator cannot use in pieces."""


class Parts:
    """The parts of a model, loaded one by one from its folder into main memory."""

    def __init__(self, model: ImageModel, folder: Path, dtype: torch.dtype, device: str) -> None:
        self.model, self.folder, self.dtype, self.device = model, folder, dtype, device

    def vae(self) -> Any:
        return self._part(diffusers, "vae", "AutoencoderKL", torch.float32 if self.dtype == torch.float16 else None)

    def denoiser(self) -> Any:
        return self._part(diffusers, *self.model.denoiser)

    def encoder(self, name: str) -> Any:
        return self._part(transformers, name, self.model.encoders[name])

    def settings(self) -> dict[str, Any]:
        """Tokenizers and scheduler."""
        title = self.model.published.title
        scheduler = {"scheduler": getattr(diffusers, self.model.scheduler)}
        classes = {name: getattr(transformers, cls) for name, cls in self.model.tokenizers.items()} | scheduler
        return {name: load_settings(title, cls, self.folder / name) for name, cls in classes.items()}

    def _part(self, library: Any, name: str, cls: str, dtype: torch.dtype | None = None) -> Any:
        folder = self.folder / name
        variant = checkpoints.variant(folder)
        title = self.model.published.title
        return load_part(title, getattr(library, cls), folder, dtype or self.dtype, variant=variant)


class Painter:
    """An Illustrator of one loaded model.

    Its parts go to the device when they are needed there. With the text encoders freed a GPU has to hold either them,
    or the denoiser and the VAE, not both.
    """

    def __init__(self, parts: Parts, vae: Any, denoiser: Any, encoders: dict[str, Any]) -> None:
        self._parts, self.model = parts, parts.model
        self.pipe = getattr(diffusers, self.model.published.pipeline)(
            vae=vae, **{self.model.denoiser[0]: denoiser}, **encoders, **parts.settings(), **self.model.options
        )
        self.pipe.set_progress_bar_config(disable=True)
        # What its makers trained it to see when there is no negative prompt: no text, or an empty one.
        index = json.loads((parts.folder / "model_index.json").read_text())
        self._zeros_for_empty = bool(index.get("force_zeros_for_empty_prompt"))
        self._embeddings: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        self._linear_decoder: LinearDecoder | None = None

    def run(self, run: Run, on_event: OnEvent) -> Iterator[tuple[int, Frame]]:
        from ttvideo.media.frames import load_picture

        if 0 in run.have:
            return
        params, prompt = run.params, Prompt(run.prompt, run.negative_prompt)
        assert isinstance(params, ImageParams)
        start = None
        if params.start_image is not None:
            start = load_picture(Path(params.start_image), params.width, params.height, cover=True)
        self.encode([prompt], on_event)
        (frame,) = self.draw([Shot(prompt, params, start, params.strength)], on_event)
        yield 0, frame

    def encode(self, prompts: Sequence[Prompt], on_event: OnEvent, *, free: bool = False) -> None:
        """As of Illustrator. The very prompts of the last call are not encoded again."""
        texts = list(dict.fromkeys([prompt.text for prompt in prompts] + [prompt.negative for prompt in prompts]))
        if texts != list(self._embeddings):
            self._need_encoders(on_event)
            on_event(PhaseEvent(Phase.ENCODING, total=len(texts)))
            embeddings: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
            for first in range(0, len(texts), ENCODED_AT_ONCE):
                some = texts[first : first + ENCODED_AT_ONCE]
                embeddings |= dict(zip(some, self._encode(some), strict=True))
                on_event(StepEvent(first + len(some), len(texts)))
            self._embeddings = embeddings
        if free:
            for name in self.model.encoders:
                setattr(self.pipe, name, None)
            if self._parts.device == "cuda":
                torch.cuda.empty_cache()

    def largest_batch(self, params: BaseModel) -> int:
        """Of a GPU as many as there is memory for, at most 8. Of a CPU 1.

        There 4 at once of the real SDXL take as long as one by one (x1.01, `bench/batching.py --real-width`), and a
        cancel, which comes between two steps, would be waited for 4 times as long.
        """
        assert isinstance(params, ImageParams)
        if self._parts.device != "cuda":
            return 1
        unused = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        parts = [part for part in self.pipe.components.values() if isinstance(part, torch.nn.Module)]
        coming = sum(weight.nbytes for part in parts for weight in part.parameters() if weight.device.type != "cuda")
        free = (torch.cuda.mem_get_info()[0] + unused - coming) * FREE_SHARE
        return max(1, min(MOST_AT_ONCE, int(free / (self.model.bytes_per_pixel * params.width * params.height))))

    def draw(self, shots: Sequence[Shot], on_event: OnEvent) -> list[Frame]:
        self.pipe.vae.to(self._parts.device)
        getattr(self.pipe, self.model.denoiser[0]).to(self._parts.device)
        with torch.inference_mode():
            latents = self._denoise(shots, on_event)
            on_event(PhaseEvent(Phase.DECODING, total=len(shots)))
            frames = []
            for number, latent in enumerate(latents, start=1):
                frames.append(self._decode(latent[None]))
                on_event(StepEvent(number, len(shots)))
        return frames

    def _need_encoders(self, on_event: OnEvent) -> None:
        lacking = [name for name in self.model.encoders if getattr(self.pipe, name) is None]
        if lacking:
            on_event(PhaseEvent(Phase.LOADING, total=len(lacking)))
        for step, name in enumerate(lacking, start=1):
            setattr(self.pipe, name, self._parts.encoder(name))
            on_event(StepEvent(step, len(lacking)))
        for name in self.model.encoders:
            getattr(self.pipe, name).to(self._parts.device)

    def _encode(self, texts: list[str]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Of each text its tokens' embeddings [tokens, channels] and that of the whole [channels], in main memory."""
        with torch.inference_mode():
            tokens, _, whole, _ = self.pipe.encode_prompt(
                prompt=texts, do_classifier_free_guidance=False, device=self._parts.device, **self.model.encoding
            )
        return list(zip(tokens.cpu(), whole.cpu(), strict=True))

    def _negative(self, prompt: Prompt) -> tuple[torch.Tensor, torch.Tensor]:
        tokens, whole = self._embeddings[prompt.negative]
        if self._zeros_for_empty and not prompt.negative:
            return torch.zeros_like(tokens), torch.zeros_like(whole)
        return tokens, whole

    def _denoise(self, shots: Sequence[Shot], on_event: OnEvent) -> torch.Tensor:
        """Latents [shots, channels, height / 8, width / 8]."""
        params, device = _params(shots[0]), self._parts.device
        tokens, whole = zip(*(self._embeddings[shot.prompt.text] for shot in shots), strict=True)
        arguments = {"prompt_embeds": torch.stack(tokens), "pooled_prompt_embeds": torch.stack(whole)}
        if params.guidance > 1:
            tokens, whole = zip(*(self._negative(shot.prompt) for shot in shots), strict=True)
            arguments["negative_prompt_embeds"] = torch.stack(tokens)
            arguments["negative_pooled_prompt_embeds"] = torch.stack(whole)
        # Of the CPU whatever the device, so that a seed draws the same noise everywhere.
        generators = [torch.Generator().manual_seed(_params(shot).seed) for shot in shots]
        pipe, steps = self.pipe, params.steps
        begin: dict[str, Any] = {}
        if shots[0].start is not None:
            steps = max(1, round(params.steps * shots[0].strength))
            pipe = self._pipe_from_picture()
            # The pipelines cut steps * strength to a whole number, each in its way; a fraction leaves nothing to cut.
            begin = {"image": self._begin(shots, generators), "strength": Fraction(steps, params.steps)}
        if shots[0].start is None or self.model.from_picture_is_sized:
            begin |= {"width": params.width, "height": params.height}
        on_event(PhaseEvent(Phase.DENOISING, total=steps))
        output = pipe(
            **{name: tensor.to(device) for name, tensor in arguments.items()},
            **begin,
            num_inference_steps=params.steps,
            guidance_scale=params.guidance,
            generator=generators,
            output_type="latent",
            callback_on_step_end=_Steps(self, steps, on_event),
        )
        latents: torch.Tensor = output.images
        return latents

    def _pipe_from_picture(self) -> Any:
        """The same parts, held only as long as a call takes: what is freed here must be free everywhere."""
        # `from_pipe` would turn all parts into float32.
        pipe = getattr(diffusers, self.model.from_picture)(**self.pipe.components, **self.model.options)
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def _begin(self, shots: Sequence[Shot], generators: list[torch.Generator]) -> torch.Tensor:
        """Latents of the start pictures, without noise, encoded one by one."""
        vae = self.pipe.vae
        latents = []
        for shot, generator in zip(shots, generators, strict=True):
            assert shot.start is not None
            pixels = torch.tensor(shot.start, device=self._parts.device).permute(2, 0, 1)[None] / 127.5 - 1
            latent = vae.encode(pixels.to(vae.dtype)).latent_dist.sample(generator)
            latents.append((latent - (vae.config.shift_factor or 0)) * vae.config.scaling_factor)
        return torch.cat(latents).to(self._parts.dtype)

    def _decode(self, latent: torch.Tensor) -> Frame:
        vae = self.pipe.vae
        raw = vae.decode((latent / vae.config.scaling_factor + (vae.config.shift_factor or 0)).to(vae.dtype)).sample
        frame: Frame = raw[0].float().add(1).div(2).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
        return frame

    def preview(self, latents: torch.Tensor) -> Pixels:
        """uint8 [n, height / 8, width / 8, 3] of clean latents."""
        with torch.inference_mode():
            if self._linear_decoder is None:
                vae = self.pipe.vae
                scale = 2 ** (len(vae.config.block_out_channels) - 1)
                self._linear_decoder = LinearDecoder.fit(self._linearly, scale, vae.device, vae.dtype)
            return self._linear_decoder(latents)

    def _linearly(self, picture: torch.Tensor) -> torch.Tensor:
        config = self.pipe.vae.config
        latents = self.pipe.vae.encode(picture).latent_dist.mode()
        scaled: torch.Tensor = (latents - (config.shift_factor or 0)) * config.scaling_factor
        return scaled


class _Steps:
    """A pipeline's callback after each step."""

    def __init__(self, painter: Painter, total: int, on_event: OnEvent) -> None:
        self._painter, self._total, self._on_event = painter, total, on_event
        self._last: torch.Tensor | None = None

    def __call__(self, pipe: Any, index: int, timestep: Any, tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
        latents, last = tensors["latents"], self._last
        self._last = latents
        scheduler = pipe.scheduler
        before, now = scheduler.sigmas[scheduler.step_index - 1 : scheduler.step_index + 1]

        def preview() -> Pixels:
            assert last is not None
            # An Euler step is a straight line from noise to the clean latents, so two of its points give its end.
            return self._painter.preview(latents.float() - now * (latents.float() - last.float()) / (now - before))

        self._on_event(StepEvent(index + 1, self._total, preview=None if last is None else preview))
        return {}


def _params(shot: Shot) -> ImageParams:
    assert isinstance(shot.params, ImageParams)
    return shot.params
