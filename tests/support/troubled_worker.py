"""The worker, for tests: it counts how often a denoiser is asked, and dies or fails where `orders.json` says so.

Run with a folder: `calls` in it grows by a byte for each time, `orders.json` is {"die": calls left} or {"fail": a word
of FAILING}, and is gone as soon as it is obeyed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

import diffusers

from ttvideo import cli
from ttvideo.families.clips.pipeline import ClipPipeline
from ttvideo.media import encode

FAILING: dict[str, tuple[Any, str]] = {"decode": (ClipPipeline, "pictures"), "encode": (encode, "encode")}
DENOISERS = (
    diffusers.UNetMotionModel,
    diffusers.WanTransformer3DModel,
    diffusers.MochiTransformer3DModel,
    diffusers.CogVideoXTransformer3DModel,
    diffusers.HunyuanVideoTransformer3DModel,
    diffusers.LTXVideoTransformer3DModel,
)


class Orders:
    def __init__(self, folder: Path) -> None:
        self._file, self._calls = folder / "orders.json", folder / "calls"

    def asked(self, denoiser: Any) -> None:
        if denoiser.device.type == "meta":
            return  # how much memory it will need is asked without weights
        with self._calls.open("ab") as stream:
            stream.write(b".")
        orders = self._read()
        if "die" in orders:
            if orders["die"] == 0:
                self._file.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            self._file.write_text(json.dumps({"die": orders["die"] - 1}))

    def fails(self, what: str) -> bool:
        obeyed = self._read().get("fail") == what
        if obeyed:
            self._file.unlink()
        return obeyed

    def _read(self) -> dict[str, Any]:
        orders: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}
        return orders


def wrapped(function: Callable[..., Any], before: Callable[[Any], None]) -> Callable[..., Any]:
    """`before` gets the first argument."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        before(args[0])
        return function(*args, **kwargs)

    return call


def main(folder: Path) -> int:
    orders = Orders(folder)

    def fail(what: str, _: object) -> None:
        if orders.fails(what):
            raise RuntimeError(f"as ordered: {what}")

    for denoiser in DENOISERS:
        denoiser.forward = wrapped(denoiser.forward, orders.asked)
    for what, (owner, name) in FAILING.items():
        setattr(owner, name, wrapped(getattr(owner, name), partial(fail, what)))
    return cli.main(["serve"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
