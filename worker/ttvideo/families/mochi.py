"""Mochi 1: clips of 480p at 30 frames per second."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ttvideo.families.clips import fields
from ttvideo.families.clips.family import clip_family
from ttvideo.families.clips.fields import TransformerParams
from ttvideo.families.clips.model import ClipModel
from ttvideo.families.weights.checkpoints import Published
from ttvideo.families.weights.single_file import Piece, width

if TYPE_CHECKING:
    import torch

# Two bytes for each parameter of the transformer and the VAE, whose bf16 files are read, counted from their
# configurations, which are the defaults of diffusers; and of T5-XXL, whose two files are in bfloat16 as far as can be
# told from their number.
PUBLISHED = (
    Published(
        id="mochi-1",
        title="Mochi 1",
        repo="genmo/mochi-1-preview",
        pipeline="MochiPipeline",
        weights=("vae", "text_encoder", "transformer"),
        license="Apache-2.0",
        gated=False,
        size_bytes=30_500_000_000,
    ),
)


TRANSFORMER = Piece(
    "transformer",
    ("model.diffusion_model.", ""),
    "x_embedder.proj.weight",
    lambda config: {"x_embedder.proj.weight": (width(config), config["in_channels"])},
    "MochiTransformer3DModel",
)


class Params(TransformerParams):
    checkpoint: str = fields.checkpoint(*PUBLISHED)
    # Defaults of the pipeline. With a single step its schedule, which has two parts, divides by zero.
    steps: int = fields.steps(64, 2)
    guidance: float = fields.guidance(4.5)
    frames: int = fields.frames(19, 6)
    fps: float = fields.fps(30)
    width: int = fields.side("Width", 848, 16)
    height: int = fields.side("Height", 480, 16)
    # Time runs the other way in this model, which other schedulers do not know.
    scheduler: Literal["default"] = fields.scheduler()


class Mochi(ClipModel):
    id = "mochi"
    title = "Mochi"
    takes = Params
    published = PUBLISHED
    classes: ClassVar[Mapping[str, str]] = {
        "tokenizer": "transformers.T5TokenizerFast",
        "text_encoder": "transformers.T5EncoderModel",
        "vae": "diffusers.AutoencoderKLMochi",
        "scheduler": "diffusers.FlowMatchEulerDiscreteScheduler",
        "transformer": "diffusers.MochiTransformer3DModel",
    }
    pieces = (TRANSFORMER,)
    encoders = ("text_encoder",)
    frame_multiple = 6
    # 8 for the VAE, 2 for the transformer's patches; the pipeline looks at the 8 only and fails later.
    side_multiple = 16
    # T5 reads 256, of which the last is the end.
    tokens = 255

    def load_part(self, folder: Path, name: str, dtype: torch.dtype) -> Any:
        # The transformer asks for an autocast to float32 of numbers that are in it already.
        warnings.filterwarnings("ignore", message="In CPU autocast")
        return super().load_part(folder, name, dtype)

    def blocks(self, denoiser: Any) -> Sequence[Any]:
        return list(denoiser.transformer_blocks)

    def encode(self, pipe: Any, text: str) -> dict[str, torch.Tensor]:
        embeddings, mask, _, _ = pipe.encode_prompt(
            text, do_classifier_free_guidance=False, max_sequence_length=self.tokens + 1
        )
        return {"prompt_embeds": embeddings, "prompt_attention_mask": mask}

    def to_vae(self, vae: Any, latents: torch.Tensor) -> torch.Tensor:
        import torch

        config = vae.config
        latents = latents.to(vae.dtype)
        scaled: torch.Tensor = latents / config.scaling_factor
        if config.latents_mean is None or config.latents_std is None:
            return scaled
        mean, deviation = (
            torch.tensor(values).view(1, -1, 1, 1, 1).to(latents)
            for values in (config.latents_mean, config.latents_std)
        )
        return scaled * deviation + mean

    def decode(
        self, vae: Any, latents: torch.Tensor, params: Params, generator: torch.Generator
    ) -> Iterator[torch.Tensor]:
        """As `AutoencoderKLMochi._decode` in one go, but a latent frame at a time."""
        with _remembering(vae):
            if vae.use_tiling:
                yield vae.decode(latents).sample[0]
                return
            cache = None
            for frame in range(latents.shape[2]):
                pictures, cache = vae.decoder(latents[:, :, frame : frame + 1], conv_cache=cache)
                # Of the first latent frame only the last picture is of the clip.
                yield pictures[0, :, vae.temporal_compression_ratio - 1 if frame == 0 else 0 :]


@contextmanager
def _remembering(vae: Any) -> Iterator[None]:
    """Lets the decoder take its latent frames one after the other and still see what was before.

    What diffusers has for it, `_enable_framewise_decoding`, leaves out the padding of rows and columns and fails.
    """
    from diffusers.models.autoencoders.autoencoder_kl_cogvideox import CogVideoXCausalConv3d

    layers = [layer for layer in vae.decoder.modules() if isinstance(layer, CogVideoXCausalConv3d)]
    for layer in layers:
        layer.forward = _causal(layer)
    vae.use_framewise_decoding = True
    try:
        yield
    finally:
        vae.use_framewise_decoding = False
        for layer in layers:
            del layer.forward


def _causal(layer: Any) -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
    """The forward of a layer that is given the frames before, instead of repeating the first."""

    def forward(inputs: torch.Tensor, conv_cache: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        from torch import cat
        from torch.nn.functional import pad

        past = inputs[:, :, :1].repeat(1, 1, layer.time_pad, 1, 1) if conv_cache is None else conv_cache
        frames = cat([past, inputs], dim=2)
        around = (layer.width_pad, layer.width_pad, layer.height_pad, layer.height_pad, 0, 0)
        return layer.conv(pad(frames, around, mode="replicate")), frames[:, :, -layer.time_pad :].clone()

    return forward


FAMILY = clip_family(Mochi())
