"""Points ttnn at a mock board, and at a compiler that does not compile.

ttnn's package is left as it is: what it runs with is a folder of links to it. Kernels of mock boards have a cache of
their own, because tt-metal would take one of them for a real kernel.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttvideo.tt import boards
from ttvideo.tt.mock import description, elf

COMPILER = Path("compiler", "bin", "riscv-tt-elf-g++")
INSTALLED = Path("/opt/tenstorrent/sfpi")
"""Where Tenstorrent's packages put the compiler; tt-metal looks there, too."""


def setup(system: boards.System, folder: Path | None = None) -> None:
    """Give this process the boards of `system`, before the first import of ttnn; later it can have no others.

    `folder` keeps links, kernels and logs from one process to the next; by default it is in our cache folder, which
    takes ttvideo's own dependencies to find.
    Raises RuntimeError when ttnn is imported already, and ModuleNotFoundError without ttnn.
    """
    if "ttnn" in sys.modules:
        if Path(os.environ.get("TT_METAL_MOCK_CLUSTER_DESC_PATH", "")).stem == system.id:
            return
        raise RuntimeError("ttnn is imported already: which boards there are is decided before.")
    spec = importlib.util.find_spec("ttnn")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("There is no ttnn in this Python.", name="ttnn")
    package = Path(spec.origin).parent
    if folder is None:
        from ttvideo.state import cache_folder

        folder = cache_folder() / "mock"
    os.environ.update(environment(system, package, folder, os.environ))
    # They name real chips, and a mesh of the real machine.
    for name in ("TT_VISIBLE_DEVICES", "MESH_DEVICE", "TT_MESH_GRAPH_DESC_PATH", "TT_METAL_ARCH_NAME", "ARCH_NAME"):
        os.environ.pop(name, None)


def environment(
    system: boards.System, package: Path, folder: Path, given: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The environment variables that make it so; writes what they name below `folder`. `package` is ttnn's."""
    boards_file = folder / "boards" / f"{system.id}.yaml"
    _write(boards_file, description.write(system).encode())
    wanted = {
        "TT_METAL_MOCK_CLUSTER_DESC_PATH": str(boards_file),
        "TT_METAL_LOGS_PATH": str(folder / "logs"),
        "TT_LOGGER_LEVEL": given.get("TT_LOGGER_LEVEL", "fatal"),
        "LOGURU_LEVEL": given.get("LOGURU_LEVEL", "ERROR"),
        # A server that tells of running kernels: there are none.
        "TT_METAL_INSPECTOR": "0",
    }
    if real_compiler(package, given) is not None:
        return {**wanted, "TT_METAL_CACHE": str(folder / "kernels-real")}
    standin = Path(__file__).with_name("compiler.sh").read_bytes()
    program = elf.nothing()
    root = folder / f"ttnn-{zlib.crc32(str(package).encode()):08x}"
    _link(package, root)
    compiler = root / "runtime" / "sfpi" / COMPILER
    _write(compiler.with_name("nothing.elf"), program)
    _write(compiler, standin, mode=0o755)
    kernels = folder / f"kernels-{zlib.crc32(standin + program):08x}"
    return {**wanted, "TT_METAL_RUNTIME_ROOT": str(root), "TT_METAL_CACHE": str(kernels)}


def real_compiler(package: Path, given: Mapping[str, str] = os.environ) -> Path | None:
    """Tenstorrent's own compiler, where tt-metal would find it; then mock boards use it, too."""
    home = given.get("TT_METAL_HOME")
    for folder in (package / "runtime/sfpi", *([Path(home) / "runtime/sfpi"] if home else []), INSTALLED):
        with contextlib.suppress(OSError), open(folder / COMPILER, "rb") as file:
            if file.read(4) == b"\x7fELF":
                return folder / COMPILER
    return None


def dispatch(system: boards.System) -> str:
    """Which cores dispatch, as engine.opening.Opening takes it; empty for ttnn's own choice.

    Where chips hang behind others ttnn takes Ethernet cores. On mock boards 0.81.1 then lets programs use 8x8 cores and
    checks them against 8x7; with a row of Tensix cores both are 8x7.
    """
    return "worker row" if system.board.nodes < system.board.chips else ""


def open_kwargs(system: boards.System) -> dict[str, Any]:
    """The same as arguments of ttnn.open_mesh_device."""
    if not dispatch(system):
        return {}
    import ttnn

    rows = ttnn.DispatchCoreConfig(ttnn.DispatchCoreType.WORKER, ttnn.DispatchCoreAxis.ROW)
    return {"dispatch_core_config": rows}


def _link(package: Path, root: Path) -> None:
    """Everything in ttnn's package under another root, but for its compiler."""
    runtime = root / "runtime"
    runtime.mkdir(parents=True, exist_ok=True)
    for source, target, own in ((package, root, "runtime"), (package / "runtime", runtime, "sfpi")):
        for entry in source.iterdir():
            if entry.name in (own, "__pycache__"):
                continue
            link = target / entry.name
            if not link.is_symlink() or link.readlink() != entry:
                link.unlink(missing_ok=True)
                with contextlib.suppress(FileExistsError):  # another process was quicker
                    link.symlink_to(entry)


def _write(file: Path, contents: bytes, mode: int = 0o644) -> None:
    """Whole or not at all; left alone when it is so already, for another process may be using it."""
    if file.exists() and file.read_bytes() == contents:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_bytes(contents)
    beside.chmod(mode)
    beside.replace(file)
