"""What the published text-to-video families share: parameters and their rules, and what each says about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families import checkpoints, loras, parameters, tokens
from ttvideo.families.checkpoints import Published
from ttvideo.families.family import Family, OnEvent

if TYPE_CHECKING:
    import torch

    from ttvideo.families.clip_pipeline import ClipPipeline
    from ttvideo.families.prepared import Recipe

    Embeddings: TypeAlias = Mapping[str, torch.Tensor]
    """Of one text, by the names of the pipeline's arguments for a prompt."""

Schedulers: TypeAlias = Mapping[str, tuple[str, Mapping[str, Any]]]
LARGEST_SIDE = 2048
MOST_FRAMES = 1024


class ClipParams(BaseModel):
    """Parameters of one clip; a family gives its own defaults."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True)

    checkpoint: str
    steps: int
    guidance: float
    seed: int = parameters.seed("clip")
    frames: int
    fps: float
    width: int
    height: int
    scheduler: str
    loras: str = Field(
        "",
        title="LoRAs",
        description="Files of LoRA weights, each with how much of it: style.safetensors:0.8, other.safetensors",
        json_schema_extra={"advanced": True},
    )
    memory: Literal["auto", "low"] = Field(
        "auto",
        title="Memory",
        description="low: one part of the model at a time, and pictures decoded in tiles; slower",
        json_schema_extra={"advanced": True},
    )


def checkpoint(*published: Published) -> Any:
    names = ", ".join(each.id for each in published)
    return Field(
        published[0].id,
        title="Checkpoint",
        description=f"Which weights: {names}, or the path of a folder in diffusers' format",
        json_schema_extra={"advanced": True},
        examples=[each.id for each in published],
    )


def steps(default: int, least: int = 1) -> Any:
    return Field(
        default,
        ge=least,
        le=200,
        title="Steps",
        description="Denoising steps: more is slower and finer",
        examples=[default // 2, default],
    )


def guidance(default: float, description: str = "") -> Any:
    return Field(
        default,
        ge=0,
        le=20,
        title="Guidance",
        description=description or "How closely to follow the prompt; up to 1 the negative prompt is not read",
        examples=[1.0, default],
    )


def frames(default: int, multiple: int = 1) -> Any:
    rule = f"; a multiple of {multiple} and one more" if multiple > 1 else ""
    return Field(
        default,
        ge=1,
        le=MOST_FRAMES,
        title="Frames",
        description=f"Frames of the clip{rule}",
        examples=[default],
    )


def fps(default: float) -> Any:
    return Field(
        default,
        gt=0,
        le=120,
        title="Frame rate",
        description=f"Frames per second of the file; the model was trained on {default:g}",
        examples=[default],
    )


def scheduler() -> Any:
    return Field(
        "default",
        title="Scheduler",
        description="How noise becomes a clip; default: the checkpoint's own",
        json_schema_extra={"advanced": True},
    )


def side(name: str, default: int, multiple: int) -> Any:
    return Field(
        default,
        ge=multiple,
        le=LARGEST_SIDE,
        title=name,
        description=f"Pixels, a multiple of {multiple}",
        examples=[default],
    )


class ClipModel(ABC):
    """A text-to-video family: its checkpoints and classes, and where its pipeline in diffusers differs from others.

    Tensors of a pipeline's own are called latents here; "[c, f, h, w]" are the channels, latent frames, rows and
    columns of one clip.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    takes: ClassVar[type[ClipParams]]
    published: ClassVar[tuple[Published, ...]]
    """The first is the one that is taken when none is named."""
    pipeline: ClassVar[str | None] = None
    """The class in diffusers that makes clips, if it is another than the checkpoints name."""
    classes: ClassVar[Mapping[str, str]]
    """Library and class of each part that a checkpoint of this family may have, such as "diffusers.AutoencoderKL"."""
    encoders: ClassVar[tuple[str, ...]]
    denoisers: ClassVar[tuple[str, ...]] = ("transformer",)
    schedulers: ClassVar[Schedulers] = {}
    """Classes and settings beside "default", which is the checkpoint's own."""
    frame_multiple: ClassVar[int] = 1
    side_multiple: ClassVar[int]
    tokens: ClassVar[int]
    """How many a prompt may have for all of it to be read, by the last of the tokenizers."""
    tokenizer: ClassVar[str] = "tokenizer"
    float32: ClassVar[frozenset[str]] = frozenset({"vae"})
    """Parts that compute in float32 whatever the others do."""

    unread: ClassVar[str] = "The negative prompt is read only when the guidance is above 1."

    def complete(self, published: Published, params: Any) -> Published:
        """The checkpoint with what else the parameters ask for."""
        return published

    def recipe(self, published: Published, folder: Path, name: str, dtype: torch.dtype) -> Recipe | None:
        """What a part is prepared from, if there is a reason to: here, that a denoiser is stored in another dtype."""
        from ttvideo.families import prepared

        if name not in self.denoisers or not (files := checkpoints.weight_files(folder / name)):
            return None
        return prepared.in_dtype(folder / name, files, dtype)

    def load_part(self, folder: Path, name: str, dtype: torch.dtype) -> Any:
        """A part from a checkpoint's folder. Raises WorkerError(MODEL_BROKEN)."""
        from ttvideo.families.loading import class_of, load_part, load_settings

        cls = class_of(self.classes[name])
        if (folder / name / "config.json").is_file():
            variant = checkpoints.variant(folder / name)
            return load_part(self.title, cls, folder / name, dtype, variant=variant)
        return load_settings(self.title, cls, folder / name)

    def empty_part(self, folder: Path, name: str) -> Any:
        """The same part with weights that have no data."""
        from ttvideo.families.loading import class_of

        cls = class_of(self.classes[name])
        if self.classes[name].startswith("transformers."):
            return cls(cls.config_class.from_pretrained(folder / name))
        return cls.from_config(cls.load_config(folder / name))

    def fit(self, params: Any) -> tuple[ClipParams, list[str]]:
        """The family's further rules come after those that all share."""
        return params, []

    def from_picture(self, published: Published) -> str | None:
        """The pipeline in diffusers that begins with a picture, if the checkpoint can."""
        return None

    def sides(self, published: Published) -> int:
        """Width and height are multiples of this many pixels."""
        return self.side_multiple

    def scheduler(self, scheduler: Any, params: Any) -> Any:
        """A new scheduler, from the checkpoint's. New, so that nothing is left in it of a call that was cancelled."""
        import diffusers

        name, settings = self.schedulers.get(params.scheduler, (type(scheduler).__name__, {}))
        return getattr(diffusers, name).from_config(scheduler.config, **settings)

    def forwards(self, params: Any) -> int:
        """How often a denoising step asks the denoiser."""
        return 1

    def loras(self, params: Any) -> tuple[loras.Lora, ...]:
        return loras.parse(params.loras)

    def keeps(self, params: Any, step: int) -> bool:
        """Whether the next step needs nothing of the first `step` steps but the latents."""
        return True

    def guided(self, params: Any) -> bool:
        """Whether the negative prompt is read."""
        return float(params.guidance) > 1

    @abstractmethod
    def blocks(self, denoiser: Any) -> Sequence[Any]:
        """The parts of the denoiser that run one after the other and take most of its time."""

    @abstractmethod
    def encode(self, pipe: Any, text: str) -> Embeddings:
        """One text's embeddings by the names of the pipeline's arguments for a prompt, each [1, ...]."""

    def texts(self, prompt: str, params: Any) -> tuple[str, ...]:
        """What is encoded of a prompt."""
        return (prompt,)

    @contextmanager
    def calling(self, pipe: Any, params: Any, texts: Sequence[Embeddings]) -> Iterator[dict[str, Any]]:
        """Around the pipeline's call: gives its arguments for the texts of prompt and negative prompt, in order."""
        yield {
            prefix + name: tensor
            for text, prefix in zip(texts, ("", "negative_"), strict=False)
            for name, tensor in text.items()
        }

    def arguments(self, params: Any) -> dict[str, Any]:
        """What the pipeline's call is given beside embeddings, size, frames, steps, guidance, picture and generator."""
        return {}

    def unpack(self, pipe: Any, latents: torch.Tensor, params: Any) -> torch.Tensor:
        """What the scheduler works on [1, ...] as [1, c, f, h, w]."""
        return latents

    @abstractmethod
    def to_vae(self, vae: Any, latents: torch.Tensor) -> torch.Tensor:
        """Latents [1, c, f, h, w] as the VAE has them, of the VAE's dtype."""

    def encode_picture(self, vae: Any, picture: torch.Tensor) -> torch.Tensor:
        """A picture [1, 3, height, width] in [-1, 1] as the VAE's latents [1, c, h, w]."""
        latents: torch.Tensor = vae.encode(picture[:, :, None]).latent_dist.mode()[:, :, 0]
        return latents

    def scale(self, vae: Any) -> int:
        """Pixels along a side for each of the latents'."""
        return int(vae.spatial_compression_ratio)

    @abstractmethod
    def decode(
        self, vae: Any, latents: torch.Tensor, params: Any, generator: torch.Generator
    ) -> Iterator[torch.Tensor]:
        """Pictures [3, f, height, width] in [-1, 1] of `to_vae`'s latents, in pieces of some frames, in order.

        Between the pieces nothing is kept that grows with the clip.
        """


def family(model: ClipModel) -> Family:
    return Family(
        id=model.id,
        title=model.title,
        makes="clip",
        Params=model.takes,
        published=model.published,
        checkpoints=lambda: tuple(checkpoints.checkpoint(each) for each in model.published),
        draws=False,
        devices=frozenset({"cpu", "cuda"}),
        fit=lambda given: fit(model, given),
        remarks=lambda prompt, negative: remarks(model, prompt, negative),
        vocabulary=lambda: None,
        revision=lambda params: "+".join([checkpoints.revision(of(model, params)), *loras.prints(params.loras)]),
        unread=lambda params: None if model.guided(params) else model.unread,
        load=lambda device, params, on_event: load(model, device, params, on_event),
        loads=lambda params: (of(model, params), model.loras(params)),
        prepare=lambda device, published, on_event: prepare(model, device, published, on_event),
    )


def of(model: ClipModel, params: ClipParams) -> Published:
    """The checkpoint that is asked for: one of the family's, or a folder that holds one of its kind.

    Raises WorkerError(INVALID_PARAMETERS).
    """
    for published in model.published:
        if params.checkpoint in (published.id, published.repo):
            return model.complete(published, params)
    if params.checkpoint.startswith(("/", "~")):
        found = checkpoints.in_folder(model.published, Path(params.checkpoint).expanduser())
        return model.complete(found, params)
    known = ", ".join(published.id for published in model.published)
    raise WorkerError(
        ErrorKind.INVALID_PARAMETERS,
        f"{model.title} has no checkpoint '{params.checkpoint[:80]}'.",
        f"Its checkpoints are {known}; a folder is named by its whole path.",
    )


def fit(model: ClipModel, params: ClipParams) -> tuple[ClipParams, list[str]]:
    """Raises WorkerError(INVALID_PARAMETERS)."""
    published = of(model, params)
    unit = model.sides(published)
    notes: list[str] = []
    changes: dict[str, int] = {}
    width, height = (max(unit, int(pixels / unit + 0.5) * unit) for pixels in (params.width, params.height))
    if (width, height) != (params.width, params.height):
        notes.append(
            f"{model.title} makes sizes in multiples of {unit}: {width}x{height} instead of "
            f"{params.width}x{params.height}."
        )
        changes |= {"width": width, "height": height}
    multiple = model.frame_multiple
    count = max(0, int((params.frames - 1) / multiple + 0.5)) * multiple + 1
    if multiple > 1 and count != params.frames:
        notes.append(f"{model.title} makes {multiple}k+1 frames: {count} instead of {params.frames}.")
        changes |= {"frames": count}
    loras.parse(params.loras)
    _check_start(model, published, getattr(params, "start_image", None))
    params, more = model.fit(params.model_copy(update=changes))
    return params, notes + more


def _check_start(model: ClipModel, published: Published, picture: str | None) -> None:
    pipeline = model.from_picture(published)
    if picture is not None and pipeline is None:
        others = [each.id for each in model.published if model.from_picture(each)]
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{published.title} does not begin with a picture.",
            f"Take one of the checkpoints that do: {', '.join(others)}." if others else "Leave the picture out.",
        )
    if picture is None and pipeline == published.pipeline:
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{published.title} makes clips of a picture, and none was given.",
            "Give one with --start-image, or in the editor as the start image.",
        )


def remarks(model: ClipModel, prompt: str, negative_prompt: str) -> list[str]:
    """What of the prompts is beyond the text length; that only an installed model can tell."""
    for published in model.published:
        try:
            folder = checkpoints.find(published) / model.tokenizer
        except WorkerError:
            continue
        return tokens.cut_off(folder, model.tokens, prompt, negative_prompt)
    return []


def load(model: ClipModel, device: str, params: ClipParams, on_event: OnEvent) -> ClipPipeline:
    """Raises WorkerError: MODEL_MISSING, or MODEL_BROKEN when files can't be read or weights are missing or left over.

    Computes in bfloat16, but on a CPU without instructions for it in float32.
    """
    from ttvideo.families.clip_pipeline import load_clip_pipeline

    return load_clip_pipeline(model, of(model, params), device, params, on_event)


def prepare(model: ClipModel, device: str, published: Published, on_event: OnEvent) -> list[Path]:
    """See `Family.prepare`."""
    from ttvideo.families import prepared
    from ttvideo.families.parts import Parts

    return prepared.make(Parts(model, published, device), on_event, everything=True)
