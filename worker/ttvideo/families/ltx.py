"""LTX-Video: clips of 24 frames per second, faster than the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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
from ttvideo.families.weights.single_file import Piece, width

if TYPE_CHECKING:
    import torch

TILE, STRIDE = 8, 6
"""Latent frames that are decoded together where memory is short, and how far apart such tiles begin. With random
weights these differ a third as much from the whole as those of 2 and 1 that diffusers has."""
TEXT_ENCODER, TRANSFORMER = 19_050_000_000, 7_690_000_000
"""Bytes of the files, as the hub lists them for 0.9: float32."""


def _published(id: str, title: str, repo: str, vae: int) -> Published:
    return Published(
        id=id,
        title=title,
        repo=repo,
        pipeline="LTXPipeline",
        weights=("vae", "text_encoder", "transformer"),
        license="LTX-Video Open Weights",
        gated=False,
        size_bytes=TEXT_ENCODER + TRANSFORMER + vae,
    )


# The makers publish 0.9.1 as one file only; in diffusers' format it is from one of the authors of diffusers' pipeline.
# The VAE of 0.9 is four bytes for each parameter, counted from the defaults of diffusers; the other is as listed.
PUBLISHED = (
    _published("ltx-video", "LTX-Video 0.9", "Lightricks/LTX-Video", 1_680_000_000),
    _published("ltx-video-0.9.1", "LTX-Video 0.9.1", "a-r-r-o-w/LTX-Video-0.9.1-diffusers", 1_870_000_000),
)


def _vae(config: Mapping[str, Any]) -> dict[str, tuple[int, ...] | None]:
    conditioned = config["timestep_conditioning"]
    return {
        "decoder.conv_in.conv.weight": (config["decoder_block_out_channels"][-1], config["latent_channels"]),
        # Only a decoder that is told how much noise there is has this.
        "decoder.last_time_embedder.timestep_embedder.linear_1.weight": () if conditioned else None,
    }


# The makers' files hold both.
PIECES = (
    Piece(
        "transformer",
        ("model.diffusion_model.", ""),
        "patchify_proj.weight",
        lambda config: {"patchify_proj.weight": (width(config), config["in_channels"])},
        "LTXVideoTransformer3DModel",
    ),
    Piece("vae", ("vae.",), "decoder.conv_in.conv.weight", _vae, "AutoencoderKLLTXVideo", under="vae."),
)


class Params(TransformerParams):
    checkpoint: str = fields.checkpoint(*PUBLISHED)
    # Defaults of the pipeline. A single step fails: its end is at another place than its beginning.
    steps: int = fields.steps(50, 2)
    guidance: float = fields.guidance(3.0)
    guidance_rescale: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Guidance rescale",
        description="How far to take back the contrast that a high guidance adds",
        json_schema_extra={"advanced": True},
    )
    start_image: str | None = parameters.start_image("The picture the clip begins with, cut to the size")
    frames: int = fields.frames(161, 8)
    fps: float = fields.fps(24)
    width: int = fields.side("Width", 704, 32)
    height: int = fields.side("Height", 512, 32)
    scheduler: Literal["default", "unipc"] = fields.scheduler()
    # As the documentation of diffusers advises for 0.9.1 and later.
    decode_timestep: float = Field(
        0.05,
        ge=0,
        le=1,
        title="Decoding timestep",
        description="How much noise the VAE is told there is; of 0.9.1 and later",
        json_schema_extra={"advanced": True},
    )
    decode_noise_scale: float = Field(
        0.025,
        ge=0,
        le=1,
        title="Decoding noise",
        description="How much noise there is before the VAE, which makes details of it; of 0.9.1 and later",
        json_schema_extra={"advanced": True},
    )


class Ltx(ClipModel):
    id = "ltx"
    title = "LTX-Video"
    takes = Params
    published = PUBLISHED
    classes: ClassVar[Mapping[str, str]] = {
        "tokenizer": "transformers.T5TokenizerFast",
        "text_encoder": "transformers.T5EncoderModel",
        "vae": "diffusers.AutoencoderKLLTXVideo",
        "scheduler": "diffusers.FlowMatchEulerDiscreteScheduler",
        "transformer": "diffusers.LTXVideoTransformer3DModel",
    }
    pieces = PIECES
    encoders = ("text_encoder",)
    schedulers: ClassVar[Schedulers] = {
        "unipc": ("UniPCMultistepScheduler", {"prediction_type": "flow_prediction", "use_flow_sigmas": True})
    }
    frame_multiple = 8
    side_multiple = 32
    # T5 reads 128, of which the last is the end.
    tokens = 127
    # The pipeline hands the VAE a picture in the dtype of the embeddings.
    float32 = frozenset()

    def from_picture(self, published: Published) -> str | None:
        return "LTXImageToVideoPipeline"

    def fit(self, params: Params) -> tuple[ClipParams, list[str]]:
        notes = []
        if params.start_image is not None and params.frames == 1:
            params = params.model_copy(update={"frames": 9})
            notes.append(f"{self.title} adds at least 8 frames to a picture: 9 instead of 1.")
        given = [name for name in ("decode_timestep", "decode_noise_scale") if parameters.differs(params, name)]
        if given and not _noisy(published_for(self, params)):
            names = " and ".join(name.replace("_", " ") for name in given)
            notes.append(f"The VAE of this checkpoint decodes without noise: {names} is not used.")
        return params, notes

    def blocks(self, denoiser: Any) -> Sequence[Any]:
        return list(denoiser.transformer_blocks)

    def encode(self, pipe: Any, text: str) -> dict[str, torch.Tensor]:
        embeddings, mask, _, _ = pipe.encode_prompt(
            text, do_classifier_free_guidance=False, max_sequence_length=self.tokens + 1
        )
        return {"prompt_embeds": embeddings, "prompt_attention_mask": mask}

    def arguments(self, params: Params) -> dict[str, Any]:
        return {"frame_rate": params.fps, "guidance_rescale": params.guidance_rescale}

    def unpack(self, pipe: Any, latents: torch.Tensor, params: Params) -> torch.Tensor:
        import torch

        # With a picture the scheduler has them unpacked, without the picture's, for which the next may stand.
        if latents.ndim == 5:
            return torch.cat([latents[:, :, :1], latents], dim=2)
        space, time = pipe.vae_spatial_compression_ratio, pipe.vae_temporal_compression_ratio
        unpacked: torch.Tensor = pipe._unpack_latents(
            latents,
            (params.frames - 1) // time + 1,
            params.height // space,
            params.width // space,
            pipe.transformer_spatial_patch_size,
            pipe.transformer_temporal_patch_size,
        )
        return unpacked

    def to_vae(self, vae: Any, latents: torch.Tensor) -> torch.Tensor:
        mean, deviation = (values.view(1, -1, 1, 1, 1).to(latents) for values in (vae.latents_mean, vae.latents_std))
        scaled: torch.Tensor = latents * deviation / vae.config.scaling_factor + mean
        return scaled.to(vae.dtype)

    def decode(
        self, vae: Any, latents: torch.Tensor, params: Params, generator: torch.Generator
    ) -> Iterator[torch.Tensor]:
        """In one go, because its layers look at later frames, too; only where memory is short in tiles of time.

        These begin and end a little sooner and are faded into each other, as in `_temporal_tiled_decode`; but that one
        fades frames into those before them.
        """
        import torch
        from diffusers.utils.torch_utils import randn_tensor

        timestep = None
        if vae.config.timestep_conditioning:
            noise = randn_tensor(latents.shape, generator=generator, device=latents.device, dtype=latents.dtype)
            share = params.decode_noise_scale
            latents = (1 - share) * latents + share * noise
            timestep = torch.tensor([params.decode_timestep], device=latents.device, dtype=latents.dtype)

        def decoded(begin: int, end: int) -> torch.Tensor:
            # Layers of later VAEs draw noise of their own, from no generator that one could hand them.
            with torch.random.fork_rng():
                torch.manual_seed(params.seed + begin)
                pictures: torch.Tensor = vae.decode(latents[:, :, begin:end], timestep).sample
            return pictures

        ratio, count = vae.temporal_compression_ratio, latents.shape[2]
        if not vae.use_tiling or count <= TILE + 1:
            yield decoded(0, count)[0]
            return
        before = decoded(0, TILE + 1)
        yield before[0, :, : STRIDE * ratio + 1]
        for begin in range(STRIDE, count - 1, STRIDE):
            # Of its first latent frame there is one picture, which the tile before has, too.
            pictures = vae.blend_t(before, decoded(begin, begin + TILE + 1)[:, :, 1:], (TILE - STRIDE) * ratio)
            yield pictures[0, :, : STRIDE * ratio]
            before = pictures


def _noisy(published: Published) -> bool:
    """Whether there is noise in what the checkpoint's VAE decodes."""
    try:
        config = json.loads((checkpoints.find(published) / "vae" / "config.json").read_text())
    except (WorkerError, OSError):
        return published.id == "ltx-video-0.9.1"
    return bool(config.get("timestep_conditioning"))


FAMILY = clip_family(Ltx())
