"""Opens and closes the mesh. ttnn is imported when it is first opened."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt import boards
from ttvideo.tt.engine.opening import Opening

if TYPE_CHECKING:
    import ttnn


class Mesh:
    """At most one mesh is open; `kept` is what programs keep on it."""

    def __init__(self) -> None:
        self._device: ttnn.MeshDevice | None = None
        self._fabric = False
        self._simulated: boards.System | None = None
        self._numbers = ExitStack()
        self.kept: dict[str, Any] = {}

    @property
    def device(self) -> ttnn.MeshDevice:
        if self._device is None:
            raise WorkerError(ErrorKind.WRONG_STATE, "No mesh is open.", "Open one first.")
        return self._device

    def open(self, opening: Opening) -> None:
        """Close what is open, then open this. Raises what ttnn raises."""
        self.close()
        self._simulate()
        import ttnn

        fabric = opening.fabric or ("FABRIC_1D" if opening.chips > 1 else "")
        if fabric:
            # Before the mesh: the fabric's routers are started with it.
            ttnn.set_fabric_config(ttnn.FabricConfig.__members__[fabric])
            self._fabric = True
        arguments: dict[str, Any] = {}
        dispatch = opening.dispatch
        if self._simulated is not None and not dispatch:
            from ttvideo.tt.mock import toolchain

            dispatch = toolchain.dispatch(self._simulated)
        if dispatch:
            cores, axis = dispatch.upper().replace("ETHERNET", "ETH").split()
            arguments["dispatch_core_config"] = ttnn.DispatchCoreConfig(
                ttnn.DispatchCoreType.__members__[cores], ttnn.DispatchCoreAxis.__members__[axis]
            )
        try:
            self._device = ttnn.open_mesh_device(
                ttnn.MeshShape(*opening.mesh),
                l1_small_size=opening.l1_small_size,
                trace_region_size=opening.trace_region_size,
                **arguments,
            )
        except Exception:
            self.close()
            raise
        if self._simulated is not None:
            from ttvideo.tt.mock import golden

            self._numbers.enter_context(golden.shadow())

    def _simulate(self) -> None:
        """With TTVIDEO_BOARD there is a mock board, whatever is really here, and torch computes what it is to compute.

        Once, and before ttnn is imported.
        """
        name = os.environ.get("TTVIDEO_BOARD", "").strip()
        if not name or self._simulated is not None:
            return
        from ttvideo.tt.mock import toolchain

        system = boards.system_named(name)
        assert system is not None, "the worker looks for the boards first"
        # The worker starts the engine in a folder of our cache.
        toolchain.setup(system, Path.cwd().parent / "mock")
        self._simulated = system

    def close(self) -> None:
        # What lies on the mesh goes first: a tensor must not outlive its device.
        self.kept.clear()
        self._numbers.close()
        if self._device is None and not self._fabric:
            return
        import ttnn

        device, self._device = self._device, None
        if device is not None:
            ttnn.synchronize_device(device)
            ttnn.close_mesh_device(device)
        if self._fabric:
            ttnn.set_fabric_config(ttnn.FabricConfig.DISABLED)
            self._fabric = False

    def memory(self) -> dict[str, int]:
        """Bytes on all chips together, and how many programs are cached."""
        import ttnn

        device = self.device
        facts = {"programs": device.num_program_cache_entries()}
        for name in ("DRAM", "L1"):
            view = ttnn.get_memory_view(device, ttnn.BufferType.__members__[name])
            banks = view.num_banks * device.get_num_devices()
            facts[f"{name.lower()}_used"] = view.total_bytes_allocated_per_bank * banks
            facts[f"{name.lower()}_total"] = view.total_bytes_per_bank * banks
        return facts
