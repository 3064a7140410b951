"""Numbers on mock boards: beside each tensor, what torch computes for it.

    with golden.shadow() as shadow:
        result = ttnn.to_torch(program(...))

ttnn runs each operation on the mock board, which checks it and computes nothing; then torch computes it. Nothing is
guessed: an operation without a torch function, a shape that is not the board's, a tensor whose numbers are not known
raise GoldenError. What cores do otherwise than torch (approximate functions, order of sums) is not in these numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ttvideo.tt.mock.golden import patching
from ttvideo.tt.mock.golden.calls import Shadow
from ttvideo.tt.mock.golden.values import GoldenError

__all__ = ["GoldenError", "Shadow", "pcc", "shadow"]


@contextmanager
def shadow(*, rounded: bool = True) -> Iterator[Shadow]:
    """Every operation called from here has numbers, in float32 on the host.

    `rounded`: each result to its tensor's data type, which estimates what the precision costs. Without it the numbers
    are exact, and show whether a program is right. Raises GoldenError inside another one.
    """
    made = Shadow(rounded)
    with patching.installed(made):
        try:
            yield made
        finally:
            made.forget()


def pcc(made: torch.Tensor, wanted: torch.Tensor) -> float:
    """Pearson's correlation coefficient, the field's measure of how alike two tensors are. NaN if one is constant."""
    pair = torch.stack([made.double().flatten(), wanted.double().flatten()])
    return float(torch.corrcoef(pair)[0, 1])
