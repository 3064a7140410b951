"""Operations that a chip does alone, in torch: where ttnn has no function of its own, or one that leaves something out.

Each takes what the operation takes, with torch tensors for ttnn's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
import ttnn

Activation = Callable[[torch.Tensor], torch.Tensor]
ACTIVATIONS: dict[str, Activation] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_approx": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


def linear(
    a: torch.Tensor,
    b: torch.Tensor,
    *,
    bias: torch.Tensor | None = None,
    bias_tensor: torch.Tensor | None = None,
    transpose_a: bool = False,
    transpose_b: bool = False,
    activation: Any = None,
    fused_activation: Any = None,
    program_config: Any = None,
    **_: Any,
) -> torch.Tensor:
    """Also matmul and minimal_matmul. A bias is one row, of any rank."""
    a = a.transpose(-1, -2) if transpose_a else a
    b = b.transpose(-1, -2) if transpose_b else b
    # Not so many small products where one does.
    product = a @ b.reshape(b.shape[-2:]) if b.dim() > 2 and b.shape[:-2].numel() == 1 else a @ b
    row = bias if bias is not None else bias_tensor
    if row is not None:
        product = product + row.reshape(product.shape[-1])
    wanted = activation or fused_activation or getattr(program_config, "fused_activation", None)
    return _activation(wanted)(product) if wanted else product


def gelu(x: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    """The approximate mode differs in precision only."""
    return F.gelu(x)


def attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    attn_mask: torch.Tensor | None = None,
    is_causal: bool = True,
    scale: float | None = None,
    **_: Any,
) -> torch.Tensor:
    """Causal unless told otherwise, as the operation is; fewer heads of keys serve several of queries."""
    if k.shape[1] != q.shape[1]:
        k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], 1) for x in (k, v))
    return F.scaled_dot_product_attention(q, k, v, attn_mask=attn_mask, is_causal=is_causal, scale=scale)


def upsample(x: torch.Tensor, scale_factor: Any, *_: Any, mode: str = "nearest", **__: Any) -> torch.Tensor:
    """[N, H, W, C]."""
    scale = scale_factor if isinstance(scale_factor, (int, float)) else tuple(scale_factor)
    corners = {"align_corners": False} if mode == "bilinear" else {}
    return F.interpolate(x.permute(0, 3, 1, 2), scale_factor=scale, mode=mode, **corners).permute(0, 2, 3, 1)


def reshape(x: torch.Tensor, shape: Any, *_: Any, **__: Any) -> torch.Tensor:
    return x.reshape([int(size) for size in shape])


def item(x: torch.Tensor, place: Any) -> torch.Tensor:
    return x[place]


def permute(x: torch.Tensor, dims: Any, *_: Any, **__: Any) -> torch.Tensor:
    return x.permute(tuple(dims)).contiguous()


def concat_heads(x: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    """[B, heads, S, D] to [B, 1, S, heads * D]."""
    return x.transpose(1, 2).flatten(2).unsqueeze(1)


def create_qkv_heads(
    x: torch.Tensor,
    kv: torch.Tensor | None = None,
    *_: Any,
    num_heads: int,
    num_kv_heads: int | None = None,
    transpose_k_heads: bool = True,
    **__: Any,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """[B, 1, S, (heads + 2 * kv_heads) * D] to three of [B, heads, S, D]; with 0 kv_heads two of them are empty."""
    few = num_heads if num_kv_heads is None else num_kv_heads
    x = x if kv is None else torch.cat([x, kv], -1)
    heads = x.squeeze(1).unflatten(-1, (num_heads + 2 * few, -1)).transpose(1, 2)
    q, k, v = heads.split([num_heads, few, few], 1)
    return q, k.transpose(-1, -2) if transpose_k_heads else k, v


def _activation(wanted: Any) -> Activation:
    if isinstance(wanted, str):
        return ACTIVATIONS[wanted]
    function: Activation = ttnn.operations.activations.get_golden_function_for_activation(wanted)
    return function


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "linear": linear,
    "matmul": linear,
    "experimental.minimal_matmul": linear,
    "gelu": gelu,
    "transformer.scaled_dot_product_attention": attention,
    "upsample": upsample,
    "Tensor.__getitem__": item,
    "reshape": reshape,
    "view": reshape,
    "experimental.view": reshape,
    "permute": permute,
    "experimental.nlp_concat_heads": concat_heads,
    "experimental.nlp_create_qkv_heads": create_qkv_heads,
}
