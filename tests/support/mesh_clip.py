"""Run with a system, rows and columns of its mesh, how pictures are divided along them, frames, and a folder.

Two steps of the bundled model there, with guidance, and eleven pictures decoded: prints the largest differences of the
latents and of the pictures from diffusers', and with `wrong` those of programs that divide wrongly.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from ttvideo.tt import boards
from ttvideo.tt.mock import toolchain


def main() -> None:
    name, mesh, parts, frames, folder = sys.argv[1], *map(json.loads, sys.argv[2:5]), Path(sys.argv[5])
    system = boards.system_named(name)
    assert system is not None
    toolchain.setup(system, folder)
    import torch
    import ttnn

    from animatediff_ttnn.layers import parts as dividing
    from animatediff_ttnn.layers.parameters import Parameters
    from animatediff_ttnn.layers.tokens import Tokens
    from support.tt_blocks import exact
    from support.tt_unet import bundled, bundled_configs
    from ttvideo.tt.mock import golden
    from ttvideo.tt.nn import unet as whole
    from ttvideo.tt.nn.config import UNetConfig
    from ttvideo.tt.nn.sampler import Held, Sampler
    from ttvideo.tt.nn.schedules import Step

    ttnn.set_fabric_config(ttnn.FabricConfig.FABRIC_1D)
    device = ttnn.open_mesh_device(ttnn.MeshShape(*mesh), l1_small_size=32768, **toolchain.open_kwargs(system))
    steps = [
        Step(901.0, 0.9, 0.8, (0.3,), True, 0.1, (0.5, -0.5)),
        Step(501.0, 1.0, 0.7, (0.2, 0.1), False, 0.0, (1, 0)),
    ]
    latents, noise, clean = (exact(1, 24, frames, 8, 8, seed=seed) for seed in range(3))
    text = exact(2, 32, 128, seed=4)
    held = Held(clean[:, :, :1], noise[:, :, :1], [(0.6, 0.4), (1.0, 0.0)])

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

    def copies(x: Any, dim: int, cluster_axis: int) -> Any:
        return ttnn.concat([x] * mesh[cluster_axis], dim=dim)

    with golden.shadow(rounded=False):
        weights, tokens = Parameters(bundled().state_dict(), device), Tokens(2, frames, 8, 8, tuple(parts))
        sampler = Sampler(whole.UNet(weights, UNetConfig.of(*bundled_configs()), tokens, 32), 3.0)
        found = {"right": difference(2)}
        if "wrong" in sys.argv:
            with mock.patch.object(ttnn, "all_gather", copies):
                found["its own rows instead of all"] = difference(1)
            with mock.patch.object(whole, "part", lambda x, axes, dim=2: dividing.part(x, axes[::-1], dim)):
                found["rows and columns exchanged"] = difference(1)
            with mock.patch.object(
                whole, "part", lambda x, axes, dim=2: dividing.part(x, axes[:: 1 if dim else -1], dim)
            ):
                found["another picture's text"] = difference(1)
    found["decoded"] = decoded(device)
    ttnn.close_mesh_device(device)
    sys.stdout.write(f"{json.dumps(found)}\n")


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
