"""Run with a system, rows and columns of its mesh, divisions, frames, and a folder.

Two steps of the bundled model there, with guidance. Prints for each division, `parts` and `tensor_axis` of Tokens, the
largest difference of the latents from diffusers', and with `wrong` those of programs that divide wrongly; then that of
eleven pictures, decoded.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest import mock

from ttvideo.tt import boards
from ttvideo.tt.engine.opening import L1_SMALL_SIZE
from ttvideo.tt.mock import toolchain

Wrong = tuple[str, Callable[[], AbstractContextManager[Any]]]


def main() -> None:
    name, mesh, divisions, frames, folder = sys.argv[1], *map(json.loads, sys.argv[2:5]), Path(sys.argv[5])
    system = boards.system_named(name)
    assert system is not None
    toolchain.setup(system, folder)
    import ttnn

    from ttvideo.tt.mock import golden

    ttnn.set_fabric_config(ttnn.FabricConfig.FABRIC_1D)
    device = ttnn.open_mesh_device(ttnn.MeshShape(*mesh), l1_small_size=L1_SMALL_SIZE, **toolchain.open_kwargs(system))
    with golden.shadow(rounded=False), tempfile.TemporaryDirectory() as cache:
        # Both times: prepared, and read back.
        found = [differences(device, parts, axis, frames, Path(cache)) for parts, axis in divisions]
    found.append({"decoded": decoded(device)})
    ttnn.close_mesh_device(device)
    sys.stdout.write(f"{json.dumps(found)}\n")


def differences(device: Any, parts: list[int], axis: int | None, frames: int, cache: Path) -> dict[str, float]:
    import torch

    from animatediff_ttnn.layers.parameters import Parameters
    from animatediff_ttnn.layers.tokens import Tokens
    from support.tt_blocks import exact
    from support.tt_unet import bundled, bundled_configs
    from ttvideo.tt.nn.config import UNetConfig
    from ttvideo.tt.nn.sampler import Held, Sampler
    from ttvideo.tt.nn.schedules import Step
    from ttvideo.tt.nn.unet import UNet

    steps = [
        Step(901.0, 0.9, 0.8, (0.3,), True, 0.1, (0.5, -0.5)),
        Step(501.0, 1.0, 0.7, (0.2, 0.1), False, 0.0, (1, 0)),
    ]
    latents, noise, clean = (exact(1, 24, frames, 8, 8, seed=seed) for seed in range(3))
    text = exact(2, 32, 128, seed=4)
    held = Held(clean[:, :, :1], noise[:, :, :1], [(0.6, 0.4), (1.0, 0.0)])
    tokens = Tokens(2, frames, 8, 8, (parts[0], parts[1]), axis)
    weights = Parameters(bundled().state_dict(), device, cache=cache)
    sampler = Sampler(UNet(weights, UNetConfig.of(*bundled_configs()), tokens, 32), 3.0)

    def difference(count: int) -> float:
        expected, kept = latents, None
        for step, (a, b) in zip(steps[:count], held.factors, strict=False):
            with torch.no_grad():
                texts = text.repeat_interleave(frames, 0)
                both = bundled()(torch.cat([expected * step.scale] * 2), step.timestep, texts).sample
            output = both[:1] + 3.0 * (both[1:] - both[:1])
            expected = step.sample * expected + step.outputs[0] * output + step.noise * noise
            expected = expected if kept is None else expected + step.outputs[1] * kept
            expected[:, :, :1] = a * held.clean + b * held.noise
            kept = output
        *_, last = sampler.run(steps[:count], text, latents, [noise], held)
        return float((last.latents() - expected).abs().max())

    found = {"right": difference(2)}
    for what, patched in wrongs(axis) if "wrong" in sys.argv else ():
        with patched():
            found[what] = difference(1)
    return found


def wrongs(axis: int | None) -> Iterator[Wrong]:
    """Programs that go wrong with pictures divided, or with heads shared along an axis."""
    import ttnn

    from animatediff_ttnn.layers import linear
    from animatediff_ttnn.layers import parts as dividing
    from ttvideo.tt.nn import unet as whole

    def copies(x: Any, dim: int, cluster_axis: int) -> Any:
        return ttnn.concat([x] * x.device().shape[cluster_axis], dim=dim)

    def bias_of_each(layer: Any, x: Any) -> Any:
        return ttnn.all_reduce(ttnn.linear(x, layer.weight, bias=layer.bias), cluster_axis=layer.axis)

    def exchanged(x: Any, axes: Any, dim: int = 2) -> Any:
        return dividing.part(x, axes[::-1], dim)

    def exchanged_text(x: Any, axes: Any, dim: int = 2) -> Any:
        return dividing.part(x, axes[:: 1 if dim else -1], dim)

    if axis is None:
        yield "its own rows instead of all", lambda: mock.patch.object(ttnn, "all_gather", copies)
        yield "rows and columns exchanged", lambda: mock.patch.object(whole, "part", exchanged)
        yield "another picture's text", lambda: mock.patch.object(whole, "part", exchanged_text)
    else:
        yield "its own heads instead of all", lambda: mock.patch.object(ttnn, "all_reduce", lambda x, **_: x)
        yield "a bias for each chip", lambda: mock.patch.object(linear.RowParallel, "__call__", bias_of_each)


def decoded(mesh: Any) -> float:
    """The largest difference of pictures, each of which another chip decodes, from diffusers'."""
    import torch
    from safetensors.torch import save_file

    from support.tt_blocks import exact
    from support.tt_session import Told
    from support.tt_vae import small
    from ttvideo.tt.engine.programs import find
    from ttvideo.tt.mock import golden
    from ttvideo.tt.nn.decoding import Asked

    latents, config = exact(11, 4, 4, 4), {key: value for key, value in small().config.items() if key[0] != "_"}
    with torch.no_grad():
        expected = small().decode(latents).sample
    with tempfile.TemporaryDirectory() as folder, golden.shadow(rounded=False):
        os.environ["TTVIDEO_CACHE"] = folder
        file = f"{folder}/vae.safetensors"
        save_file(small().state_dict(), file)
        told = Told(mesh)
        made = find("decode")(told.session, {"latents": latents}, Asked((file,), config).as_json())["pictures"]
        told.kept.clear()
    return float((made - expected).abs().max())


if __name__ == "__main__":
    main()
