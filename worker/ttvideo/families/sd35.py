"""Stable Diffusion 3.5, Medium and Large, drawn by diffusers' own pipeline."""

from __future__ import annotations

from ttvideo.families import images
from ttvideo.families.images import ImageModel, ImageParams
from ttvideo.families.weights.checkpoints import Published


class MediumParams(ImageParams):
    # Steps and guidance as in the model's card.
    steps: int = images.steps(40)
    guidance: float = images.guidance(4.5)
    width: int = images.side("Width", 16)
    height: int = images.side("Height", 16)


class LargeParams(ImageParams):
    steps: int = images.steps(28)
    guidance: float = images.guidance(3.5)
    width: int = images.side("Width", 16)
    height: int = images.side("Height", 16)


def _model(size: str, bytes: int, megapixels: tuple[float, float], bytes_per_pixel: int) -> ImageModel:
    encoders = {f"text_encoder{end}": "CLIPTextModelWithProjection" for end in ("", "_2")}
    return ImageModel(
        published=Published(
            id=f"sd35-{size.lower()}",
            title=f"Stable Diffusion 3.5 {size}",
            repo=f"stabilityai/stable-diffusion-3.5-{size.lower()}",
            pipeline="StableDiffusion3Pipeline",
            weights=("vae", "transformer", *encoders, "text_encoder_3"),
            license="Stability AI Community License",
            gated=True,
            size_bytes=bytes,
            # The same weights once more, as other programs want them.
            exclude=("*.fp16*",),
        ),
        from_picture="StableDiffusion3Img2ImgPipeline",
        from_picture_is_sized=True,
        denoiser=("transformer", "SD3Transformer2DModel"),
        encoders={**encoders, "text_encoder_3": "T5EncoderModel"},
        tokenizers={"tokenizer": "CLIPTokenizer", "tokenizer_2": "CLIPTokenizer", "tokenizer_3": "T5Tokenizer"},
        scheduler="FlowMatchEulerDiscreteScheduler",
        dtype="bfloat16",
        multiple=16,
        megapixels=megapixels,
        # T5 reads 256, of which the last is the end. The two CLIPs beside it read 75.
        tokens=255,
        bytes_per_pixel=bytes_per_pixel,
        encoding={"prompt_2": None, "prompt_3": None, "max_sequence_length": 256},
    )


# Two bytes for each parameter of the five parts, and for the transformer's table of positions, counted from their
# configurations. Medium was trained on 0.25 to 2 megapixels, Large on about one, as their cards say.
MEDIUM = _model("Medium", 16_266_697_550, (0.24, 2.0), 342)
LARGE = _model("Large", 27_619_931_214, (0.5, 1.5), 503)

FAMILIES = (images.family(MEDIUM, MediumParams), images.family(LARGE, LargeParams))
