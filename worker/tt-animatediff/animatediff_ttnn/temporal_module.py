"""One motion module: attention of each place in a picture over the frames of its video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from animatediff_ttnn.checkpoint import Checkpoint
from animatediff_ttnn.errors import AnimateDiffError

if TYPE_CHECKING:
    import ttnn

NORM_EPS = 1e-6
"""Of the group norm, as diffusers' AnimateDiffTransformer3D fixes it."""
BLOCK = "transformer_blocks.0."
NEEDED = (
    *(f"{name}.{part}" for name in ("norm", "proj_in", "proj_out") for part in ("weight", "bias")),
    f"{BLOCK}pos_embed.pe",
    *(f"{BLOCK}{attention}.{name}.weight" for attention in ("attn1", "attn2") for name in ("to_q", "to_k", "to_v")),
    *(
        f"{BLOCK}{name}.{part}"
        for name in ("norm1", "norm2", "norm3", "attn1.to_out.0", "attn2.to_out.0", "ff.net.0.proj", "ff.net.2")
        for part in ("weight", "bias")
    ),
)


@dataclass
class TemporalAttentionWeights:
    """A motion module's weights.

    state: of diffusers' AnimateDiffTransformer3D, float32
    place: in the UNet, such as "down_blocks.0.motion_modules.0"
    max_frames: how many positions are kept
    """

    state: Mapping[str, torch.Tensor]
    dim: int
    num_heads: int
    max_frames: int
    norm_groups: int
    place: str
    _prepared: tuple[Any, int, int, int, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def num_blocks(self) -> int:
        return len({name.split(".")[1] for name in self.state if name.startswith("transformer_blocks.")})

    def on_device(self, device: ttnn.Device, videos: int, frames: int, tokens: int) -> Any:
        """The module's layers.temporal.TemporalTransformer for one shape. The last one made is kept."""
        from animatediff_ttnn.layers.parameters import Parameters
        from animatediff_ttnn.layers.temporal import TemporalTransformer
        from animatediff_ttnn.layers.tokens import Tokens

        kept = self._prepared
        if kept is None or kept[0] is not device or kept[1:4] != (videos, frames, tokens):
            shape = Tokens(videos, frames, 1, tokens)
            made = TemporalTransformer(Parameters(self.state, device), shape, self.num_heads, self.norm_groups)
            self._prepared = kept = (device, videos, frames, tokens, made)
        return kept[4]

    def release(self) -> None:
        """Let go of what lies on a device."""
        self._prepared = None


def load_animatediff_weights(
    checkpoint_path: str, dim: int = 320, num_heads: int = 8, max_frames: int = 24, *, module: str | None = None
) -> TemporalAttentionWeights:
    """One motion module of a checkpoint.

    checkpoint_path: a .ckpt or .safetensors file of AnimateDiff's makers or of diffusers, or diffusers' folder
    dim: channels of the hidden states that the module is for; of Stable Diffusion 1.5 320, 640 or 1280
    max_frames: positions to keep; mm_sd_v14 has 24, mm_sd_v15_v2 32
    module: such as "up_blocks.3.motion_modules.0"; None for the first of that width that the UNet runs

    Raises AnimateDiffError for what cannot be read, and for numbers that are not the checkpoint's.
    """
    return module_weights(Checkpoint(checkpoint_path), dim, num_heads, max_frames, module)


def module_weights(
    checkpoint: Checkpoint, dim: int, num_heads: int, max_frames: int, module: str | None
) -> TemporalAttentionWeights:
    """As load_animatediff_weights, of a checkpoint that has been read."""
    widths = checkpoint.widths()
    fitting = [place for place, width in widths.items() if width == dim and module in (None, place)]
    if not fitting:
        named = f" called {module}" if module is not None else ""
        there = ", ".join(f"{place} ({width})" for place, width in widths.items())
        raise AnimateDiffError(f"There is no module{named} of {dim} channels.", f"There are: {there}.")
    if num_heads < 1 or dim % num_heads or checkpoint.num_heads not in (None, num_heads):
        raise AnimateDiffError(
            f"These modules have not {num_heads} heads.",
            f"Give num_heads={checkpoint.num_heads or 8}; the checkpoint's weights do not fit another number.",
        )
    state = {name: tensor.float() for name, tensor in checkpoint.modules[fitting[0]].items()}
    if missing := [name for name in NEEDED if name not in state]:
        raise AnimateDiffError(
            f"The module {fitting[0]} lacks {missing[0]}.", "Take a whole checkpoint of AnimateDiff, v1 to v3."
        )
    places = state[f"{BLOCK}pos_embed.pe"].shape[1]
    if not 1 <= max_frames <= places:
        raise AnimateDiffError(
            f"The checkpoint has positions for {places} frames, not {max_frames}.", f"Give max_frames={places} or less."
        )
    state |= {name: pe[:, :max_frames] for name, pe in state.items() if name.endswith("pos_embed.pe")}
    return TemporalAttentionWeights(state, dim, num_heads, max_frames, checkpoint.norm_groups, fitting[0])


def temporal_attention_torch(
    hidden_states: torch.Tensor, weights: TemporalAttentionWeights, num_frames: int
) -> torch.Tensor:
    """What diffusers' AnimateDiffTransformer3D computes: the module's output, added to its input.

    hidden_states: [batch * frames, tokens, dim] float; the result has the same shape, dtype and device.
    Raises AnimateDiffError for another shape.
    """
    videos, frames, tokens, channels = _shape(hidden_states.shape, weights, num_frames)
    state = {name: tensor.to(hidden_states.device) for name, tensor in weights.state.items()}
    x = hidden_states.float().reshape(videos, frames * tokens, channels)
    # The norm's groups are of all frames together.
    normed = functional.group_norm(
        x.transpose(1, 2), weights.norm_groups, state["norm.weight"], state["norm.bias"], NORM_EPS
    ).transpose(1, 2)
    # Attention is over frames: every place in the picture is a sequence of its own.
    h = normed.reshape(videos, frames, tokens, channels).transpose(1, 2).reshape(videos * tokens, frames, channels)
    h = functional.linear(h, state["proj_in.weight"].flatten(1), state["proj_in.bias"])
    for number in range(weights.num_blocks):
        h = _block(h, state, f"transformer_blocks.{number}.", weights.num_heads)
    h = functional.linear(h, state["proj_out.weight"].flatten(1), state["proj_out.bias"])
    h = h.reshape(videos, tokens, frames, channels).transpose(1, 2).reshape(hidden_states.shape)
    return (h + hidden_states.float()).to(hidden_states.dtype)


def temporal_attention_ttnn(
    hidden_states: ttnn.Tensor, weights: TemporalAttentionWeights, num_frames: int, device: ttnn.Device
) -> ttnn.Tensor:
    """The same on a device, in bfloat16: layers.temporal.TemporalTransformer.

    hidden_states: [batch * frames, tokens, dim] bfloat16 in tiles on the device; the result is of the same shape.
    The weights are put onto the device with the first call of a shape. `dim` must be a multiple of 32.
    Raises AnimateDiffError for another shape.
    """
    import ttnn

    shape = tuple(hidden_states.shape)
    videos, frames, tokens, channels = _shape(shape, weights, num_frames)
    module = weights.on_device(device, videos, frames, tokens)
    made = module(ttnn.reshape(hidden_states, (1, 1, videos * frames * tokens, channels)))
    return ttnn.reshape(made, shape)


def _block(h: torch.Tensor, state: Mapping[str, torch.Tensor], block: str, heads: int) -> torch.Tensor:
    """Twice attention over frames, then the feed-forward part, on [sequences, frames, channels]."""
    positions = state[f"{block}pos_embed.pe"][:, : h.shape[1]]

    def normed(name: str) -> torch.Tensor:
        return functional.layer_norm(h, h.shape[-1:], state[f"{block}{name}.weight"], state[f"{block}{name}.bias"])

    for norm, attention in (("norm1", "attn1"), ("norm2", "attn2")):
        x = normed(norm) + positions
        q, k, v = (
            functional.linear(x, state[f"{block}{attention}.{name}.weight"]).unflatten(-1, (heads, -1)).transpose(1, 2)
            for name in ("to_q", "to_k", "to_v")
        )
        attended = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        out = f"{block}{attention}.to_out.0."
        h = h + functional.linear(attended, state[f"{out}weight"], state[f"{out}bias"])
    projected = functional.linear(
        normed("norm3"), state[f"{block}ff.net.0.proj.weight"], state[f"{block}ff.net.0.proj.bias"]
    )
    value, gate = projected.chunk(2, dim=-1)
    gated = value * functional.gelu(gate)
    return h + functional.linear(gated, state[f"{block}ff.net.2.weight"], state[f"{block}ff.net.2.bias"])


def _shape(
    shape: tuple[int, ...] | torch.Size, weights: TemporalAttentionWeights, num_frames: int
) -> tuple[int, int, int, int]:
    """Videos, frames, tokens and channels of [videos * frames, tokens, channels]. Raises AnimateDiffError."""
    if len(shape) != 3:
        raise AnimateDiffError(
            f"Hidden states have three dimensions here, not {len(shape)}.", "Give (batch*frames, tokens, channels)."
        )
    pictures, tokens, channels = shape
    if channels != weights.dim:
        raise AnimateDiffError(
            f"A motion module of {weights.dim} channels cannot see {channels} channels.",
            f"It works on hidden states inside the UNet of Stable Diffusion 1.5, at {weights.place}; latents, of 4 "
            "channels or of Stable Diffusion 3.5's 16, are no input of it. Use inject_motion_modules with such a UNet, "
            "or run examples/generate_baseline.py for a whole video.",
        )
    if not 1 <= num_frames <= weights.max_frames:
        raise AnimateDiffError(
            f"The module has positions for {weights.max_frames} frames, not {num_frames}.",
            "Give fewer frames, or load the weights with a larger max_frames if the checkpoint has so many.",
        )
    if pictures % num_frames:
        raise AnimateDiffError(
            f"{pictures} pictures are no whole videos of {num_frames} frames.", "Give batch*frames pictures."
        )
    return pictures // num_frames, num_frames, tokens, channels
