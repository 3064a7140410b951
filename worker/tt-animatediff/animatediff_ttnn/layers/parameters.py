"""Weights on their way from a state dict to the device."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import ttnn


class Parameters:
    """The weights below one name of a state dict.

    state: name -> tensor, float of any width; read one by one, so it may be a file.
    device: a ttnn.Device or ttnn.MeshDevice; every chip of a mesh gets a copy, or its part of what is `split`.
    dtype: of matrices, ttnn.bfloat16 or ttnn.bfloat8_b; vectors are always bfloat16.
    cache: a folder for what was prepared, which must belong to this checkpoint, board, mesh and dtype alone. What lies
        there is not read from `state` again.
    """

    def __init__(
        self,
        state: Mapping[str, torch.Tensor],
        device: ttnn.Device,
        dtype: ttnn.DataType = ttnn.bfloat16,
        cache: Path | None = None,
    ) -> None:
        self.device = device
        self._state, self._dtype, self._cache, self._prefix = state, dtype, cache, ""
        self._read: set[str] = set()

    def below(self, *names: object) -> Parameters:
        """Those of a part: `below("down_blocks", 0)`."""
        part = Parameters(self._state, self.device, self._dtype, self._cache)
        part._prefix, part._read = self._prefix + "".join(f"{name}." for name in names), self._read
        return part

    def __contains__(self, name: str) -> bool:
        """Whether there is such a weight, or such a part of which there are weights."""
        whole = self._prefix + name
        return whole in self._state or any(key.startswith(f"{whole}.") for key in self._state)

    def count(self, name: str) -> int:
        """How many numbered parts there are: 2 when there are `name.0` and `name.1`."""
        number = 0
        while f"{name}.{number}" in self:
            number += 1
        return number

    def read(self, name: str) -> torch.Tensor:
        """float32, on the host. Raises KeyError for a weight that is not there."""
        self._read.add(self._prefix + name)
        return self._state[self._prefix + name].float()

    def matrix(self, name: str = "weight") -> ttnn.Tensor:
        """[in, out] of a linear layer's [out, in] or a 1x1 convolution's [out, in, 1, 1]."""
        return self.prepared(name, lambda weight: weight.flatten(1).T, name)

    def row(self, name: str = "bias") -> ttnn.Tensor:
        """[1, n] of a vector [n]."""
        return self.prepared(name, lambda vector: vector[None], name, dtype=ttnn.bfloat16)

    def chips(self, axis: int | None) -> int:
        """How many are along an axis of the mesh; 1 for none."""
        return 1 if axis is None else int(self.device.shape[axis])

    def sharing(self, count: int, axis: int | None) -> int | None:
        """The axis, if several chips along it can have equal shares of `count` heads or channels; else None: all."""
        chips = self.chips(axis)
        return axis if chips > 1 and count % chips == 0 else None

    def prepared(
        self,
        name: str,
        make: Callable[..., torch.Tensor],
        *sources: str,
        dtype: ttnn.DataType | None = None,
        axis: int | None = None,
        split: int = 0,
    ) -> ttnn.Tensor:
        """What `make` makes of the weights called `sources`, in tiles on the device; with a cache it is made once.

        axis: of the mesh, along which each chip gets its part of the rows (`split` 0) or columns (1) of the matrix.
        """
        kept = name if axis is None else f"{name}.split{axis}"
        file = self._cache / f"{self._prefix}{kept}.tensorbin" if self._cache else None
        self._read.update(self._prefix + source for source in sources)
        if file is not None and file.exists():
            return ttnn.to_device(ttnn.load_tensor(str(file)), self.device)
        made = make(*(self.read(source) for source in sources)).contiguous()
        mapper = self._everywhere() if axis is None else self._along(axis, split)
        host = ttnn.from_torch(made, dtype=dtype or self._dtype, layout=ttnn.TILE_LAYOUT, mesh_mapper=mapper)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f"{os.getpid()}-{file.name}")
            ttnn.dump_tensor(str(beside), host)
            beside.replace(file)
        return ttnn.to_device(host, self.device)

    def host(self, values: torch.Tensor) -> ttnn.Tensor:
        """bfloat16 on the host, row-major, for an op that lays its weights out itself."""
        return ttnn.from_torch(values.contiguous(), dtype=ttnn.bfloat16, mesh_mapper=self._everywhere())

    def constant(
        self, values: torch.Tensor, dtype: ttnn.DataType = ttnn.bfloat16, layout: ttnn.Layout = ttnn.TILE_LAYOUT
    ) -> ttnn.Tensor:
        """A table that is no weight, on the device."""
        return ttnn.from_torch(
            values.contiguous(), dtype=dtype, layout=layout, device=self.device, mesh_mapper=self._everywhere()
        )

    def unread(self) -> list[str]:
        """Names of the state dict below here that nothing asked for: parts of a model that were not built."""
        return sorted(name for name in self._state if name.startswith(self._prefix) and name not in self._read)

    def _everywhere(self) -> ttnn.TensorToMesh | None:
        single = self.device.get_num_devices() == 1
        return None if single else ttnn.ReplicateTensorToMesh(self.device)

    def _along(self, axis: int, split: int) -> ttnn.TensorToMesh:
        dims = (split, None) if axis == 0 else (None, split)
        return ttnn.ShardTensor2dMesh(self.device, mesh_shape=tuple(self.device.shape), dims=dims)
