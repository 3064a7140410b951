"""HunyuanVideo: clips of 720p."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ttvideo.families.clips import fields
from ttvideo.families.clips.family import clip_family
from ttvideo.families.clips.fields import TransformerParams
from ttvideo.families.clips.model import ClipModel, Schedulers
from ttvideo.families.weights.checkpoints import Published
from ttvideo.families.weights.single_file import Piece, width

if TYPE_CHECKING:
    import torch

# Two bytes for each parameter of the transformer (12.8 billion, counted from its configuration, which is the default of
# diffusers) and of Llama 3 8B without its head and CLIP, four of the VAE; which dtype each has is from memory.
PUBLISHED = (
    Published(
        id="hunyuanvideo",
        title="HunyuanVideo",
        repo="hunyuanvideo-community/HunyuanVideo",
        pipeline="HunyuanVideoPipeline",
        weights=("vae", "text_encoder", "text_encoder_2", "transformer"),
        license="Tencent Hunyuan Community",
        gated=False,
        size_bytes=41_900_000_000,
    ),
)


TRANSFORMER = Piece(
    "transformer",
    ("model.model.", "model.diffusion_model.", ""),
    "img_in.proj.weight",
    lambda config: {"img_in.proj.weight": (width(config), config["in_channels"])},
    "HunyuanVideoTransformer3DModel",
)


class Params(TransformerParams):
    checkpoint: str = fields.checkpoint(*PUBLISHED)
    # Defaults of the pipeline; the frame rate is that of the example in its documentation.
    steps: int = fields.steps(50)
    guidance: float = fields.guidance(6.0, "How closely to follow the prompt, as the model was taught to by itself")
    true_guidance: float = Field(
        1.0,
        ge=1,
        le=20,
        title="True guidance",
        description="Above 1 the negative prompt is read, and every step takes twice as long",
        json_schema_extra={"advanced": True},
    )
    frames: int = fields.frames(129, 4)
    fps: float = fields.fps(15)
    width: int = fields.side("Width", 1280, 16)
    height: int = fields.side("Height", 720, 16)
    scheduler: Literal["default", "unipc"] = fields.scheduler()


class Hunyuan(ClipModel):
    id = "hunyuan"
    title = "HunyuanVideo"
    takes = Params
    published = PUBLISHED
    classes: ClassVar[Mapping[str, str]] = {
        # As the files say it. LlamaTokenizerFast, which the index names, has in transformers 5 its own way to split
        # words instead, and reads "acatintherain".
        "tokenizer": "transformers.PreTrainedTokenizerFast",
        "tokenizer_2": "transformers.CLIPTokenizer",
        "text_encoder": "transformers.LlamaModel",
        "text_encoder_2": "transformers.CLIPTextModel",
        "vae": "diffusers.AutoencoderKLHunyuanVideo",
        "scheduler": "diffusers.FlowMatchEulerDiscreteScheduler",
        "transformer": "diffusers.HunyuanVideoTransformer3DModel",
    }
    pieces = (TRANSFORMER,)
    encoders = ("text_encoder", "text_encoder_2")
    schedulers: ClassVar[Schedulers] = {
        "unipc": ("UniPCMultistepScheduler", {"prediction_type": "flow_prediction", "use_flow_sigmas": True})
    }
    frame_multiple = 4
    side_multiple = 16
    # What Llama reads after the pipeline's own words. CLIP reads 75, for the mood of the whole.
    tokens = 256
    # The makers decode in float16; the largest of these VAEs in float32 would need most of a GPU.
    float32 = frozenset()
    unread = "HunyuanVideo reads the negative prompt only when the true guidance is above 1."

    def forwards(self, params: Params) -> int:
        return 2 if self.guided(params) else 1

    def guided(self, params: Params) -> bool:
        return params.true_guidance > 1

    def scheduler(self, scheduler: Any, params: Params) -> Any:
        made = super().scheduler(scheduler, params)
        # The same under another name.
        shift = {} if params.scheduler == "default" else {"flow_shift": scheduler.config.shift}
        return type(made).from_config(made.config, **shift)

    def blocks(self, denoiser: Any) -> Sequence[Any]:
        return [*denoiser.transformer_blocks, *denoiser.single_transformer_blocks]

    def encode(self, pipe: Any, text: str) -> dict[str, torch.Tensor]:
        embeddings, pooled, mask = pipe.encode_prompt(text, max_sequence_length=self.tokens)
        return {"prompt_embeds": embeddings, "pooled_prompt_embeds": pooled, "prompt_attention_mask": mask}

    def arguments(self, params: Params) -> dict[str, Any]:
        return {"true_cfg_scale": params.true_guidance}

    def to_vae(self, vae: Any, latents: torch.Tensor) -> torch.Tensor:
        scaled: torch.Tensor = latents.to(vae.dtype) / vae.config.scaling_factor
        return scaled

    def decode(
        self, vae: Any, latents: torch.Tensor, params: Params, generator: torch.Generator
    ) -> Iterator[torch.Tensor]:
        """As `AutoencoderKLHunyuanVideo._temporal_tiled_decode`, which keeps all pictures until the last is there."""
        ratio, count = vae.temporal_compression_ratio, latents.shape[2]
        size, stride = vae.tile_sample_min_num_frames // ratio, vae.tile_sample_stride_num_frames // ratio
        if count <= size:
            yield vae.decode(latents).sample[0]
            return
        faded = vae.tile_sample_min_num_frames - vae.tile_sample_stride_num_frames
        before = None
        vae.use_framewise_decoding = False
        try:
            for begin in range(0, count - 1, stride):
                pictures = vae.decode(latents[:, :, begin : begin + size + 1]).sample
                if before is None:
                    yield pictures[0, :, : stride * ratio + 1]
                else:
                    pictures = vae.blend_t(before, pictures[:, :, 1:], faded)
                    yield pictures[0, :, : stride * ratio]
                before = pictures
        finally:
            vae.use_framewise_decoding = True


FAMILY = clip_family(Hunyuan())
