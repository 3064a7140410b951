"""The numbers of each ttnn tensor, and when to let go of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
import ttnn

from ttvideo.tt.mock.golden.rounding import INTEGERS, rounded

Values: TypeAlias = list[torch.Tensor]
"""One for each chip, along the rows of the mesh, or a single one that all of them have. float32 or int64."""


class GoldenError(RuntimeError):
    """There is no number that can be vouched for."""


@dataclass
class Known:
    tensor: ttnn.Tensor
    values: Values
    born: int
    """Later tensors have larger numbers."""
    lost: bool = False


class Store:
    """By the Python object: tensors of ttnn take no attributes and no weak references."""

    def __init__(self, round_results: bool) -> None:
        self._round = round_results
        self._known: dict[int, Known] = {}
        self.born = 0

    def sweep(self) -> None:
        """Forget the tensors that nobody else holds, so that the board's memory is freed as in a run without us."""
        # Two: Known's own reference and the argument of getrefcount.
        for key in [key for key, known in self._known.items() if sys.getrefcount(known.tensor) <= 2]:
            del self._known[key]

    def forget(self, tensor: ttnn.Tensor) -> None:
        self._known.pop(id(tensor), None)

    def clear(self) -> None:
        self._known.clear()

    def bind(self, tensor: ttnn.Tensor, values: Sequence[object]) -> None:
        """Raises GoldenError for what is no tensor of this one's shape; leading ones do not count."""
        shape = tuple(tensor.shape)
        fitted = []
        for value in values:
            if not isinstance(value, torch.Tensor) or _bare(value.shape) != _bare(shape):
                found = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
                raise GoldenError(f"torch gives {found}, the board {shape}")
            fitted.append(self._as(value.reshape(shape), tensor.dtype))
        self._put(tensor, fitted)

    def bind_prepared(self, tensor: ttnn.Tensor, values: Values) -> None:
        """Weights that lie on the board in another shape keep torch's."""
        self._put(tensor, [self._as(value, tensor.dtype) for value in values])

    def overwrite(self, tensor: ttnn.Tensor, values: Values) -> None:
        """The tensor's memory has other numbers now, and so have all tensors on the same memory."""
        self.bind(tensor, values)
        for known in list(self._known.values()):
            if known.tensor is not tensor and _same_memory(known.tensor, tensor):
                self.bind(known.tensor, [value.reshape(tuple(known.tensor.shape)) for value in values])

    def lose(self, born: int) -> None:
        """What was made on the board after `born`, in memory that was free then, has no number any more."""
        known = [known for known in self._known.values() if ttnn.is_tensor_storage_on_device(known.tensor)]
        older = [each.tensor for each in known if each.born <= born]
        for each in known:
            if each.born > born and not any(_same_memory(each.tensor, other) for other in older):
                each.lost = True

    def of(self, tensor: ttnn.Tensor) -> Values | None:
        """None when nothing is known of it; the numbers of a tensor on the host are its own."""
        if (known := self._known.get(id(tensor))) is not None:
            if known.lost:
                raise GoldenError("it was made after a trace was recorded, whose replay may have written over it")
            return known.values
        if not ttnn.is_tensor_storage_on_device(tensor):
            return None
        # Another Python object for memory that we know.
        for known in self._known.values():
            if tuple(known.tensor.shape) == tuple(tensor.shape) and _same_memory(known.tensor, tensor):
                return known.values
        return None

    def _put(self, tensor: ttnn.Tensor, values: Values) -> None:
        before = self._known.get(id(tensor))
        self.born += 1
        self._known[id(tensor)] = Known(tensor, values, self.born if before is None else before.born)

    def _as(self, value: torch.Tensor, dtype: ttnn.DataType) -> torch.Tensor:
        if dtype in INTEGERS:
            return value.long()
        return rounded(value.float(), dtype) if self._round else value.float()


def tensors(*places: Any) -> Iterator[ttnn.Tensor]:
    """All tensors in arguments or results, however they are nested."""
    for place in places:
        if isinstance(place, ttnn.Tensor):
            yield place
        elif isinstance(place, dict):
            yield from tensors(*place.values())
        elif isinstance(place, (list, tuple)):
            yield from tensors(*place)


def merged(values: Values) -> Values:
    """A single one where all chips have the same."""
    first, *others = values
    return [first] if all(other is first or torch.equal(other, first) for other in others) else values


def _bare(shape: Sequence[int]) -> tuple[int, ...]:
    sizes = [int(size) for size in shape]
    while sizes and sizes[0] == 1:
        del sizes[0]
    return tuple(sizes)


def _same_memory(one: ttnn.Tensor, other: ttnn.Tensor) -> bool:
    if not (ttnn.is_tensor_storage_on_device(one) and one.is_allocated() and other.is_allocated()):
        return False
    return bool(one.buffer_unique_id() == other.buffer_unique_id() and one.buffer_address() == other.buffer_address())
