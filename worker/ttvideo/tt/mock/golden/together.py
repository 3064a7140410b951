"""Operations whose numbers take more than one chip's: transfers, collectives, and those with prepared weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
import ttnn

from ttvideo.tt.mock.golden.rounding import INTEGERS
from ttvideo.tt.mock.golden.values import GoldenError, Values, merged

if TYPE_CHECKING:
    from ttvideo.tt.mock.golden.calls import Call, Shadow

TILE = 32


def _argument(call: Call, place: int, name: str, default: Any = None) -> Any:
    return call.args[place] if len(call.args) > place else call.kwargs.get(name, default)


def from_torch(shadow: Shadow, call: Call) -> Values:
    tensor = _argument(call, 0, "tensor")
    exact = tensor.long() if call.result.dtype in INTEGERS else tensor.float()
    mapper = call.kwargs.get("mesh_mapper")
    if mapper is None:
        return [exact]
    # ttnn's own mapper splits it, on the host.
    host = shadow.run(
        lambda: ttnn.from_torch(
            exact.int() if call.result.dtype in INTEGERS else exact.contiguous(), mesh_mapper=mapper
        )
    )
    return shadow.values(host)


def load_tensor(shadow: Shadow, call: Call) -> Values:
    """From the file once more, to the host."""
    file = _argument(call, 0, "file_name")
    return shadow.values(shadow.run(lambda: ttnn.load_tensor(file)))


def same(shadow: Shadow, call: Call) -> Values | None:
    """Moved, or laid out otherwise."""
    tensor = _argument(call, 0, "tensor", call.kwargs.get("input_tensor"))
    values = shadow.values(tensor)
    if tuple(values[0].shape) == tuple(tensor.shape):
        return values
    shadow.bind_prepared(call.result, values)
    return None


def padded(shadow: Shadow, call: Call) -> Values:
    """Cut off or filled up to the result's shape."""
    shape = tuple(call.result.shape)
    fill = _argument(call, 2, "pad_value", 0.0) if call.name == "tilize_with_val_padding" else 0.0
    values = []
    for value in shadow.values(call.args[0]):
        cut = value[tuple(slice(0, size) for size in shape)]
        missing = [size - there for size, there in zip(shape, cut.shape, strict=True)]
        values.append(F.pad(cut, [side for size in reversed(missing) for side in (0, size)], value=fill))
    return values


def conv2d(shadow: Shadow, call: Call) -> None:
    arguments = {**dict(zip(("input_tensor", "weight_tensor"), call.args, strict=False)), **call.kwargs}
    x, weight, bias = (arguments.pop(name, None) for name in ("input_tensor", "weight_tensor", "bias_tensor"))
    wanted = [arguments.pop(name, False) for name in ("return_output_dim", "return_weights_and_bias")]
    for name in ("dtype", "device"):
        arguments.pop(name, None)
    tensors = [tensor for tensor in (x, weight, bias) if tensor is not None]
    chips = range(shadow.width(tensors))
    results = call.result if any(wanted) else [call.result]
    shadow.bind(
        results[0],
        [
            call.op.golden_function(
                input_tensor=shadow.on_chip(x, chip),
                weight_tensor=shadow.on_chip(weight, chip),
                bias_tensor=None if bias is None else shadow.on_chip(bias, chip),
                **arguments,
            )
            for chip in chips
        ],
    )
    if wanted[1]:
        for prepared, given in zip(results[-1], (weight, bias), strict=False):
            if prepared is not None and given is not None:
                shadow.bind_prepared(prepared, shadow.values(given))


def group_norm(shadow: Shadow, call: Call) -> Values:
    """Over [N, 1, HW, C] or [N, H, W, C]; weight and bias as they are, or in the chunks that its kernels take."""
    x = _argument(call, 0, "input_tensor")
    groups, eps = call.kwargs["num_groups"], call.kwargs.get("epsilon", 1e-12)
    channels = int(x.shape[-1])

    def row(name: str, chip: int) -> torch.Tensor | None:
        tensor = call.kwargs.get(name)
        return None if tensor is None else _unpacked(shadow.on_chip(tensor, chip), x, call, channels, groups)

    values = []
    for chip in range(shadow.width(call.args, call.kwargs)):
        value = shadow.on_chip(x, chip)
        pictures = value.reshape(value.shape[0], -1, channels).transpose(1, 2)
        normed = F.group_norm(pictures, groups, row("weight", chip), row("bias", chip), eps)
        values.append(normed.transpose(1, 2).reshape(value.shape))
    return values


def _unpacked(packed: torch.Tensor, x: ttnn.Tensor, call: Call, channels: int, groups: int) -> torch.Tensor:
    if packed.numel() == channels:
        return packed.flatten()
    grid, norm = call.kwargs.get("core_grid"), ttnn.operations.normalization
    if x.is_sharded():
        memory = x.memory_config()
        columns = norm.get_group_norm_cores_across_channel(memory.memory_layout, grid, memory.shard_spec.orientation)
    else:
        columns = norm.dram_group_norm_virtual_columns(grid or x.device().core_grid, channels, groups)
    each = channels // columns
    width = -(-each // TILE) * TILE
    if packed.numel() != columns * width:
        raise GoldenError(f"{packed.numel()} numbers for {channels} channels in {columns} columns of {width}")
    return packed.reshape(columns, width)[:, :each].flatten()


def all_gather(shadow: Shadow, call: Call) -> Values:
    dim = _argument(call, 1, "dim")
    return _collective(shadow, call, lambda parts: [torch.cat(parts, dim)] * len(parts))


def reduce_scatter(shadow: Shadow, call: Call) -> Values:
    dim = _argument(call, 1, "dim")
    return _collective(shadow, call, lambda parts: list(torch.stack(parts).sum(0).chunk(len(parts), dim)))


def all_reduce(shadow: Shadow, call: Call) -> Values:
    return _collective(shadow, call, lambda parts: [torch.stack(parts).sum(0)] * len(parts))


def mesh_partition(shadow: Shadow, call: Call) -> Values:
    dim = _argument(call, 1, "dim")
    return _collective(
        shadow, call, lambda parts: [part.chunk(len(parts), dim)[place] for place, part in enumerate(parts)], axis_at=2
    )


def _collective(shadow: Shadow, call: Call, compute: Callable[[Values], Values], axis_at: int = 99) -> Values:
    """`compute` for the chips along an axis of the mesh, or for all of them."""
    tensor = call.args[0]
    values, shape = shadow.values(tensor), tuple(tensor.device().shape)
    axis = _argument(call, axis_at, "cluster_axis")
    chips = torch.arange(tensor.device().get_num_devices()).reshape(shape)
    lines = chips.flatten()[None] if axis is None else chips.movedim(axis, -1).reshape(-1, shape[axis])
    every = values if len(values) > 1 else values * chips.numel()
    done: dict[int, torch.Tensor] = {}
    for line in lines.tolist():
        done |= zip(line, compute([every[chip] for chip in line]), strict=True)
    return merged([done[chip] for chip in range(chips.numel())])


SAME = (
    *("to_device", "from_device", "to_layout", "to_memory_config", "to_dtype", "typecast", "clone", "move"),
    *("reallocate", "interleaved_to_sharded", "sharded_to_interleaved", "reshard", "copy", "assign", "identity"),
    *("copy_host_to_device_tensor", "tilize", "untilize", "tilize_with_zero_padding", "fill_implicit_tile_padding"),
)
FUNCTIONS: dict[str, Callable[[Shadow, Call], Values | None]] = {
    **dict.fromkeys(SAME, same),
    "from_torch": from_torch,
    "as_tensor": from_torch,
    "load_tensor": load_tensor,
    "tilize_with_val_padding": padded,
    "untilize_with_unpadding": padded,
    "conv2d": conv2d,
    "group_norm": group_norm,
    "all_gather": all_gather,
    "experimental.all_gather_async": all_gather,
    "reduce_scatter": reduce_scatter,
    "experimental.reduce_scatter_minimal_async": reduce_scatter,
    "all_reduce": all_reduce,
    "experimental.all_reduce_async": all_reduce,
    "mesh_partition": mesh_partition,
}
