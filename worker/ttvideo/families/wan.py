"""Wan 2.1 and 2.2: clips of 480p at 16 frames per second, of 720p at 24 with the 5B model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ttvideo.errors import WorkerError
from ttvideo.families import parameters
from ttvideo.families.clips import fields
from ttvideo.families.clips.family import clip_family
from ttvideo.families.clips.fields import TransformerParams
from ttvideo.families.clips.model import ClipModel, Schedulers
from ttvideo.families.weights import checkpoints
from ttvideo.families.weights.checkpoints import Published
from ttvideo.families.weights.single_file import Piece, width

if TYPE_CHECKING:
    import torch

TEXT_ENCODER = 4 * 5_681_000_000
"""Bytes of UMT5-XXL, stored in float32."""


def _published(id: str, title: str, repo: str, size_bytes: int, *more: str, pipeline: str = "WanPipeline") -> Published:
    return Published(
        id=id,
        title=title,
        repo=f"Wan-AI/{repo}-Diffusers",
        pipeline=pipeline,
        weights=("vae", "text_encoder", "transformer", *more),
        license="Apache-2.0",
        gated=False,
        size_bytes=TEXT_ENCODER + size_bytes,
    )


# Sizes are four bytes for each parameter of the transformers, counted from their configurations, and the VAE's.
PUBLISHED = (
    _published("wan2.1-1.3b", "Wan 2.1 1.3B", "Wan2.1-T2V-1.3B", 6_200_000_000),
    _published("wan2.1-14b", "Wan 2.1 14B", "Wan2.1-T2V-14B", 57_700_000_000),
    _published("wan2.2-5b", "Wan 2.2 5B", "Wan2.2-TI2V-5B", 22_800_000_000),
    _published("wan2.2-a14b", "Wan 2.2 A14B", "Wan2.2-T2V-A14B", 114_900_000_000, "transformer_2"),
    _published(
        "wan2.2-i2v-a14b",
        "Wan 2.2 I2V A14B",
        "Wan2.2-I2V-A14B",
        114_900_000_000,
        "transformer_2",
        pipeline="WanImageToVideoPipeline",
    ),
)


TRANSFORMER = Piece(
    "transformer",
    ("model.diffusion_model.", ""),
    "head.head.weight",
    lambda config: {"patch_embedding.weight": (width(config), config["in_channels"], *config["patch_size"])},
    "WanTransformer3DModel",
)


class Params(TransformerParams):
    checkpoint: str = fields.checkpoint(*PUBLISHED)
    # Defaults of the pipeline, which are those of the model's card.
    steps: int = fields.steps(50)
    guidance: float = fields.guidance(5.0)
    start_image: str | None = parameters.start_image("The picture the clip begins with, cut to the size")
    frames: int = fields.frames(81, 4)
    fps: float = fields.fps(16)
    width: int = fields.side("Width", 832, 16)
    height: int = fields.side("Height", 480, 16)
    scheduler: Literal["default", "euler"] = fields.scheduler()
    flow_shift: float | None = Field(
        None,
        gt=0,
        le=20,
        title="Flow shift",
        description="How long to work on the rough shape; the makers use 3 for 480p and 5 for 720p",
        json_schema_extra={"advanced": True},
    )


class Wan(ClipModel):
    id = "wan"
    title = "Wan"
    takes = Params
    published = PUBLISHED
    classes: ClassVar[Mapping[str, str]] = {
        "tokenizer": "transformers.T5TokenizerFast",
        "text_encoder": "transformers.UMT5EncoderModel",
        "vae": "diffusers.AutoencoderKLWan",
        "scheduler": "diffusers.UniPCMultistepScheduler",
        "transformer": "diffusers.WanTransformer3DModel",
        "transformer_2": "diffusers.WanTransformer3DModel",
    }
    pieces = (TRANSFORMER,)
    encoders = ("text_encoder",)
    denoisers = ("transformer", "transformer_2")
    schedulers: ClassVar[Schedulers] = {"euler": ("FlowMatchEulerDiscreteScheduler", {})}
    frame_multiple = 4
    side_multiple = 16
    # T5 reads 512, of which the last is the end.
    tokens = 511

    def from_picture(self, published: Published) -> str | None:
        if published.pipeline == "WanImageToVideoPipeline":
            return published.pipeline
        try:
            # Of Wan 2.2 5B: it was trained on clips of which the first frame is given.
            can = checkpoints.index(published).get("expand_timesteps")
        except WorkerError:
            can = published.id == "wan2.2-5b"
        return "WanImageToVideoPipeline" if can else None

    def sides(self, published: Published) -> int:
        """Of two places of the latents, which its denoiser takes together; those of 2.2 5B stand for 16 pixels each."""
        try:
            config = json.loads((checkpoints.find(published) / "vae" / "config.json").read_text())
        except WorkerError:
            return 32 if published.id == "wan2.2-5b" else self.side_multiple
        return 2 * int(config.get("scale_factor_spatial", 8))

    def fit(self, params: Params) -> tuple[Params, list[str]]:
        if params.checkpoint != "wan2.2-5b" or params.fps == 24:
            return params, []
        return params, ["Wan 2.2 5B was trained on clips of 1280x704 at 24 frames per second."]

    def forwards(self, params: Params) -> int:
        return 2 if params.guidance > 1 else 1

    def blocks(self, denoiser: Any) -> Sequence[Any]:
        return list(denoiser.blocks)

    def scheduler(self, scheduler: Any, params: Params) -> Any:
        if params.scheduler == "euler":
            shift = params.flow_shift or scheduler.config.flow_shift
            return super().scheduler(scheduler, params).from_config(scheduler.config, shift=shift)
        shift = {"flow_shift": params.flow_shift} if params.flow_shift else {}
        return type(scheduler).from_config(scheduler.config, **shift)

    def encode(self, pipe: Any, text: str) -> dict[str, torch.Tensor]:
        embeddings, _ = pipe.encode_prompt(text, do_classifier_free_guidance=False, max_sequence_length=self.tokens + 1)
        return {"prompt_embeds": embeddings}

    def to_vae(self, vae: Any, latents: torch.Tensor) -> torch.Tensor:
        import torch

        shape = (1, vae.config.z_dim, 1, 1, 1)
        latents = latents.to(vae.dtype)
        mean = torch.tensor(vae.config.latents_mean).view(shape).to(latents)
        # As the pipeline does it: a division by the inverse, whose last bits differ from a product's.
        inverse = 1.0 / torch.tensor(vae.config.latents_std).view(shape).to(latents)
        return latents / inverse + mean

    def decode(
        self, vae: Any, latents: torch.Tensor, params: Params, generator: torch.Generator
    ) -> Iterator[torch.Tensor]:
        """As `AutoencoderKLWan._decode`, which keeps all pictures until the last is there."""
        from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify

        if vae.use_tiling:
            yield vae.decode(latents).sample[0]
            return
        vae.clear_cache()
        try:
            latents = vae.post_quant_conv(latents)
            for frame in range(latents.shape[2]):
                vae._conv_idx = [0]
                first = {"first_chunk": True} if frame == 0 else {}
                pictures = vae.decoder(
                    latents[:, :, frame : frame + 1], feat_cache=vae._feat_map, feat_idx=vae._conv_idx, **first
                )
                if vae.config.patch_size is not None:
                    pictures = unpatchify(pictures, patch_size=vae.config.patch_size)
                yield pictures[0].clamp(-1, 1)
        finally:
            vae.clear_cache()


FAMILY = clip_family(Wan())
