"""The numbers beside a program on a mock board: right for each operation, and an error where they would be guesses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import ttnn

from ttvideo.tt.mock import golden

TILES, ROWS = ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT
EXACT = 1e-5
Case = Callable[[Any], tuple[Any, torch.Tensor]]


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def put(mesh: Any, values: torch.Tensor, layout: Any = TILES, dtype: Any = ttnn.float32) -> Any:
    return ttnn.from_torch(values, dtype=dtype, layout=layout, device=mesh)


@pytest.fixture
def exact() -> Iterator[golden.Shadow]:
    with golden.shadow(rounded=False) as shadow:
        yield shadow


A, B = random(2, 1, 64, 96), random(2, 1, 64, 96, seed=1)
WEIGHT, BIAS = random(96, 128, seed=2), random(128, seed=3)
HEADS = [random(2, 4, 64, 64, seed=seed) for seed in (4, 5, 6)]
PICTURES, KERNEL = random(2, 64, 16, 16, seed=7), random(96, 64, 3, 3, seed=8)
TOKENS = PICTURES.permute(0, 2, 3, 1).reshape(1, 1, -1, 64)
CONV = {
    "in_channels": 64,
    "out_channels": 96,
    "batch_size": 2,
    "input_height": 16,
    "input_width": 16,
    "kernel_size": (3, 3),
    "stride": (1, 1),
    "padding": (1, 1),
    "dilation": (1, 1),
    "groups": 1,
}
CONVOLVED = F.conv2d(PICTURES, KERNEL, padding=1).permute(0, 2, 3, 1).reshape(1, 1, -1, 96)


def attention(mesh: Any) -> tuple[Any, torch.Tensor]:
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 40:] = -1e9
    q, k, v = (put(mesh, x, dtype=ttnn.bfloat16) for x in HEADS)
    made = ttnn.transformer.scaled_dot_product_attention(
        q, k, v, attn_mask=put(mesh, mask, dtype=ttnn.bfloat16), is_causal=False, scale=0.3
    )
    q, k, v = HEADS
    return made, F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=0.3)


def convolution(mesh: Any) -> tuple[Any, torch.Tensor]:
    """Twice: with weights from the host, and with those that the first time has prepared."""
    host = ttnn.from_torch(KERNEL, dtype=ttnn.bfloat16)
    tokens = put(mesh, TOKENS, ROWS, ttnn.bfloat16)
    _, (prepared, _) = ttnn.conv2d(
        input_tensor=tokens, weight_tensor=host, device=mesh, return_weights_and_bias=True, **CONV
    )
    return ttnn.conv2d(input_tensor=tokens, weight_tensor=prepared, device=mesh, **CONV), CONVOLVED


def group_norm(mesh: Any) -> tuple[Any, torch.Tensor]:
    scale, shift = random(64, seed=9), random(64, seed=10)
    grid = ttnn.operations.normalization.determine_expected_group_norm_dram_grid_size(
        device=mesh, num_channels=64, num_groups=32, input_nhw=512, num_batches=2
    )
    (weight, bias), mask = ttnn.dram_group_norm_params_from_torch(
        [scale, shift], 64, 32, mesh, core_grid=grid, return_mask=True
    )
    x = put(mesh, TOKENS.reshape(2, 1, 256, 64), dtype=ttnn.bfloat16)
    made = ttnn.group_norm(
        x,
        num_groups=32,
        weight=weight,
        bias=bias,
        input_mask=mask,
        epsilon=1e-5,
        inplace=False,
        core_grid=grid,
        output_layout=TILES,
    )
    wanted = F.group_norm(PICTURES, 32, scale, shift, 1e-5)
    return made, wanted.permute(0, 2, 3, 1).reshape(2, 1, 256, 64)


def trace(mesh: Any) -> tuple[Any, torch.Tensor]:
    """Recorded with one input, run again with another in the same memory."""
    x = put(mesh, A)
    number = ttnn.begin_trace_capture(mesh, cq_id=0)
    y = ttnn.silu(ttnn.add(x, x))
    ttnn.end_trace_capture(mesh, number, cq_id=0)
    ttnn.copy_host_to_device_tensor(ttnn.from_torch(B, layout=TILES), x)
    ttnn.execute_trace(mesh, number, cq_id=0, blocking=True)
    return y, F.silu(B + B)


def in_place(mesh: Any) -> tuple[Any, torch.Tensor]:
    x = put(mesh, A)
    ttnn.add_(x, put(mesh, B))
    return x, A + B


def written_over(mesh: Any) -> tuple[Any, torch.Tensor]:
    """A view of the same memory sees what is copied there."""
    x = put(mesh, A, ROWS)
    view = ttnn.reshape(x, (1, 2, 64, 96))
    ttnn.copy(put(mesh, B, ROWS), x)
    return view, B.reshape(1, 2, 64, 96)


def heads(mesh: Any) -> tuple[Any, torch.Tensor]:
    x = random(2, 1, 64, 3 * 4 * 64, seed=11)
    made = ttnn.experimental.nlp_create_qkv_heads(put(mesh, x), num_heads=4, transpose_k_heads=False)
    return ttnn.experimental.nlp_concat_heads(made[1]), x[..., 256:512]


CASES: dict[str, Case] = {
    "there and back": lambda mesh: (put(mesh, A), A),
    "layouts": lambda mesh: (ttnn.to_layout(ttnn.to_layout(put(mesh, A), ROWS), TILES), A),
    "to the host": lambda mesh: (ttnn.from_device(put(mesh, A)).to(mesh).cpu(), A),
    "reshape": lambda mesh: (ttnn.reshape(put(mesh, A), (1, 1, 128, 96)), A.reshape(1, 1, 128, 96)),
    "permute": lambda mesh: (ttnn.permute(put(mesh, A), (2, 0, 1, 3)), A.permute(2, 0, 1, 3)),
    "slice": lambda mesh: (ttnn.slice(put(mesh, A), (0, 0, 0, 0), (2, 1, 32, 64)), A[:, :, :32, :64]),
    "item": lambda mesh: (put(mesh, A)[:, :, :32], A[:, :, :32]),
    "concat": lambda mesh: (ttnn.concat([put(mesh, A), put(mesh, B)], dim=-1), torch.cat([A, B], -1)),
    "pad": lambda mesh: (ttnn.pad(put(mesh, A), [(0, 0), (0, 0), (0, 32), (0, 0)], 0.0), F.pad(A, (0, 0, 0, 32))),
    "sums": lambda mesh: (ttnn.multiply(ttnn.add(put(mesh, A), put(mesh, B)), 0.5), (A + B) / 2),
    "a row to all": lambda mesh: (ttnn.add(put(mesh, A), put(mesh, B[:1, :, :1])), A + B[:1, :, :1]),
    "in place": in_place,
    "written over": written_over,
    "linear": lambda mesh: (
        ttnn.linear(put(mesh, A), put(mesh, WEIGHT), bias=put(mesh, BIAS[None]), activation="gelu"),
        F.gelu(A @ WEIGHT + BIAS),
    ),
    "layer norm": lambda mesh: (
        ttnn.layer_norm(put(mesh, A), weight=put(mesh, B[0, 0, :1]), epsilon=1e-3),
        F.layer_norm(A, (96,), B[0, 0, 0], eps=1e-3),
    ),
    "softmax": lambda mesh: (ttnn.softmax(put(mesh, A), dim=-1), A.softmax(-1)),
    "upsample": lambda mesh: (
        ttnn.upsample(put(mesh, PICTURES.permute(0, 2, 3, 1).contiguous(), ROWS, ttnn.bfloat16), 2),
        F.interpolate(PICTURES, scale_factor=2).permute(0, 2, 3, 1),
    ),
    "embedding": lambda mesh: (
        ttnn.embedding(
            ttnn.from_torch(torch.arange(64)[None].int(), dtype=ttnn.uint32, device=mesh),
            put(mesh, WEIGHT, ROWS, ttnn.bfloat16),
            layout=TILES,
        ),
        WEIGHT[:64][None],
    ),
    "heads": heads,
    "attention": attention,
    "convolution": convolution,
    "group norm": group_norm,
    "trace": trace,
}


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_torch_s(name: str, mesh: Any, exact: golden.Shadow) -> None:
    made, wanted = CASES[name](mesh)
    back = ttnn.to_torch(made)
    assert back.shape == wanted.shape
    assert float((back - wanted).abs().max()) < EXACT * (1 + float(wanted.abs().max()))


def transformer(mesh: Any, *, scale: float = 0.125, eps: float = 1e-5, order: tuple[int, ...] = (0, 1, 2)) -> Any:
    """A block as models have them; the arguments are what one gets wrong."""
    x = put(mesh, A[:, :, :, :64].reshape(2, 1, 64, 64))
    normed = ttnn.layer_norm(x, epsilon=eps)
    weights = put(mesh, random(64, 768, seed=12) / 8)
    q, k, v = ttnn.experimental.nlp_create_qkv_heads(
        ttnn.typecast(ttnn.linear(normed, weights), ttnn.bfloat16), num_heads=4, transpose_k_heads=False
    )
    three = [(q, k, v)[place] for place in order]
    h = ttnn.transformer.scaled_dot_product_attention(*three, is_causal=False, scale=scale)
    return ttnn.to_torch(ttnn.experimental.nlp_concat_heads(h))


@pytest.mark.parametrize(
    "mutation",
    [{"scale": 0.12}, {"eps": 1e-2}, {"order": (1, 0, 2)}, {"order": (0, 1, 1)}],
    ids=["scale", "epsilon", "queries and keys changed", "keys for values"],
)
def test_a_wrong_program_has_other_numbers(mutation: dict[str, Any], mesh: Any, exact: golden.Shadow) -> None:
    right, wrong = transformer(mesh), transformer(mesh, **mutation)
    assert torch.equal(right, transformer(mesh))
    assert float((right - wrong).abs().max()) > 100 * EXACT


def test_rounding_is_that_of_each_data_type(mesh: Any) -> None:
    values = random(1, 1, 64, 96)
    with golden.shadow():
        half = ttnn.to_torch(put(mesh, values, dtype=ttnn.bfloat16))
        block = ttnn.to_torch(put(mesh, values, dtype=ttnn.bfloat8_b)).float()
        # The host does hold numbers: there it is ttnn that rounds.
        by_ttnn = ttnn.to_torch(ttnn.from_torch(values, dtype=ttnn.bfloat8_b, layout=TILES)).float()
    assert half.dtype == torch.bfloat16
    assert torch.equal(half, values.bfloat16())
    assert golden.pcc(block, values) > 0.9999
    assert not torch.equal(block, values.bfloat16().float())
    assert float((block - by_ttnn).abs().max()) < 0.05


def test_memory_on_the_board_is_freed_as_without_a_shadow(mesh: Any, exact: golden.Shadow) -> None:
    def used() -> int:
        return int(ttnn.get_memory_view(mesh, ttnn.BufferType.DRAM).total_bytes_allocated_per_bank)

    first = put(mesh, A)
    before = used()
    for _ in range(3):
        first = ttnn.add(first, 1.0)
    assert used() <= before + A.numel() * 4 // 12 + 4096
    assert exact.operations["add"] == 3


class TestNothingIsGuessed:
    def test_a_tensor_from_outside(self, mesh: Any) -> None:
        outside = put(mesh, A)
        with golden.shadow(), pytest.raises(golden.GoldenError, match="it was made outside"):
            ttnn.exp(outside)

    def test_a_tensor_that_is_gone(self, mesh: Any, exact: golden.Shadow) -> None:
        x = put(mesh, A)
        ttnn.deallocate(x)
        with pytest.raises(golden.GoldenError, match="was deallocated"):
            ttnn.exp(x)

    def test_heads_that_the_board_pads_silently(self, mesh: Any, exact: golden.Shadow) -> None:
        """Heads of 40 channels come back as 64 from ttnn 0.81.1, without a word."""
        x = put(mesh, random(1, 1, 64, 3 * 8 * 40), dtype=ttnn.bfloat16)
        with pytest.raises(golden.GoldenError, match=r"torch gives \(1, 8, 64, 40\), the board \(1, 8, 64, 64\)"):
            ttnn.experimental.nlp_create_qkv_heads(x, num_heads=8, transpose_k_heads=False)

    def test_an_operation_without_a_function(
        self, mesh: Any, exact: golden.Shadow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ttnn.exp, "golden_function", None)
        with pytest.raises(golden.GoldenError, match=r"ttnn\.exp: there is no torch function"):
            ttnn.exp(put(mesh, A))

    def test_numbers_read_past_the_shadow(self, mesh: Any, exact: golden.Shadow) -> None:
        with pytest.raises(golden.GoldenError, match="holds no numbers"):
            put(mesh, A).to_torch()

    def test_a_board_s_memory_written_to_a_file(self, mesh: Any, exact: golden.Shadow, tmp_path: Any) -> None:
        with pytest.raises(golden.GoldenError, match="would be written"):
            ttnn.dump_tensor(str(tmp_path / "x.tensorbin"), put(mesh, A))
        host = ttnn.from_torch(A)
        ttnn.dump_tensor(str(tmp_path / "y.tensorbin"), host)
        assert torch.equal(ttnn.to_torch(ttnn.load_tensor(str(tmp_path / "y.tensorbin"))), A)

    def test_a_transfer_within_a_trace(self, mesh: Any, exact: golden.Shadow) -> None:
        x = put(mesh, A)
        ttnn.begin_trace_capture(mesh, cq_id=0)
        with pytest.raises(golden.GoldenError, match="within a trace"):
            ttnn.to_torch(x)

    def test_a_shadow_within_a_shadow(self, exact: golden.Shadow) -> None:
        with pytest.raises(golden.GoldenError, match="within"), golden.shadow():
            pass

    def test_outside_nothing_is_left_of_it(self, mesh: Any) -> None:
        from ttnn.decorators import FastOperation

        before = FastOperation.__call__, ttnn.Tensor.to, ttnn.begin_trace_capture
        with golden.shadow():
            assert FastOperation.__call__ is not before[0]
        assert (FastOperation.__call__, ttnn.Tensor.to, ttnn.begin_trace_capture) == before


def test_limits_of_the_board_are_its_own(mesh: Any) -> None:
    with pytest.raises(RuntimeError, match=r"Out of Memory: Not enough space to allocate \d+ B DRAM buffer"):
        [ttnn.empty([1, 1, 65536, 16384], dtype=ttnn.float32, layout=TILES, device=mesh) for _ in range(4)]
