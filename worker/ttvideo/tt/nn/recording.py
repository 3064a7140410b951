"""What the model computes in a step, recorded once as a trace and replayed for each step: the host only starts it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import ttnn

from ttvideo.tt.nn.schedules import KEPT

Predict = Callable[[ttnn.Tensor, ttnn.Tensor], ttnn.Tensor]


class NotRecorded(Exception):
    """ttnn refuses to record it: the trace region is too small, or an operation reaches for the host."""


class Recording:
    """Of a function of two tensors, `predict`, that ran before: kernels are compiled, weights are laid out.

    A replay writes wherever its own tensors were when it was recorded, which is free memory since. So all that outlives
    a replay has its place here, given before recording; whatever else is made must not be used after the next replay.

    x, row: of the shape of what `predict` is given; x also that of what it gives.
    Raises NotRecorded.
    """

    def __init__(self, device: ttnn.MeshDevice, predict: Predict, x: ttnn.Tensor, row: ttnn.Tensor) -> None:
        self._device = device
        self._input, self._row, self._latents = ttnn.clone(x), ttnn.clone(row), ttnn.clone(x)
        self._kept = [ttnn.clone(x) for _ in range(KEPT)]
        self._trace = ttnn.begin_trace_capture(device, cq_id=0)
        try:
            try:
                self._output = predict(self._input, self._row)
            finally:
                ttnn.end_trace_capture(device, self._trace, cq_id=0)
        except RuntimeError as error:
            with suppress(RuntimeError):  # there may be nothing to release
                self.release()
            raise NotRecorded(str(error)) from error

    def predict(self, x: ttnn.Tensor, row: ttnn.Tensor) -> ttnn.Tensor:
        """What it gives, until it is called again."""
        ttnn.copy(x, self._input)
        ttnn.copy(row, self._row)
        ttnn.execute_trace(self._device, self._trace, cq_id=0, blocking=False)
        return self._output

    def place(self, x: ttnn.Tensor) -> ttnn.Tensor:
        """The same, where replays leave it; what was placed before is gone."""
        ttnn.copy(x, self._latents)
        return self._latents

    def keep(self, output: ttnn.Tensor, kept: list[ttnn.Tensor]) -> list[ttnn.Tensor]:
        """`output` and those kept before it, the latest first, where replays leave them."""
        for place in range(len(kept), 0, -1):
            ttnn.copy(self._kept[place - 1], self._kept[place])
        ttnn.copy(output, self._kept[0])
        return self._kept[: len(kept) + 1]

    def release(self) -> None:
        ttnn.release_trace(self._device, self._trace)
