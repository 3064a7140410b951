"""What decoding a picture of Stable Diffusion's latents needs, by ttnn on a mock board: a table for the docs.

    python bench/decoding.py                                   # N150 and P150, 512x512 and 1024x1024
    python bench/decoding.py --boards n150 --after-denoising   # with 16 frames' UNet on the board, as in a job

Needs a Python with ttnn, as bench/preflight.py does. Weights are zeros: only their shapes matter here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

TTNN = Path(__file__).parents[1] / "build/ttnn/bin/python"


def measure(board: str, side: int, *, after_denoising: bool) -> None:
    """One row, of this process's board."""
    import torch
    from diffusers import AutoencoderKL

    from ttvideo import families
    from ttvideo.families.preflight import subject
    from ttvideo.tt import boards
    from ttvideo.tt.engine.opening import L1_SMALL_SIZE
    from ttvideo.tt.mock import toolchain

    system = boards.system_named(board)
    assert system is not None, f"{board} is no system"
    tried = subject(*families.fitted("animatediff", {"width": side, "height": side, "frames": 16}))
    toolchain.setup(system)
    import ttnn

    from animatediff_ttnn.layers.parameters import Parameters
    from animatediff_ttnn.layers.tokens import Tokens
    from ttvideo.tt.mock.report import captured
    from ttvideo.tt.mock.trial import Zeros, denoised
    from ttvideo.tt.nn.vae import Decoder

    mesh = ttnn.open_mesh_device(ttnn.MeshShape(1, 1), l1_small_size=L1_SMALL_SIZE, **toolchain.open_kwargs(system))
    denoising = denoised(mesh, tried)
    if after_denoising:
        # The generator holds the UNet on the board.
        next(denoising), next(denoising)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        latent_channels=4,
    )
    shapes = {name: tuple(weight.shape) for name, weight in vae.state_dict().items()}
    tokens = Tokens(1, 1, side // 8, side // 8)
    reports = []
    with captured(mesh, system.board) as loading:
        decoder = Decoder(Parameters(Zeros(shapes), mesh), vae.config, tokens)
    x = Parameters({}, mesh).constant(torch.zeros(1, 1, tokens.rows, 4))
    for _ in range(2):
        with captured(mesh, system.board) as capture:
            decoder(x)
        reports.append(capture.report)
    first, second = reports
    peak = max(report.dram_peak for report in (loading.report, first, second))
    cells = (
        system.title,
        f"{side}x{side}",
        f"{peak / 2**30:.2f} GiB",
        f"{first.l1_peak / 2**20:.2f} of {first.l1_total / 2**20:.2f} MiB",
        str(first.programs),
        str(second.operations),
        str(second.transfers),
        f"{second.seconds:.2f} s",
    )
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boards", nargs="+", default=("n150", "p150"))
    parser.add_argument("--sides", nargs="+", type=int, default=(512, 1024))
    parser.add_argument("--after-denoising", action="store_true")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.boards[0], arguments.sides[0], after_denoising=arguments.after_denoising)
        return
    print("| chip | picture | DRAM | L1 of a core | programs | operations | transfers | at least |")
    print("|" + "---|" * 8, flush=True)
    for board in arguments.boards:
        for side in arguments.sides:
            command = [os.environ.get("TTVIDEO_TTNN_PYTHON", str(TTNN)), __file__, "--measure", "--boards", board]
            command += ["--sides", str(side), *(["--after-denoising"] if arguments.after_denoising else [])]
            run = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            # ttnn writes there, too.
            print(run.stdout.splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
