"""The engine's program that runs one of tt-metal's pipelines."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt.metal import adapters, table, tree

if TYPE_CHECKING:
    import torch

    from ttvideo.tt.engine.session import Session

KEPT = "metal"


def run(session: Session, tensors: dict[str, torch.Tensor], arguments: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Make a clip or a picture: `frames`, uint8 [frames, height, width, 3].

    `arguments` are those of `adapters.Asked`, and `pipeline`, an id of `table.PIPELINES`; `tensors` may have `picture`,
    uint8 [height, width, 3], that a clip begins with. A pipeline stays on the mesh for the next run that asks for the
    same of it. Raises WorkerError: UNSUPPORTED when this tt-metal is another one than ttvideo knows.
    """
    import torch

    pipeline = table.known(str(arguments.get("pipeline")))
    if pipeline is None:
        raise WorkerError(ErrorKind.INTERNAL, "There is no such pipeline of tt-metal's.", "Start the worker again.")
    asked = adapters.Asked.of(arguments, tensors.get("picture"))
    adapter = adapters.ADAPTERS[pipeline.id]
    made = _made(session, pipeline, adapter, asked)
    frames = adapter.draw(made, asked, session, call)
    if frames.shape != (wanted := (asked.frames, asked.height, asked.width, 3)):
        raise WorkerError(
            ErrorKind.BAD_OUTPUT,
            f"tt-metal's {pipeline.title} gave pictures of shape {frames.shape} instead of {wanted}.",
            f"It makes other sizes on this mesh, or is another version than ttvideo knows. {table.HOW}",
        )
    return {"frames": torch.from_numpy(frames)}


def _made(session: Session, pipeline: table.Pipeline, adapter: adapters.Adapter, asked: adapters.Asked) -> Any:
    """The pipeline on the mesh; one that was made for other sizes goes first, for two do not fit."""
    key = (pipeline.id, *adapter.baked(asked))
    kept = session.kept.get(KEPT)
    if kept and kept[0] == key:
        return kept[1]
    session.kept.pop(KEPT, None)
    del kept
    session.phase("loading")
    shape = tuple(session.mesh.shape)
    with _environment(pipeline, shape):
        made = adapter.make(_class(pipeline), session.mesh, asked, call)
    session.kept[KEPT] = (key, made)
    return made


def _class(pipeline: table.Pipeline) -> type:
    """Raises WorkerError: NOT_FOUND without tt-metal, UNSUPPORTED if it has no such class or cannot be imported."""
    found = tree.find()
    if found is None:
        raise WorkerError(
            ErrorKind.NOT_FOUND, "TT_METAL_HOME names no folder of tt-metal.", f"Set it to one. {table.HOW}"
        )
    # As tt-metal's own demos are run: from its folder. Weights are ttvideo's, so nothing may be fetched.
    if str(found.folder) not in sys.path:
        sys.path.insert(0, str(found.folder))
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        module = importlib.import_module(pipeline.module)
        made: type = getattr(module, pipeline.name)
    except (ImportError, AttributeError) as error:
        environment = f"set TTVIDEO_TTNN_PYTHON to {found.python}" if found.python else table.HOW
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"tt-metal's {pipeline.title} cannot be imported: {error}.",
            f"It needs the environment of the same tt-metal, {found}: {environment}",
        ) from error
    return made


def call(function: Callable[..., Any], given: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Any:
    """Call a function of tt-metal's with `given`, and with what of `optional` it knows.

    Raises WorkerError(UNSUPPORTED) if it does not take `given`: its parameters change from version to version.
    """
    signature = inspect.signature(function)
    takes = {name: value for name, value in (optional or {}).items() if name in signature.parameters}
    try:
        signature.bind(**given, **takes)
    except TypeError as error:
        found = tree.find()
        raise WorkerError(
            ErrorKind.UNSUPPORTED,
            f"tt-metal's {function.__qualname__} takes other arguments than ttvideo gives it: {error}.",
            f"{found or 'This tt-metal'} is another version than those ttvideo knows. {table.HOW}",
        ) from error
    return function(**given, **takes)


@contextmanager
def _environment(pipeline: table.Pipeline, mesh: tuple[int, ...]) -> Iterator[None]:
    """Without TT_DIT_CACHE_DIR where it makes the pipeline hang."""
    taken = None
    if any(mesh == without for _, without in pipeline.uncached):
        taken = os.environ.pop("TT_DIT_CACHE_DIR", None)
    try:
        yield
    finally:
        if taken is not None:
            os.environ["TT_DIT_CACHE_DIR"] = taken
