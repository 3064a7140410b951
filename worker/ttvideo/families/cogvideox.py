"""CogVideoX: clips of six seconds at 8 frames per second."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ttvideo.errors import WorkerError
from ttvideo.families import parameters
from ttvideo.families.clips import fields
from ttvideo.families.clips.family import clip_family, published_for
from ttvideo.families.clips.fields import ClipParams, TransformerParams
from ttvideo.families.clips.model import ClipModel, Schedulers
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.checkpoints import Published

if TYPE_CHECKING:
    import torch

FROM_PICTURE = "CogVideoXImageToVideoPipeline"
SHARED = 2 * (4_762_000_000 + 216_000_000)
"""Bytes of T5-XXL and the VAE."""


def _published(id: str, title: str, license: str, parameters: int, pipeline: str = "CogVideoXPipeline") -> Published:
    return Published(
        id=id,
        title=title,
        repo=f"THUDM/{title.replace(' ', '-')}",
        pipeline=pipeline,
        weights=("vae", "text_encoder", "transformer"),
        license=license,
        gated=False,
        size_bytes=SHARED + 2 * parameters,
    )


# Two bytes for each parameter: of 2b in float16, of the others in bfloat16, as their cards say. Counted from the
# transformers' configurations.
PUBLISHED = (
    _published("cogvideox-2b", "CogVideoX 2b", "Apache-2.0", 1_694_000_000),
    _published("cogvideox-5b", "CogVideoX 5b", "CogVideoX", 5_570_000_000),
    _published("cogvideox-5b-i2v", "CogVideoX 5b I2V", "CogVideoX", 5_625_000_000, FROM_PICTURE),
)


class Params(TransformerParams):
    checkpoint: str = fields.checkpoint(*PUBLISHED)
    # Those of the models' cards.
    steps: int = fields.steps(50)
    guidance: float = fields.guidance(6.0)
    start_image: str | None = parameters.start_image("The picture the clip begins with, cut to the size")
    # The pipeline takes 4k+1, too, but of an even number of latent frames the VAE makes 4k.
    frames: int = fields.frames(49, 8)
    fps: float = fields.fps(8)
    width: int = fields.side("Width", 720, 16)
    height: int = fields.side("Height", 480, 16)
    scheduler: Literal["default", "ddim", "dpm"] = fields.scheduler()
    dynamic_guidance: bool = Field(
        False,
        title="Dynamic guidance",
        description="Let the guidance change from step to step; the makers advise it for 5b with the scheduler dpm",
        json_schema_extra={"advanced": True},
    )


class CogVideoX(ClipModel):
    id = "cogvideox"
    title = "CogVideoX"
    takes = Params
    published = PUBLISHED
    classes: ClassVar[Mapping[str, str]] = {
        "tokenizer": "transformers.T5TokenizerFast",
        "text_encoder": "transformers.T5EncoderModel",
        "vae": "diffusers.AutoencoderKLCogVideoX",
        "scheduler": "diffusers.CogVideoXDDIMScheduler",
        "transformer": "diffusers.CogVideoXTransformer3DModel",
    }
    encoders = ("text_encoder",)
    schedulers: ClassVar[Schedulers] = {
        "ddim": ("CogVideoXDDIMScheduler", {}),
        "dpm": ("CogVideoXDPMScheduler", {}),
    }
    frame_multiple = 8
    # 8 for the VAE, 2 for the transformer's patches; the pipeline looks at the 8 only and fails later.
    side_multiple = 16
    # T5 reads 226, of which the last is the end.
    tokens = 225
    # The pipeline hands the VAE a picture in the dtype of the embeddings.
    float32 = frozenset()

    def load_part(self, folder: Path, name: str, dtype: torch.dtype) -> Any:
        from ttvideo.families.weights.loading import class_of, load_settings

        if name != "scheduler":
            return super().load_part(folder, name, dtype)
        # Their settings are the same, so only the index says which of them it is.
        named = json.loads((folder / "model_index.json").read_text())["scheduler"][1]
        known = {cls for cls, _ in self.schedulers.values()}
        cls = f"diffusers.{named}" if named in known else self.classes[name]
        return load_settings(self.title, class_of(cls), folder / name)

    def from_picture(self, published: Published) -> str | None:
        return published.pipeline if published.pipeline == FROM_PICTURE else None

    def fit(self, params: Params) -> tuple[ClipParams, list[str]]:
        published = published_for(self, params)
        size = _only_size(published)
        if size is None or size == (params.width, params.height):
            return params, []
        width, height = size
        note = f"{published.title} makes one size only: {width}x{height} instead of {params.width}x{params.height}."
        return params.model_copy(update={"width": width, "height": height}), [note]

    def blocks(self, denoiser: Any) -> Sequence[Any]:
        return list(denoiser.transformer_blocks)

    def encode(self, pipe: Any, text: str) -> dict[str, torch.Tensor]:
        embeddings, _ = pipe.encode_prompt(text, do_classifier_free_guidance=False, max_sequence_length=self.tokens + 1)
        return {"prompt_embeds": embeddings}

    def arguments(self, params: Params) -> dict[str, Any]:
        return {"use_dynamic_cfg": params.dynamic_guidance}

    def unpack(self, pipe: Any, latents: torch.Tensor, params: Params) -> torch.Tensor:
        return latents.transpose(1, 2)

    def to_vae(self, vae: Any, latents: torch.Tensor) -> torch.Tensor:
        scaled: torch.Tensor = latents.to(vae.dtype) * (1 / vae.config.scaling_factor)
        return scaled

    def scale(self, vae: Any) -> int:
        return int(2 ** (len(vae.config.block_out_channels) - 1))

    def decode(
        self, vae: Any, latents: torch.Tensor, params: Params, generator: torch.Generator
    ) -> Iterator[torch.Tensor]:
        """As `AutoencoderKLCogVideoX._decode`, which keeps all pictures until the last is there."""
        if vae.use_tiling:
            yield vae.decode(latents).sample[0]
            return
        cache = None
        # Normalised together, so that other pieces would give other pictures. An odd frame belongs to the first.
        size, count = vae.num_latent_frames_batch_size, latents.shape[2]
        ends = range(size + count % size, count + 1, size) if count >= size else (count,)
        for begin, end in zip((0, *ends), ends, strict=False):
            piece = latents[:, :, begin:end]
            if vae.post_quant_conv is not None:
                piece = vae.post_quant_conv(piece)
            pictures, cache = vae.decoder(piece, conv_cache=cache)
            yield pictures[0]


def _only_size(published: Published) -> tuple[int, int] | None:
    """Width and height, if the model's places were learned for these alone: `CogVideoXPatchEmbed` refuses others."""
    try:
        config = json.loads((checkpoints.find(published) / "transformer" / "config.json").read_text())
    except (WorkerError, OSError):
        return (720, 480) if published.id == "cogvideox-5b-i2v" else None
    if not config.get("use_learned_positional_embeddings"):
        return None
    return 8 * config["sample_width"], 8 * config["sample_height"]


FAMILY = clip_family(CogVideoX())
