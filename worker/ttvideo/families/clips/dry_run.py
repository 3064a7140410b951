"""How much memory a clip is worked out in, beside the weights: the same calls, on tensors that have no data."""

from __future__ import annotations

import hashlib
import json
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from functools import partial, wraps
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from ttvideo.backends import installed
from ttvideo.errors import WorkerError
from ttvideo.families.clips.stepping import Result
from ttvideo.media.files import write_atomic
from ttvideo.state import cache_folder

if TYPE_CHECKING:
    from ttvideo.families.clips.fields import ClipParams
    from ttvideo.families.clips.pipeline import ClipPipeline

PIECES = 3


@dataclass(frozen=True)
class Working:
    """Bytes beside the weights, at the peak of each phase."""

    encoding: int
    denoising: int
    decoding: int


def working(dry: ClipPipeline, params: ClipParams, *, tiled: bool) -> Working:
    """Of one clip. `dry` has parts without weights. Takes about a second for a large model, and hardly any memory."""
    model = dry.model
    with torch.inference_mode():
        pipe = dry.pipeline(params, encoding=True)
        with _measured() as encoding:
            count = len(model.texts("text", params)) + model.guided(params)
            texts = [model.encode(pipe, "text") for _ in range(count)]
        pipe = dry.pipeline(params)
        pipe.scheduler = model.scheduler(pipe.scheduler, params)
        call = partial(dry.call, pipe, params, texts, torch.Generator())
        first = _first_step(pipe, model.denoisers, model.forwards(params), call)
        with _measured() as decoding:
            pieces = dry.pictures(model.unpack(pipe, first.sample, params), params, torch.Generator(), tiled=tiled)
            # The others take what these take, and a long clip has hundreds.
            for _ in islice(pieces, PIECES):
                pass
    return Working(encoding.peak, first.peak, decoding.peak)


def recalled(key: str, make: Callable[[], Working]) -> Working:
    """What an earlier process found out for the same key; otherwise what `make` does, and later ones are told."""
    versions = "|".join(str(installed(name)) for name in ("ttvideo", "torch", "diffusers", "transformers"))
    name = hashlib.sha256(f"{versions}|{key}".encode()).hexdigest()[:40]
    file = cache_folder() / "plans" / f"{name}.json"
    with suppress(OSError, ValueError, TypeError):
        return Working(**json.loads(file.read_text()))
    made = make()
    with suppress(OSError, WorkerError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps(asdict(made)).encode(), sync=False)
    return made


@dataclass(frozen=True)
class _Step:
    """What a pipeline's denoiser takes, and what its scheduler works on."""

    peak: int
    sample: torch.Tensor


class _Enough(Exception):
    pass


def _first_step(pipe: Any, denoisers: tuple[str, ...], forwards: int, call: Callable[[], object]) -> _Step:
    """The denoiser runs inside the pipeline's call, because a family may have changed it for that time; a step asks it
    `forwards` times.
    """
    found: dict[str, Any] = {}

    def forward(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if "peak" not in found:
            args_, kwargs_ = tree_map(_without_data, (args, kwargs))
            with _measured() as denoising:
                original(*args_, **kwargs_)
            # What a step cache remembers, of each text by itself.
            found["peak"] = denoising.peak + forwards * denoising.now
        asked = kwargs["hidden_states"] if "hidden_states" in kwargs else kwargs.get("sample", *args[:1])
        return Result((asked,))

    def step(*args: Any, sample: Any = None, **kwargs: Any) -> None:
        # The sample is the last of the tensors that are given without a name.
        found["sample"] = sample if sample is not None else [arg for arg in args if _is_large(arg)][-1]
        raise _Enough

    scheduler = pipe.scheduler
    # Their sums are done with numbers, which tensors without data do not have.
    set_timesteps = scheduler.set_timesteps
    scheduler.__dict__["set_timesteps"] = wraps(set_timesteps)(
        lambda *args, device=None, **kwargs: set_timesteps(*args, **kwargs)
    )
    scheduler.__dict__["step"] = step
    for name in denoisers:
        if (denoiser := getattr(pipe, name, None)) is not None:
            denoiser.__dict__["forward"] = partial(forward, denoiser.forward)
    try:
        with Guess():
            call()
    except _Enough:
        pass
    finally:
        for name in denoisers:
            if (denoiser := getattr(pipe, name, None)) is not None:
                denoiser.__dict__.pop("forward")
    return _Step(found["peak"], _without_data(found["sample"]))


def _without_data(value: Any) -> Any:
    return value.to("meta") if isinstance(value, torch.Tensor) else value


def _is_large(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim > 1


class Peak(TorchDispatchMode):
    """Adds up the tensors that are made and still there."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self._add(tensor.untyped_storage())
        return made

    def _add(self, storage: Any) -> None:
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = storage.nbytes()
            self.now += self._sizes[key]
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._remove, key)

    def _remove(self, key: int) -> None:
        self.now -= self._sizes.pop(key)


class Flash(TorchFunctionMode):
    """Attention as it is done on real tensors: without a matrix of all with all, which one without data would make."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.functional.scaled_dot_product_attention:
            query, value = (given if given is not None else (kwargs or {})[name] for name, given in _asked(args))
            return query.new_empty((*query.shape[:-1], value.shape[-1]))
        return func(*args, **(kwargs or {}))


class Guess(TorchDispatchMode):
    """Answers what only data could tell, as if each token of a text and each number were there, and takes what has data
    together with what has none.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        places = {tensor.is_meta for tensor in tree_leaves((args, kwargs)) if isinstance(tensor, torch.Tensor)}
        if True in places:
            aten = torch.ops.aten
            if func in (aten.is_nonzero.default, aten.item.default, aten._local_scalar_dense.default):
                return True
            if func is aten.nonzero.default:
                return args[0].new_empty((args[0].numel(), args[0].ndim), dtype=torch.int64)
        if len(places) == 2:
            args, kwargs = tree_map(_without_data, (args, kwargs))
        return func(*args, **kwargs)


def _asked(args: Any) -> Iterator[tuple[str, Any]]:
    yield "query", args[0] if args else None
    yield "value", args[2] if len(args) > 2 else None


@contextmanager
def _measured() -> Iterator[Peak]:
    autocast: Any = torch.autocast
    # It knows no device without data.
    torch.autocast = lambda device, *args: nullcontext() if device == "meta" else autocast(device, *args)  # type: ignore[assignment,misc]
    try:
        with Flash(), Peak() as peak, Guess():
            yield peak
    finally:
        torch.autocast = autocast  # type: ignore[misc]
