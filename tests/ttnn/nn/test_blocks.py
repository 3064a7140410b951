"""Each block of the UNet against diffusers': exactly when nothing is rounded, and how well in bfloat16."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import ttnn
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D
from diffusers.models.upsampling import Upsample2D

from animatediff_ttnn.layers import attention
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.temporal import TemporalBlock, TemporalTransformer
from animatediff_ttnn.layers.tokens import Tokens
from support.tt_blocks import exact, random, to_pictures, to_tokens
from ttvideo.tt.mock import golden
from ttvideo.tt.nn.conv import Conv2d, Upsample
from ttvideo.tt.nn.resnet import Resnet
from ttvideo.tt.nn.spatial import SpatialTransformer

EXACT, GOOD = 2e-4, 0.99997


@dataclass(frozen=True)
class Block:
    """A block of diffusers, and what makes the same of its weights on the device and runs it."""

    make: Callable[[], Any]
    call: Callable[[Any, torch.Tensor], torch.Tensor]
    run: Callable[[Parameters, ttnn.Tensor], ttnn.Tensor]
    channels: int
    tokens: Tokens
    after: Tokens


def temporal(channels: int, tokens: Tokens, heads: int = 8, groups: int = 32) -> Block:
    return Block(
        lambda: AnimateDiffTransformer3D(
            heads,
            channels // heads,
            in_channels=channels,
            norm_num_groups=groups,
            positional_embeddings="sinusoidal",
            num_positional_embeddings=32,
        ),
        lambda module, x: module(x, num_frames=tokens.frames),
        lambda weights, x: TemporalTransformer(weights, tokens, heads, groups)(x),
        channels,
        tokens,
        tokens,
    )


def spatial(channels: int, tokens: Tokens, *, length: int = 77, heads: int = 8, linear: bool = False) -> Block:
    text = exact(tokens.pictures, length, 64, seed=2)

    def run(weights: Parameters, x: ttnn.Tensor) -> ttnn.Tensor:
        block = SpatialTransformer(weights, tokens, heads, 32, length)
        padded = torch.nn.functional.pad(text, (0, 0, 0, -length % 32))[:, None]
        return block(x, block.read(weights.constant(padded)))

    return Block(
        lambda: Transformer2DModel(
            heads,
            channels // heads,
            in_channels=channels,
            cross_attention_dim=64,
            norm_num_groups=32,
            use_linear_projection=linear,
        ),
        lambda module, x: module(x, encoder_hidden_states=text, return_dict=False)[0],
        run,
        channels,
        tokens,
        tokens,
    )


def resnet(into: int, out: int, tokens: Tokens) -> Block:
    time = exact(1, 128, seed=2)

    def run(weights: Parameters, x: ttnn.Tensor) -> ttnn.Tensor:
        block = Resnet(weights, tokens, 32, 1e-5)
        return block(x, block.shift(ttnn.silu(weights.constant(time[None, None]))))

    return Block(
        lambda: ResnetBlock2D(in_channels=into, out_channels=out, temb_channels=128, groups=32, eps=1e-5),
        lambda module, x: module(x, time.expand(len(x), -1)),
        run,
        into,
        tokens,
        tokens,
    )


def down(channels: int, tokens: Tokens) -> Block:
    return Block(
        lambda: Downsample2D(channels, use_conv=True, name="op"),
        lambda module, x: module(x),
        lambda weights, x: Conv2d(weights.below("conv"), tokens, stride=2)(x),
        channels,
        tokens,
        tokens.halved(),
    )


def up(channels: int, tokens: Tokens) -> Block:
    return Block(
        lambda: Upsample2D(channels, use_conv=True),
        lambda module, x: module(x),
        lambda weights, x: Upsample(weights, tokens)(x),
        channels,
        tokens,
        tokens.doubled(),
    )


SMALL = temporal(64, Tokens(2, 16, 4, 8), heads=2)
BLOCKS = {
    # Heads of 40, 80 and 160 channels, as Stable Diffusion 1.5 has them at its three widths.
    "temporal 320": temporal(320, Tokens(1, 16, 8, 8)),
    "temporal 640, two videos": temporal(640, Tokens(2, 16, 4, 4)),
    "temporal 1280": temporal(1280, Tokens(1, 16, 4, 4)),
    "temporal, two videos": SMALL,
    "temporal of 24 frames": temporal(64, Tokens(1, 24, 4, 4), heads=2),
    "temporal of 5 frames": temporal(64, Tokens(1, 5, 4, 4), heads=2),
    "temporal of one frame": temporal(64, Tokens(1, 1, 4, 4), heads=2),
    "spatial 320": spatial(320, Tokens(1, 4, 8, 8)),
    "spatial 1280": spatial(1280, Tokens(1, 2, 8, 8)),
    "spatial 640 of 16 pixels": spatial(640, Tokens(1, 4, 4, 4)),
    "spatial, linear, 36 pixels": spatial(64, Tokens(1, 8, 6, 6), heads=2, linear=True),
    "spatial, whole tiles of text": spatial(64, Tokens(1, 2, 8, 8), heads=2, length=32),
    "resnet 320": resnet(320, 320, Tokens(1, 4, 8, 8)),
    "resnet 960 to 640": resnet(960, 640, Tokens(1, 2, 8, 8)),
    "resnet of 16 pixels": resnet(64, 96, Tokens(2, 4, 4, 4)),
    "down": down(320, Tokens(1, 4, 8, 8)),
    "up": up(640, Tokens(1, 2, 4, 4)),
}


def difference(block: Block, mesh: Any, *, rounded: bool) -> tuple[float, float]:
    """The largest difference from diffusers, and the correlation of what the block adds to its input."""
    module = random(block.make)
    pictures = exact(block.tokens.pictures, block.channels, block.tokens.height, block.tokens.width)
    with torch.no_grad():
        expected = block.call(module, pictures)
    with golden.shadow(rounded=rounded):
        weights = Parameters(module.state_dict(), mesh)
        made = to_pictures(ttnn.to_torch(block.run(weights, weights.constant(to_tokens(pictures)))), block.after)
        assert weights.unread() == []
    shared = pictures if pictures.shape == expected.shape else torch.zeros(())
    return float((made - expected).abs().max()), golden.pcc(made - shared, expected - shared)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_computes_what_diffusers_computes(name: str, mesh: Any) -> None:
    largest, _ = difference(BLOCKS[name], mesh, rounded=False)
    assert largest < EXACT


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_as_good_as_bfloat16_lets_it(name: str, mesh: Any, record_property: Any) -> None:
    largest, correlated = difference(BLOCKS[name], mesh, rounded=True)
    record_property("pcc", correlated)
    assert largest > 0
    assert correlated > GOOD


def without_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "HIDDEN", 0.0)


def with_the_padded_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    real = attention.Heads.__init__

    def build(heads: attention.Heads, *given: Any) -> None:
        real(heads, *given)
        heads.scale *= 0.9

    monkeypatch.setattr(attention.Heads, "__init__", build)


def without_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TemporalBlock, "_placed", lambda block, x: x)


def with_frames_shuffled(monkeypatch: pytest.MonkeyPatch) -> None:
    real = TemporalTransformer._swapped

    def swapped(block: TemporalTransformer, x: ttnn.Tensor, first: int, second: int) -> ttnn.Tensor:
        # Frames and pixels taken for each other, both ways.
        return real(block, x, second, first)

    monkeypatch.setattr(TemporalTransformer, "_swapped", swapped)


@pytest.mark.parametrize("mutate", [without_mask, with_the_padded_scale, without_positions, with_frames_shuffled])
def test_the_comparison_sees_a_wrong_block(
    mutate: Callable[[pytest.MonkeyPatch], None], mesh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch)
    largest, _ = difference(SMALL, mesh, rounded=False)
    assert largest > 10 * EXACT
