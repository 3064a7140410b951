"""AnimateDiff's UNet of Stable Diffusion 1.5's size in TTNN on a mock board, with random weights.

    TTVIDEO_BOARD=n150 build/ttnn/bin/python bench/ttnn_unet.py 64x64x16            # does it fit, what does it take
    TTVIDEO_BOARD=n150 build/ttnn/bin/python bench/ttnn_unet.py 32x32x16 --numbers  # and what does it compute
    TTVIDEO_BOARD=n300 build/ttnn/bin/python bench/ttnn_unet.py 64x64x1 --mesh 1 2 --tensor-axis 1  # on two chips

The size is that of the latents, and frames. Numbers are torch's on the host, beside what ttnn checks for the board, and
are compared with diffusers': exactly, and rounded as the board rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

import torch
from diffusers import UNetMotionModel

from animatediff_ttnn.layers.tokens import Tokens
from ttvideo.tt import boards
from ttvideo.tt.engine.opening import L1_SMALL_SIZE
from ttvideo.tt.mock import toolchain
from ttvideo.tt.nn.config import UNetConfig

TEXT, WIDTH = 77, 768


def model() -> Any:
    torch.manual_seed(0)
    made = UNetMotionModel(cross_attention_dim=WIDTH, num_attention_heads=8, motion_num_attention_heads=8).eval()
    with torch.no_grad():
        for weight in made.parameters():
            weight.copy_(weight.bfloat16())
    return made


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - start:.1f} s", flush=True)


def memory(mesh: Any) -> str:
    import ttnn

    view = ttnn.get_memory_view(mesh, ttnn.BufferType.DRAM)
    return f"{view.total_bytes_allocated_per_bank * view.num_banks / 1e9:.2f} GB of DRAM"


def compute(mesh: Any, state: dict[str, torch.Tensor], config: UNetConfig, tokens: Tokens, given: Any) -> torch.Tensor:
    """One call of the UNet; float32 [videos, channels, frames, height, width]."""
    import ttnn

    from animatediff_ttnn.layers.parameters import Parameters
    from ttvideo.tt.nn.sampler import to_latents
    from ttvideo.tt.nn.unet import UNet

    latents, timestep, text = given
    with timed("weights onto the board"):
        unet = UNet(Parameters(state, mesh), config, tokens, TEXT)
    print(f"used: {memory(mesh)}", flush=True)
    rows = unet.parameters.constant(
        latents.permute(0, 2, 3, 4, 1).reshape(1, 1, -1, latents.shape[1]), layout=ttnn.ROW_MAJOR_LAYOUT
    )
    times, texts = unet.times(timestep), unet.read(text)
    with timed("first call"):
        made = unet(rows, times, texts)
    print(f"programs: {mesh.num_program_cache_entries()}, used: {memory(mesh)}", flush=True)
    return to_latents(made, tokens)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", help="width x height x frames of the latents, such as 64x64x16")
    parser.add_argument("--videos", type=int, default=1, help="2 with guidance")
    parser.add_argument("--mesh", type=int, nargs=2, default=(1, 1), help="rows and columns")
    parser.add_argument("--parts", type=int, nargs=2, default=(1, 1), help="of the pictures, along each")
    parser.add_argument("--tensor-axis", type=int, choices=(0, 1), help="whose chips share heads")
    parser.add_argument("--numbers", action="store_true", help="compute, and compare with diffusers")
    arguments = parser.parse_args()
    width, height, frames = (int(part) for part in arguments.size.split("x"))
    tokens = Tokens(arguments.videos, frames, height, width, tuple(arguments.parts), arguments.tensor_axis)
    system = boards.system_named(os.environ.get("TTVIDEO_BOARD", "n150"))
    assert system is not None, "TTVIDEO_BOARD names no system"
    toolchain.setup(system)
    import ttnn

    from ttvideo.tt.mock import golden

    made = model()
    state, config = made.state_dict(), UNetConfig.of(made.config)
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(arguments.videos, 4, frames, height, width, generator=generator).bfloat16().float()
    text = torch.randn(arguments.videos, TEXT, WIDTH, generator=generator).bfloat16().float()
    given = latents, torch.tensor([501]), text
    if system.chips > 1:
        ttnn.set_fabric_config(ttnn.FabricConfig.FABRIC_1D)
    shape = ttnn.MeshShape(*arguments.mesh)
    mesh = ttnn.open_mesh_device(shape, l1_small_size=L1_SMALL_SIZE, **toolchain.open_kwargs(system))
    print(f"{system.title}: {sum(weight.numel() for weight in made.parameters()) / 1e6:.0f} million weights, {tokens}")
    if not arguments.numbers:
        compute(mesh, state, config, tokens, given)
        return
    with timed("diffusers on the CPU"), torch.no_grad():
        expected = made(latents, given[1][0], text.repeat_interleave(frames, 0)).sample
    for rounded in (False, True):
        with golden.shadow(rounded=rounded):
            result = compute(mesh, state, config, tokens, given)
        off = float((result - expected).abs().max())
        print(f"{'rounded' if rounded else 'exact'}: PCC {golden.pcc(result, expected):.6f}, at most {off:.5f} off")


if __name__ == "__main__":
    main()
