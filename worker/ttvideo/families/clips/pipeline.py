"""Runs a published text-to-video model through diffusers' own pipeline: part after part, step after step."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ttvideo.contract import Phase
from ttvideo.families.clips import compiling, memory, prepared, quantization
from ttvideo.families.clips.embeddings import KeptEmbeddings
from ttvideo.families.clips.fields import ClipParams
from ttvideo.families.clips.model import ClipModel
from ttvideo.families.clips.parts import EmptyParts, Parts
from ttvideo.families.clips.plan import Plan
from ttvideo.families.clips.stepping import Kept, Stepping
from ttvideo.families.family import NoteEvent, OnEvent, PhaseEvent, Run, StepEvent, WithinEvent
from ttvideo.families.preview import LinearDecoder
from ttvideo.families.weights import loras
from ttvideo.families.weights.checkpoints import Published
from ttvideo.families.weights.loading import class_of, quiet

if TYPE_CHECKING:
    from ttvideo.families.clips.dry_run import Working
    from ttvideo.families.clips.model import Embeddings
    from ttvideo.families.family import Frame, Pixels


def load_clip_pipeline(
    model: ClipModel, published: Published, device: str, params: ClipParams, on_event: OnEvent
) -> ClipPipeline:
    """Raises WorkerError: MODEL_MISSING, MODEL_BROKEN, INVALID_PARAMETERS."""
    quiet()
    parts = Parts(model, published, device)
    on_event(PhaseEvent(Phase.LOADING))
    prepared.make(parts, on_event)
    return ClipPipeline(parts, published, model.loras(params))


class ClipPipeline:
    """A Pipeline of one checkpoint."""

    def __init__(self, parts: Parts, published: Published, adapters: tuple[loras.Lora, ...]) -> None:
        self.parts, self.model, self.published, self._adapters = parts, parts.model, published, adapters
        self._linear_decoder: LinearDecoder | None = None
        self._compiled: set[tuple[Any, ...]] = set()
        """What of it is compiled: sizes of clips."""
        self._working: dict[tuple[ClipParams, bool], Working] = {}
        self._kept_texts = KeptEmbeddings(f"{parts.revision}|{self.model.id}|{parts.dtype}|{parts.device}")

    def run(self, run: Run, on_event: OnEvent) -> Iterator[tuple[int, Frame]]:
        params = run.params
        assert isinstance(params, ClipParams)
        texts = [*self.model.texts(run.prompt, params), *([run.negative_prompt] if self.model.guided(params) else [])]
        known = {text: kept for text in texts if (kept := self._kept_texts.get(text)) is not None}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        plan = self._plan(params, reads=bool(missing), on_event=on_event)
        if compiling.asked(params) and plan.streamed:
            on_event(NoteEvent("It is not compiled: blocks that are streamed wait for their weights, not for the GPU."))
        self.parts.arrange(plan.streamed, {name: quantization.of(params) for name in self.model.denoisers})
        generator = torch.Generator().manual_seed(params.seed)
        with torch.inference_mode():
            if missing:
                with self._streaming(self.model.encoders):
                    known |= self._encode(missing, params, on_event)
            if plan.in_turn:
                self._free(self.model.encoders)
            with self._streaming(self.model.denoisers):
                latents = self._denoise([known[text] for text in texts], run, params, generator, on_event)
            if plan.in_turn:
                self._free(self.model.denoisers)
            yield from self._decode(latents, run, params, generator, plan, on_event)

    def _plan(self, params: ClipParams, *, reads: bool, on_event: OnEvent) -> Plan:
        """How the parts are to lie, which a note tells; `reads`: whether the text encoders are needed."""
        plan, sentence = memory.plan(self, params, reads=reads)
        on_event(NoteEvent(sentence))
        return plan

    def working(self, params: ClipParams, *, tiled: bool) -> Working:
        """Memory that a clip is made in, beside the weights."""
        from ttvideo.families.clips.dry_run import recalled, working

        case = params.model_copy(update={"seed": 0}), tiled
        if case not in self._working:
            parts = self.parts
            key = f"{parts.revision}|{self.model.id}|{parts.dtype}|{parts.device}|{case[0].model_dump_json()}|{tiled}"
            dry = ClipPipeline(EmptyParts.like(parts), self.published, ())
            self._working[case] = recalled(key, lambda: working(dry, params, tiled=tiled))
        return self._working[case]

    def _encode(self, texts: list[str], params: ClipParams, on_event: OnEvent) -> dict[str, Embeddings]:
        self._load(self.model.encoders, on_event)
        on_event(PhaseEvent(Phase.ENCODING, total=len(texts)))
        pipe = self.pipeline(params, encoding=True)
        made: dict[str, Embeddings] = {}
        for number, text in enumerate(texts, start=1):
            with self._cancellable([self.parts.get(name) for name in self.model.encoders], on_event):
                made[text] = self.model.encode(pipe, text)
            self._kept_texts.put(text, made[text])
            on_event(StepEvent(number, len(texts)))
        return made

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
        # diffusers' models and their hooks hold each other.
        gc.collect()
        if self.parts.device == "cuda":
            torch.cuda.empty_cache()

    @contextmanager
    def _streaming(self, names: tuple[str, ...]) -> Iterator[None]:
        """Where a cancel finds a part that is streamed, some of it is on the device: it is not used again."""
        try:
            yield
        except BaseException:
            self._free(tuple(name for name in names if name in self.parts.streamed))
            raise

    def pipeline(self, params: ClipParams, *, encoding: bool = False) -> Any:
        """diffusers' pipeline of the parts that are needed: the encoders, or all others."""
        begun = None if encoding else self.model.begun(self.published, params)
        name = begun or self.model.pipeline or self.published.pipeline
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

    def call(self, pipe: Any, params: ClipParams, texts: Sequence[Embeddings], generator: torch.Generator) -> Any:
        """The pipeline's call for a prompt and, when that is read, a negative prompt."""
        here = [{name: tensor.to(self.parts.device) for name, tensor in text.items()} for text in texts]
        start = self.model.start(params)
        # A video brings its own number of frames.
        length = {} if "video" in start else {"num_frames": params.frames}
        with self.model.calling(pipe, params, here) as embeddings:
            return pipe(
                **embeddings,
                **self.model.arguments(params),
                **start,
                **length,
                width=params.width,
                height=params.height,
                num_inference_steps=params.steps,
                guidance_scale=params.guidance,
                generator=generator,
                output_type="latent",
            )

    def _denoise(
        self,
        texts: Sequence[Embeddings],
        run: Run,
        params: ClipParams,
        generator: torch.Generator,
        on_event: OnEvent,
    ) -> torch.Tensor:
        """Latents [1, c, f, h, w] as the pipeline has them."""
        self._load((*self.model.denoisers, "vae"), on_event)
        pipe = self.pipeline(params)
        pipe.scheduler = self.model.scheduler(pipe.scheduler, params)
        denoisers = self.model.denoisers_of(pipe)
        if not any(getattr(denoiser, "peft_config", None) for denoiser in denoisers):
            loras.apply(pipe, self.model.title, self._adapters)
        for name in self.model.denoisers:
            if self.parts.has(name):
                self.parts.settle(name)
        # Between blocks that are streamed there is more to wait for than compiling saves.
        compiles = compiling.asked(params) and not self.parts.streamed
        blocks = [block for denoiser in denoisers for block in self.model.blocks(denoiser)]
        size = (params.width, params.height, params.frames, self.model.guided(params), quantization.of(params))
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
            partial(self.model.keeps, params),
            compiles=compiles and size not in self._compiled,
        )
        vae = []
        if self.model.begun(self.published, params) is not None:
            # What the clip begins with is encoded by the call, before its first step.
            on_event(PhaseEvent(Phase.ENCODING))
            vae = [pipe.vae]
        encoding = self._cancellable(vae, on_event)
        with compiling.compiled(blocks) if compiles else nullcontext(), encoding, stepping:
            output = self.call(pipe, params, texts, generator)
        if compiles:
            self._compiled.add(size)
        return self.model.unpack(pipe, output.frames, params)

    def pictures(
        self, latents: torch.Tensor, params: ClipParams, generator: torch.Generator, *, tiled: bool
    ) -> Iterator[torch.Tensor]:
        """Of latents [1, c, f, h, w] as the pipeline has them: [3, f, height, width] in [-1, 1], piece by piece."""
        vae = self.parts.get("vae")
        (vae.enable_tiling if tiled else vae.disable_tiling)()
        return self.model.decode(vae, self.model.to_vae(vae, latents), params, generator)

    def _decode(
        self,
        latents: torch.Tensor,
        run: Run,
        params: ClipParams,
        generator: torch.Generator,
        plan: Plan,
        on_event: OnEvent,
    ) -> Iterator[tuple[int, Frame]]:
        on_event(PhaseEvent(Phase.DECODING, total=params.frames))
        index = 0
        with self._cancellable([self.parts.get("vae")], on_event):
            for piece in self.pictures(latents, params, generator, tiled=plan.tiled):
                for picture in piece.unbind(1):
                    if index not in run.have:
                        yield index, to_frame(picture)
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


def to_frame(picture: torch.Tensor) -> Frame:
    """Of a picture [3, height, width] in [-1, 1]."""
    frame: Frame = picture.float().add(1).div(2).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return frame
