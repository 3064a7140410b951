"""The decoder against diffusers': exactly when nothing is rounded, and how well in bfloat16; what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import ttnn

from animatediff_ttnn.layers import attention
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import Tokens
from support.tt_blocks import exact, random, to_pictures, to_tokens
from support.tt_vae import bundled, like_stable_diffusion, small
from ttvideo.tt.mock import golden
from ttvideo.tt.nn.vae import Decoder, MidBlock

EXACT = 2e-4
"""Of the largest value."""


def compared(
    model: Any, tokens: Tokens, mesh: Any, *, rounded: bool, state: dict[str, torch.Tensor] | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """[pictures, 3, height, width] by the device and by diffusers."""
    latents = exact(tokens.pictures, model.config.latent_channels, tokens.height, tokens.width)
    with torch.no_grad():
        expected = model.decode(latents).sample
    with golden.shadow(rounded=rounded):
        weights = Parameters(model.state_dict() if state is None else state, mesh)
        decoder = Decoder(weights, model.config, tokens)
        made = to_pictures(ttnn.to_torch(decoder(weights.constant(to_tokens(latents)))), decoder.after)
    return made, expected


def difference(*given: Any, **more: Any) -> float:
    made, expected = compared(*given, rounded=False, **more)
    return float((made - expected).abs().max() / expected.abs().max())


CASES = {
    "bundled": (bundled, Tokens(1, 1, 8, 8)),
    "with attention": (small, Tokens(1, 1, 8, 8)),
    # Neither a square nor whole tiles.
    "two wide pictures": (small, Tokens(1, 2, 4, 6)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_decoder_is_diffusers_own(name: str, mesh: Any) -> None:
    model, tokens = CASES[name]
    assert difference(model(), tokens, mesh) < EXACT


@pytest.mark.parametrize("name", ["bundled", "with attention"])
def test_the_decoder_is_as_good_as_bfloat16_lets_it(name: str, mesh: Any, record_property: Any) -> None:
    model, tokens = CASES[name]
    made, expected = compared(model(), tokens, mesh, rounded=True)
    record_property("pcc", golden.pcc(made, expected))
    assert golden.pcc(made, expected) > 0.9995


def test_without_the_convolution_after_quantization(mesh: Any) -> None:
    model = random(lambda: like_stable_diffusion(32, 64, layers_per_block=1, use_post_quant_conv=False))
    assert difference(model, Tokens(1, 1, 8, 8), mesh) < EXACT


def with_another_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    real = attention.Heads.__init__

    def build(heads: attention.Heads, *given: Any) -> None:
        real(heads, *given)
        heads.scale *= 0.5

    monkeypatch.setattr(attention.Heads, "__init__", build)


def without_biases(monkeypatch: pytest.MonkeyPatch) -> None:
    real = attention.SelfAttention.__init__

    def build(block: attention.SelfAttention, *given: Any) -> None:
        real(block, *given)
        block.bias = None

    monkeypatch.setattr(attention.SelfAttention, "__init__", build)


def without_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MidBlock, "__call__", lambda block, h: block.resnets[1](block.resnets[0](h)))


def without_the_first_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Decoder.__init__

    def build(decoder: Decoder, *given: Any) -> None:
        real(decoder, *given)
        decoder.post = None

    monkeypatch.setattr(Decoder, "__init__", build)


@pytest.mark.parametrize(
    "mutate", [with_another_scale, without_biases, without_attention, without_the_first_convolution]
)
def test_the_comparison_sees_a_wrong_decoder(
    mutate: Callable[[pytest.MonkeyPatch], None], mesh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch)
    assert difference(small(), Tokens(1, 1, 8, 8), mesh) > 3 * EXACT


def test_the_encoder_need_not_be_there(mesh: Any) -> None:
    state = {
        name: weight for name, weight in small().state_dict().items() if "encoder." not in name.split("decoder")[0]
    }
    assert difference(small(), Tokens(1, 1, 4, 4), mesh, state=state) < EXACT


@pytest.mark.parametrize(
    ("config", "more", "why"),
    [
        ({"act_fn": "gelu"}, {}, "act_fn = 'gelu' is not supported"),
        ({"up_block_types": ["AttnUpDecoderBlock2D"]}, {}, "AttnUpDecoderBlock2D is not supported"),
        ({}, {"decoder.mid_block.adapter.weight": torch.zeros(1)}, r"1 weights .* decoder\.mid_block\.adapter\.weight"),
    ],
    ids=["activation", "blocks", "weights"],
)
def test_another_decoder_is_refused(config: dict[str, Any], more: dict[str, torch.Tensor], why: str, mesh: Any) -> None:
    weights = Parameters({**small().state_dict(), **more}, mesh)
    with pytest.raises(ValueError, match=why):
        Decoder(weights, {**small().config, **config}, Tokens(1, 1, 4, 4))


def test_widths_that_a_board_cannot_norm_are_refused(mesh: Any) -> None:
    narrow = like_stable_diffusion(16, 32, norm_num_groups=8)
    with pytest.raises(ValueError, match="cannot norm 16 channels in 8 groups"):
        Decoder(Parameters(narrow.state_dict(), mesh), narrow.config, Tokens(1, 1, 4, 4))


def test_stable_diffusions_size_is_accepted_by_a_board(mesh: Any) -> None:
    """A picture of 512x512, without numbers; `test_boards.py` has it on other boards, too."""
    with torch.device("meta"):
        model = like_stable_diffusion(128, 256, 512, 512)
    state = {name: torch.zeros(weight.shape) for name, weight in model.state_dict().items()}
    weights = Parameters(state, mesh)
    decoder = Decoder(weights, model.config, Tokens(1, 1, 64, 64))
    made = decoder(weights.constant(torch.zeros(1, 1, 64 * 64, 4)))
    assert tuple(made.shape) == (1, 1, 512 * 512, 3)
    assert ttnn.get_memory_view(mesh, ttnn.BufferType.L1).total_bytes_allocated_per_bank == 0
