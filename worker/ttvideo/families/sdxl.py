"""Stable Diffusion XL, base: pictures of about 1024x1024, drawn by diffusers' own pipeline."""

from __future__ import annotations

from ttvideo.families import images
from ttvideo.families.images import ImageModel, ImageParams
from ttvideo.families.weights.checkpoints import Published


class Params(ImageParams):
    steps: int = images.steps(30)
    guidance: float = images.guidance(5.0)
    width: int = images.side("Width", 8)
    height: int = images.side("Height", 8)


MODEL = ImageModel(
    published=Published(
        id="sdxl",
        title="Stable Diffusion XL",
        repo="stabilityai/stable-diffusion-xl-base-1.0",
        pipeline="StableDiffusionXLPipeline",
        weights=("vae", "unet", "text_encoder", "text_encoder_2"),
        license="openrail++",
        gated=False,
        # Two bytes for each parameter of the four parts, counted from their configurations.
        size_bytes=6_937_675_734,
    ),
    from_picture="StableDiffusionXLImg2ImgPipeline",
    from_picture_is_sized=False,
    denoiser=("unet", "UNet2DConditionModel"),
    encoders={"text_encoder": "CLIPTextModel", "text_encoder_2": "CLIPTextModelWithProjection"},
    tokenizers={"tokenizer": "CLIPTokenizer", "tokenizer_2": "CLIPTokenizer"},
    scheduler="EulerDiscreteScheduler",
    dtype="float16",
    multiple=8,
    # The last of its training was on sizes of about one megapixel.
    megapixels=(0.5, 1.5),
    # CLIP reads 77, of which two are the beginning and the end.
    tokens=75,
    bytes_per_pixel=315,
    # It would be drawn into the latents.
    options={"add_watermarker": False},
)

FAMILY = images.family(MODEL, Params)
