"""What each fusion in AnimateDiff's program saves a step: it is undone, and the operations are counted on a mock board.

    TTVIDEO_BOARD=n150 build/ttnn/bin/python bench/fusions.py          # 512x512, 16 frames, with guidance; minutes

The time is the roofline, which leaves out what starting an operation costs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from ttvideo import families
from ttvideo.families.preflight import subject
from ttvideo.tt import boards
from ttvideo.tt.engine.opening import L1_SMALL_SIZE
from ttvideo.tt.mock import toolchain


@contextmanager
def gelu_apart() -> Iterator[None]:
    import ttnn

    fused = ttnn.linear

    def linear(*args: Any, activation: str | None = None, **kwargs: Any) -> Any:
        y = fused(*args, **kwargs)
        return ttnn.gelu(y) if activation == "gelu" else y

    with patch("ttnn.linear", linear):
        yield


@contextmanager
def times_added_to_all_tokens() -> Iterator[None]:
    import ttnn

    from ttvideo.tt.nn.conv import Conv2d

    def call(self: Conv2d, x: Any, shift: Any = None) -> Any:
        y = self._fitting(x, self.bias)
        return y if shift is None else ttnn.add(y, shift)

    with patch.object(Conv2d, "__call__", call):
        yield


@contextmanager
def queries_keys_values_apart() -> Iterator[None]:
    import ttnn

    from animatediff_ttnn.layers.attention import SelfAttention

    weights: dict[int, list[Any]] = {}

    def call(self: SelfAttention, x: Any) -> Any:
        width, rows = self.heads.width, x.shape[2]
        if id(self) not in weights:
            into = self.qkv.shape[0]
            cuts = [((0, start * width), (into, (start + 1) * width)) for start in range(3)]
            weights[id(self)] = [ttnn.slice(self.qkv, *cut) for cut in cuts]

        def heads(weight: Any) -> Any:
            y = ttnn.linear(x, weight, core_grid=self.heads.grid)
            y = ttnn.reshape(y, (rows // self.sequence, 1, self.sequence, width))
            return ttnn.experimental.nlp_create_qkv_heads(y, num_heads=self.heads.heads, num_kv_heads=0)[0]

        q, k, v = (heads(weight) for weight in weights[id(self)])
        return self.heads.attend(q, k, v, self.mask)

    with patch.object(SelfAttention, "__call__", call):
        yield


@contextmanager
def text_read_in_each_step() -> Iterator[None]:
    import ttnn

    from animatediff_ttnn.layers.attention import CrossAttention

    given: dict[int, Any] = {}
    read, call = CrossAttention.read, CrossAttention.__call__

    def keep(self: CrossAttention, text: Any) -> Any:
        given[id(self)] = text
        return read(self, text)

    def again(self: CrossAttention, x: ttnn.Tensor, _text: Any) -> ttnn.Tensor:
        return call(self, x, read(self, given[id(self)]))

    with patch.object(CrossAttention, "read", keep), patch.object(CrossAttention, "__call__", again):
        yield


FUSIONS: dict[str, AbstractContextManager[None]] = {
    "as it is": nullcontext(),
    "GELU an operation of its own": gelu_apart(),
    "queries, keys and values three products": queries_keys_values_apart(),
    "the text's keys and values in each step": text_read_in_each_step(),
    "a step's time added to all tokens, not to the bias": times_added_to_all_tokens(),
}


def main() -> None:
    system = boards.system_named(os.environ.get("TTVIDEO_BOARD", "n150"))
    assert system is not None, "TTVIDEO_BOARD names no system"
    tried = subject(*families.fitted("animatediff", {"width": 512, "height": 512, "frames": 16}))
    toolchain.setup(system)
    import ttnn

    from ttvideo.tt.mock.report import captured
    from ttvideo.tt.mock.trial import denoised

    shape = ttnn.MeshShape(1, 1)
    mesh = ttnn.open_mesh_device(shape, l1_small_size=L1_SMALL_SIZE, **toolchain.open_kwargs(system))
    print(f"| {system.title} | operations | at least |", "|---|---|---|", sep="\n", flush=True)
    for name, undone in FUSIONS.items():
        with undone:
            denoising = denoised(mesh, tried)
            next(denoising), next(denoising)
            with captured(mesh, system.board) as capture:
                next(denoising)
        del denoising
        print(f"| {name} | {capture.report.operations} | {capture.report.seconds:.4f} s |", flush=True)


if __name__ == "__main__":
    main()
