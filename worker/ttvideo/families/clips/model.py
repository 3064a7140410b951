"""What each published text-to-video model says about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ttvideo.families.clips import step_cache
from ttvideo.families.clips.fields import ClipParams
from ttvideo.families.weights import checkpoints, loras, single_file
from ttvideo.families.weights.checkpoints import Published
from ttvideo.families.weights.single_file import Piece

if TYPE_CHECKING:
    import torch

    from ttvideo.families.clips.prepared import Recipe

    Embeddings: TypeAlias = Mapping[str, torch.Tensor]
    """Of one text, by the names of the pipeline's arguments for a prompt."""

Schedulers: TypeAlias = Mapping[str, tuple[str, Mapping[str, Any]]]


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

    pieces: ClassVar[tuple[Piece, ...]] = ()
    """Parts that can be read from one file with weights as the makers name them; none where diffusers cannot."""

    unread: ClassVar[str] = "The negative prompt is read only when the guidance is above 1."

    def complete(self, published: Published, params: Any) -> Published:
        """The checkpoint with what else the parameters ask for."""
        return published

    def recipe(self, published: Published, folder: Path, name: str, dtype: torch.dtype) -> Recipe | None:
        """What a part is prepared from, if there is a reason to: here, that it is in a file of other names, or that a
        denoiser is stored in another dtype.
        """
        from ttvideo.families.clips import prepared

        if (piece := self.piece(published, name)) is not None and published.file is not None:
            return prepared.of_file(folder / name, published.file, piece)
        if name not in self.denoisers or not (files := checkpoints.weight_files(folder / name)):
            return None
        return prepared.in_dtype(folder / name, files, dtype)

    def piece(self, published: Published, name: str) -> Piece | None:
        """How the part is in the checkpoint's own file, if it has one that holds the part."""
        if published.file is None:
            return None
        held = single_file.pieces_in(published.file, self.pieces)
        return next((piece for piece in held if piece.part == name), None)

    def load_part(self, folder: Path, name: str, dtype: torch.dtype) -> Any:
        """A part from a checkpoint's folder. Raises WorkerError(MODEL_BROKEN)."""
        from ttvideo.families.weights.loading import class_of, load_part, load_settings

        cls = class_of(self.classes[name])
        if (folder / name / "config.json").is_file():
            variant = checkpoints.variant(folder / name)
            return load_part(self.title, cls, folder / name, dtype, variant=variant)
        return load_settings(self.title, cls, folder / name)

    def empty_part(self, folder: Path, name: str) -> Any:
        """The same part with weights that have no data."""
        from ttvideo.families.weights.loading import class_of

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

    def begun(self, published: Published, params: Any) -> str | None:
        """The pipeline in diffusers that begins with what the parameters name, if they name something."""
        return self.from_picture(published) if getattr(params, "start_image", None) is not None else None

    def start(self, params: Any) -> dict[str, Any]:
        """What that pipeline's call is given to begin with."""
        picture = getattr(params, "start_image", None)
        if picture is None:
            return {}
        from PIL import Image

        from ttvideo.media.frames import load_picture

        return {"image": Image.fromarray(load_picture(Path(picture), params.width, params.height, cover=True))}

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
        cache = step_cache.of(params)
        return cache is None or cache.begins_anew(step)

    def guided(self, params: Any) -> bool:
        """Whether the negative prompt is read."""
        return float(params.guidance) > 1

    def denoisers_of(self, pipe: Any) -> list[Any]:
        return [part for name in self.denoisers if (part := getattr(pipe, name, None)) is not None]

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
        with step_cache.applied(pipe, self.denoisers_of(pipe), step_cache.of(params)):
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
