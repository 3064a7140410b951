"""Where a shadow is put between a program and ttnn, and taken out again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import ttnn
from ttnn.decorators import FastOperation

from ttvideo.tt.mock.golden.calls import RUN, Shadow
from ttvideo.tt.mock.golden.values import GoldenError

PREPARING = (
    *("prepare_conv_weights", "prepare_conv_bias"),
    *("prepare_conv_transpose2d_weights", "prepare_conv_transpose2d_bias"),
)
READING = ("to_torch", "to_numpy", "to_list", "item")


@contextmanager
def installed(shadow: Shadow) -> Iterator[None]:
    """Raises GoldenError when there is one already."""
    if FastOperation.__call__ is not RUN:
        raise GoldenError("a shadow within a shadow")
    with ExitStack() as stack:
        for owner, name, new in _patches(shadow):
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, new)
        yield


def _patches(shadow: Shadow) -> Iterator[tuple[Any, str, Any]]:
    # Every registered operation is one of these; what it calls in turn is not ours.
    yield FastOperation, "__call__", lambda op, *args, **kwargs: shadow.call(op, args, kwargs)
    yield ttnn.Tensor, "to", shadow.function(ttnn.Tensor.to, _same)
    yield ttnn.Tensor, "cpu", shadow.function(ttnn.Tensor.cpu, _same)
    yield ttnn.Tensor, "reshape", shadow.function(ttnn.Tensor.reshape, _reshaped)
    yield ttnn, "get_device_tensors", shadow.function(ttnn.get_device_tensors, _parts)
    for name in PREPARING:
        yield ttnn, name, shadow.function(getattr(ttnn, name), _prepared)
    for name in READING:
        yield ttnn.Tensor, name, shadow.function(getattr(ttnn.Tensor, name), _unknown)
    yield ttnn, "begin_trace_capture", lambda device, *args, **kwargs: shadow.begin_trace()
    yield ttnn, "end_trace_capture", lambda device, trace, *args, **kwargs: shadow.end_trace(trace)
    yield ttnn, "execute_trace", lambda device, trace, *args, **kwargs: shadow.execute_trace(trace)
    yield ttnn, "release_trace", lambda device, trace, *args, **kwargs: shadow.release_trace(trace)


def _same(shadow: Shadow, args: tuple[Any, ...], kwargs: dict[str, Any], result: ttnn.Tensor) -> None:
    if result is not args[0]:
        shadow.bind(result, shadow.values(args[0]))


def _reshaped(shadow: Shadow, args: tuple[Any, ...], kwargs: dict[str, Any], result: ttnn.Tensor) -> None:
    shadow.bind(result, [value.reshape(tuple(result.shape)) for value in shadow.values(args[0])])


def _parts(shadow: Shadow, args: tuple[Any, ...], kwargs: dict[str, Any], result: list[ttnn.Tensor]) -> None:
    values = shadow.values(args[0])
    for chip, part in enumerate(result):
        shadow.bind(part, [values[chip if len(values) > 1 else 0]])


def _prepared(shadow: Shadow, args: tuple[Any, ...], kwargs: dict[str, Any], result: ttnn.Tensor) -> None:
    given = args[0] if args else kwargs.get("weight_tensor", kwargs.get("bias_tensor"))
    shadow.bind_prepared(result, shadow.values(given))


def _unknown(shadow: Shadow, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
    if ttnn.is_tensor_storage_on_device(args[0]):
        raise GoldenError("read tensors with ttnn.to_torch: the memory of a mock board holds no numbers")
