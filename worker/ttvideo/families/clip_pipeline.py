"""Runs a published text-to-video model through diffusers' own pipeline: part after part, step after step."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ttvideo.backends import cpu_has_bfloat16
from ttvideo.contract import Phase
from ttvideo.families import checkpoints, loras, memory
from ttvideo.families.checkpoints import Published
from ttvideo.families.clips import ClipModel, ClipParams
from ttvideo.families.embeddings import KeptEmbeddings
from ttvideo.families.family import NoteEvent, OnEvent, PhaseEvent, Run, StepEvent, WithinEvent
from ttvideo.families.loading import class_of, quiet
from ttvideo.families.preview import LinearDecoder
from ttvideo.families.stepping import Kept, Stepping

if TYPE_CHECKING:
    from ttvideo.families.family import Frame, Pixels


class Parts:
    """The parts of a checkpoint, each loaded when it is first needed, and forgotten when that is asked for."""

    def __init__(self, model: ClipModel, published: Published, device: str) -> None:
        """Raises WorkerError: MODEL_MISSING, MODEL_BROKEN."""
        self.model, self.device = model, device
        self.folder = checkpoints.find(published)
        self.revision = checkpoints.revision(published)
        index = self.index = checkpoints.index(published)
        """The checkpoint's model_index.json."""
        self.names = tuple(name for name in model.classes if isinstance(index.get(name), list) and index[name][1])
        self.dtype = torch.bfloat16 if device == "cuda" or cpu_has_bfloat16() else torch.float32
        self._loaded: dict[str, Any] = {}

    def dtype_of(self, name: str) -> torch.dtype:
        return torch.float32 if name in self.model.float32 else self.dtype

    def get(self, name: str) -> Any:
        if name not in self._loaded:
            part = self.model.load_part(self.folder, name, self.dtype_of(name))
            self._loaded[name] = part.to(self.device) if isinstance(part, torch.nn.Module) else part
        return self._loaded[name]

    def has(self, name: str) -> bool:
        return name in self._loaded

    def free(self, name: str) -> None:
        self._loaded.pop(name, None)


def load_clip_pipeline(
    model: ClipModel, published: Published, device: str, params: ClipParams, on_event: OnEvent
) -> ClipPipeline:
    quiet()
    parts = Parts(model, published, device)
    return ClipPipeline(parts, published, loras.parse(params.loras))


class ClipPipeline:
    """A Pipeline of one checkpoint."""

    def __init__(self, parts: Parts, published: Published, adapters: tuple[loras.Lora, ...]) -> None:
        self.parts, self.model, self._published, self._adapters = parts, parts.model, published, adapters
        self._linear_decoder: LinearDecoder | None = None

    def run(self, run: Run, on_event: OnEvent) -> Iterator[tuple[int, Frame]]:
        params = run.params
        assert isinstance(params, ClipParams)
        plan = memory.plan(self.parts, params)
        on_event(NoteEvent(plan.sentence))
        generator = torch.Generator().manual_seed(params.seed)
        with torch.inference_mode():
            embeddings = self._encode(run, params, plan, on_event)
            latents = self._denoise(run, params, embeddings, generator, on_event)
            if plan.in_turn:
                self._free(self.model.denoisers)
            yield from self._decode(run, latents, params, generator, plan, on_event)

    def _encode(self, run: Run, params: ClipParams, plan: memory.Plan, on_event: OnEvent) -> dict[str, torch.Tensor]:
        """The pipeline's arguments for prompt and negative prompt."""
        texts = [run.prompt, *([run.negative_prompt] if self.model.guided(params) else [])]
        kept = KeptEmbeddings(f"{self.parts.revision}|{self.model.id}|{self.parts.dtype}|{self.parts.device}")
        found = {text: kept.get(text) for text in texts}
        missing = [text for text, embeddings in found.items() if embeddings is None]
        if missing:
            self._load(self.model.encoders, on_event)
            on_event(PhaseEvent(Phase.ENCODING, total=len(missing)))
            pipe = self._pipeline(params, encoding=True)
            for number, text in enumerate(missing, start=1):
                with self._cancellable([self.parts.get(name) for name in self.model.encoders], on_event):
                    found[text] = dict(self.model.encode(pipe, text))
                kept.put(text, found[text] or {})
                on_event(StepEvent(number, len(missing)))
            if plan.in_turn:
                self._free(self.model.encoders)
        arguments: dict[str, torch.Tensor] = {}
        for text, prefix in zip(texts, ("", "negative_"), strict=False):
            embeddings = found[text]
            assert embeddings is not None
            arguments |= {prefix + name: tensor.to(self.parts.device) for name, tensor in embeddings.items()}
        return arguments

    def _load(self, names: tuple[str, ...], on_event: OnEvent) -> None:
        lacking = [name for name in names if name in self.parts.names and not self.parts.has(name)]
        if lacking:
            on_event(PhaseEvent(Phase.LOADING, total=len(lacking)))
        for step, name in enumerate(lacking, start=1):
            self.parts.get(name)
            on_event(StepEvent(step, len(lacking)))

    def _free(self, names: tuple[str, ...]) -> None:
        for name in names:
            self.parts.free(name)
        if self.parts.device == "cuda":
            torch.cuda.empty_cache()

    def _pipeline(self, params: ClipParams, *, encoding: bool = False) -> Any:
        """diffusers' pipeline of the parts that are needed: the encoders, or all others."""
        name = self._published.pipeline
        if not encoding and getattr(params, "start_image", None) is not None:
            name = self.model.from_picture(self._published) or name
        cls = class_of(f"diffusers.{name}")
        left_out = {*self.model.denoisers, "vae"} if encoding else set(self.model.encoders)
        given: dict[str, Any] = {}
        for each in list(inspect.signature(cls.__init__).parameters)[1:]:
            if each in self.parts.names and each not in left_out:
                given[each] = self.parts.get(each)
            elif not isinstance(setting := self.parts.index.get(each), list) and setting is not None:
                given[each] = setting
            elif each in self.model.classes:
                given[each] = None
        pipe = cls(**given)
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def _denoise(
        self,
        run: Run,
        params: ClipParams,
        embeddings: dict[str, torch.Tensor],
        generator: torch.Generator,
        on_event: OnEvent,
    ) -> torch.Tensor:
        """Latents [1, c, f, h, w] as the pipeline has them."""
        self._load((*self.model.denoisers, "vae"), on_event)
        pipe = self._pipeline(params)
        pipe.scheduler = self.model.scheduler(pipe.scheduler, params)
        loras.apply(pipe, self.model.title, self._adapters)
        denoisers = [getattr(pipe, name) for name in self.model.denoisers if getattr(pipe, name, None) is not None]
        kept = Kept.restore(run.state, self.parts.device) if run.state else None
        stepping = Stepping(
            pipe,
            denoisers,
            self.model.blocks,
            self.model.forwards(params),
            generator,
            on_event,
            lambda clean: self._preview(pipe, clean, params),
            kept,
        )
        with stepping:
            output = pipe(
                **embeddings,
                **self.model.arguments(params),
                **self._start(params),
                width=params.width,
                height=params.height,
                num_frames=params.frames,
                num_inference_steps=params.steps,
                guidance_scale=params.guidance,
                generator=generator,
                output_type="latent",
            )
        return self.model.unpack(pipe, output.frames, params)

    def _start(self, params: ClipParams) -> dict[str, Any]:
        picture = getattr(params, "start_image", None)
        if picture is None:
            return {}
        from PIL import Image

        from ttvideo.media.frames import load_picture

        return {"image": Image.fromarray(load_picture(Path(picture), params.width, params.height, cover=True))}

    def _decode(
        self,
        run: Run,
        latents: torch.Tensor,
        params: ClipParams,
        generator: torch.Generator,
        plan: memory.Plan,
        on_event: OnEvent,
    ) -> Iterator[tuple[int, Frame]]:
        on_event(PhaseEvent(Phase.DECODING, total=params.frames))
        vae = self.parts.get("vae")
        (vae.enable_tiling if plan.tiled else vae.disable_tiling)()
        index = 0
        with self._cancellable([vae], on_event):
            for piece in self.model.decode(vae, self.model.to_vae(vae, latents), params, generator):
                for picture in piece.unbind(1):
                    if index not in run.have:
                        yield index, _frame(picture)
                    index += 1
                on_event(StepEvent(index, params.frames))

    @contextmanager
    def _cancellable(self, parts: list[Any], on_event: OnEvent) -> Iterator[None]:
        """Every layer of these parts asks whether to go on."""
        hooks = [
            layer.register_forward_pre_hook(lambda *_: on_event(WithinEvent(0.0)))
            for part in parts
            for layer in part.modules()
            if not any(True for _ in layer.children())
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _preview(self, pipe: Any, clean: torch.Tensor, params: ClipParams) -> Pixels:
        """uint8 [f, h, w, 3] of what the scheduler works on, without noise."""
        with torch.inference_mode():
            latents = self.model.to_vae(pipe.vae, self.model.unpack(pipe, clean, params))
            if self._linear_decoder is None:
                vae, picture = pipe.vae, partial(self.model.encode_picture, pipe.vae)
                self._linear_decoder = LinearDecoder.fit(picture, self.model.scale(vae), vae.device, vae.dtype)
            return self._linear_decoder(latents[0].movedim(1, 0))


def _frame(picture: torch.Tensor) -> Frame:
    frame: Frame = picture.float().add(1).div(2).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return frame
