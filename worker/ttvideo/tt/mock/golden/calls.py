"""What happens at each operation that a program calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import ttnn
from ttnn.decorators import FastOperation

from ttvideo.tt.mock.golden import alone, together
from ttvideo.tt.mock.golden.rounding import INTEGERS
from ttvideo.tt.mock.golden.values import GoldenError, Store, Values, merged, tensors

RUN = FastOperation.__call__
RESULT_ARGUMENTS = ("output_tensor", "optional_output_tensor", "optional_tensor", "out")
# Which argument they write to.
WRITERS = {"copy": 1, "copy_host_to_device_tensor": 1, "experimental.slice_write": 1}
WITHOUT_NUMBERS = {"synchronize_device", "allocate_tensor_on_device", "allocate_tensor_on_host"}
# A recorded program has no host in it.
TRANSFERS = {"to_torch", "from_device", "to_device", "from_torch", "as_tensor", "copy_host_to_device_tensor"}


@dataclass(frozen=True)
class Call:
    op: FastOperation
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any

    @property
    def name(self) -> str:
        return str(self.op.python_fully_qualified_name).removeprefix("ttnn.")


class Shadow:
    """The numbers beside a program. `operations` counts its calls by name."""

    def __init__(self, rounded: bool) -> None:
        self.operations: Counter[str] = Counter()
        self._store = Store(rounded)
        self._rounded = rounded
        self._inside = 0
        self._recording: list[Call] | None = None
        self._traces: dict[int, tuple[list[Call], int]] = {}

    # What programs call

    def call(self, op: FastOperation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """An operation: run it on the board, then compute it."""
        if self._inside:
            return RUN(op, *args, **kwargs)
        # A copy: ttnn takes some out of the arguments.
        call = Call(op, args, dict(kwargs), None)
        self._check(call)
        self._store.sweep()
        if call.name == "to_torch" and isinstance(given(args, kwargs, 0, "tensor"), ttnn.Tensor):
            return self.to_torch(*args, **kwargs)
        result = self.run(lambda: RUN(op, *args, **kwargs))
        if call.name == "deallocate":
            for tensor in tensors(args, kwargs):
                self._store.forget(tensor)
        elif call.name not in WITHOUT_NUMBERS and (any(tensors(result)) or call.name in WRITERS):
            call = Call(op, args, call.kwargs, result)
            self.operations[call.name] += 1
            self._compute(call)
            if self._recording is not None:
                self._recording.append(call)
        return result

    def function(self, function: Callable[..., Any], compute: Callable[..., None]) -> Callable[..., Any]:
        """A function of ttnn that is no operation; `compute(shadow, args, kwargs, result)` gives the numbers."""

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return function(*args, **kwargs)
            self._store.sweep()
            result = self.run(lambda: function(*args, **kwargs))
            compute(self, args, kwargs, result)
            return result

        return wrapped

    def to_torch(
        self, tensor: ttnn.Tensor, *, mesh_composer: Any = None, dtype: torch.dtype | None = None, **_: Any
    ) -> torch.Tensor:
        """What ttnn.to_torch would give: in the tensor's data type, or in float32 when nothing is rounded."""
        values = self.values(tensor)
        if mesh_composer is not None:
            value = self._composed(tensor, values, mesh_composer)
        elif len(values) == 1:
            value = values[0].clone()
        else:
            raise GoldenError(f"the {len(values)} chips have different numbers: to_torch takes a mesh_composer")
        if dtype is not None:
            return value.to(dtype)
        return value.bfloat16() if self._rounded and tensor.dtype == ttnn.bfloat16 else value

    def begin_trace(self) -> int:
        """ttnn 0.81.1 crashes when it records a program on a mock board; here it is run, and remembered."""
        if self._recording is not None:
            raise GoldenError("begin_trace_capture within a trace")
        self._recording = []
        return len(self._traces) + 1

    def end_trace(self, number: int) -> None:
        if self._recording is None:
            raise GoldenError("end_trace_capture without a begin")
        self._traces[number], self._recording = (self._recording, self._store.born), None

    def execute_trace(self, number: int) -> None:
        calls, recorded = self._traces[number]
        self._store.sweep()
        self._store.lose(recorded)
        for call in calls:
            self._compute(call)

    def release_trace(self, number: int) -> None:
        self._traces[number] = [], 0

    # What the functions that compute need

    def values(self, tensor: ttnn.Tensor) -> Values:
        """Raises GoldenError for a tensor on the board that was made outside the shadow."""
        values = self._store.of(tensor)
        if values is not None:
            return values
        if ttnn.is_tensor_storage_on_device(tensor):
            raise GoldenError(f"no numbers are known of the tensor {tuple(tensor.shape)}: it was made outside")
        parts = self.run(lambda: [_exact(ttnn.to_torch(part)) for part in ttnn.get_device_tensors(tensor)])
        return merged(parts)

    def run(self, function: Callable[[], Any]) -> Any:
        """Call ttnn for real, without numbers for what it calls in turn."""
        self._inside += 1
        try:
            return function()
        finally:
            self._inside -= 1

    def bind(self, tensor: ttnn.Tensor, values: Values) -> None:
        self._store.bind(tensor, values)

    def bind_prepared(self, tensor: ttnn.Tensor, values: Values) -> None:
        self._store.bind_prepared(tensor, values)

    def width(self, *places: Any) -> int:
        """1, or the number of chips when they have different numbers."""
        return max((len(self.values(tensor)) for tensor in tensors(places)), default=1)

    def on_chip(self, place: Any, chip: int) -> Any:
        """An argument with the numbers that a chip has, instead of tensors."""
        if isinstance(place, ttnn.Tensor):
            values = self.values(place)
            return values[chip if len(values) > 1 else 0]
        if isinstance(place, ttnn.Shape):
            return tuple(int(size) for size in place)
        if isinstance(place, (list, tuple)) and any(tensors(place)):
            return type(place)(self.on_chip(part, chip) for part in place)
        return place

    def forget(self) -> None:
        self._store.clear()
        self._traces.clear()

    def _check(self, call: Call) -> None:
        if self._recording is not None and call.name in TRANSFERS:
            raise GoldenError(f"ttnn.{call.name} within a trace, where no transfer from or to the host is allowed")
        if call.name == "deallocate":
            return
        for tensor in tensors(call.args, call.kwargs):
            if not tensor.is_allocated():  # ttnn 0.81.1 would end the process
                raise GoldenError(f"ttnn.{call.name}: the tensor {tuple(tensor.shape)} was deallocated")
            if call.name == "dump_tensor" and ttnn.is_tensor_storage_on_device(tensor):
                raise GoldenError("ttnn.dump_tensor: the memory of a mock board would be written to the file")

    def _compute(self, call: Call) -> None:
        try:
            with torch.no_grad():
                self._bind_results(call)
        except GoldenError as error:
            raise GoldenError(f"ttnn.{call.name}: {error}") from error
        except Exception as error:
            raise GoldenError(f"ttnn.{call.name}: torch failed: {type(error).__name__}: {error}") from error

    def _bind_results(self, call: Call) -> None:
        if call.name in together.FUNCTIONS:
            values = together.FUNCTIONS[call.name](self, call)
            if values is None:
                return
        else:
            values = self._each_chip(call)
        if call.name in WRITERS:
            self._store.overwrite(call.args[WRITERS[call.name]], values)
        if any(tensors(call.result)):
            self._bind_nested(call.result, values)
        if call.name.endswith("_") and not call.name.endswith("__"):
            self._store.overwrite(call.args[0], values)
        for name in RESULT_ARGUMENTS:
            if isinstance(call.kwargs.get(name), ttnn.Tensor):
                self._store.overwrite(call.kwargs[name], values)

    def _each_chip(self, call: Call) -> list[Any]:
        function = alone.FUNCTIONS.get(call.name) or call.op.golden_function
        if function is None:
            raise GoldenError("there is no torch function for it: add one to ttvideo.tt.mock.golden.alone")
        kwargs = {
            name: value for name, value in call.kwargs.items() if name not in (*RESULT_ARGUMENTS, "queue_id", "cq_id")
        }
        return [
            function(
                *(self.on_chip(arg, chip) for arg in call.args),
                **{name: self.on_chip(value, chip) for name, value in kwargs.items()},
            )
            for chip in range(self.width(call.args, kwargs))
        ]

    def _bind_nested(self, result: Any, values: list[Any]) -> None:
        if isinstance(result, ttnn.Tensor):
            self._store.bind(result, values)
        elif isinstance(result, (list, tuple)):
            for index, part in enumerate(result):
                self._bind_nested(part, [value[index] for value in values])

    def _composed(self, tensor: ttnn.Tensor, values: Values, composer: Any) -> torch.Tensor:
        """By ttnn's own composer, of exact tensors on the host."""
        mesh = tensor.device() if ttnn.is_tensor_storage_on_device(tensor) else None
        chips = mesh.get_num_devices() if mesh else len(values)
        whole = tensor.dtype in INTEGERS

        def compose() -> torch.Tensor:
            parts = [
                ttnn.from_torch(value.int() if whole else value.contiguous())
                for value in (values if len(values) > 1 else values * chips)
            ]
            host = ttnn.from_host_shards(parts, mesh.shape if mesh else ttnn.MeshShape(1, chips))
            return _exact(ttnn.to_torch(host, mesh_composer=composer))

        composed: torch.Tensor = self.run(compose)
        return composed


def given(args: tuple[Any, ...], kwargs: dict[str, Any], place: int, name: str, default: Any = None) -> Any:
    """An argument, by place or name."""
    return args[place] if len(args) > place else kwargs.get(name, default)


def _exact(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.dtype.is_floating_point else value.long()
