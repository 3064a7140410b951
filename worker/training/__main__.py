"""`python -m training FOLDER [PART ...]`: makes the bundled model from nothing; run it again to go on where it stopped.

On two cores the parts `decoder` and `denoiser` can run side by side, one thread each. On several processes
(`torchrun --nproc-per-node 2 -m training FOLDER denoiser`) the denoiser's batch is divided among them.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch
import torch.distributed as dist

from training import decoder, denoiser, network
from training.latents import LatentSpace

DECODER_STAGES = (
    decoder.Stage(cells=4, batch=32, samples=44_000, lr=2e-3, decay=0.3),
    decoder.Stage(cells=8, batch=8, samples=2_400, lr=5e-4, decay=1.0),
)
DENOISER_STAGES = (
    denoiser.Stage("images", frames=1, batch=64, samples=64_000, lr=2e-3),
    denoiser.Stage("half clips", frames=8, batch=16, samples=60_000, lr=2e-3),
    denoiser.Stage("clips", frames=16, batch=8, samples=16_000, lr=1.5e-3, decay=0.6),
)


def prepare(folder: Path) -> None:
    """The latent space and the tokenizer; seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    LatentSpace.fit().save(folder / "latents.safetensors")
    network.write_tokenizer(folder / "tokenizer")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("folder", type=Path, help="where checkpoints and logs go")
    parser.add_argument("parts", nargs="*", default=["prepare", "decoder", "denoiser"], help="default: all")
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("gloo")
    for part in arguments.parts:
        if part == "prepare":
            if not (arguments.folder / "latents.safetensors").exists():
                prepare(arguments.folder)
        elif part == "decoder":
            decoder.Trainer(arguments.folder, DECODER_STAGES, device).run()
        elif part == "denoiser":
            denoiser.Trainer(arguments.folder, DENOISER_STAGES, device).run()
        else:
            parser.error(f"there is no part {part!r}: prepare, decoder, denoiser")


if __name__ == "__main__":
    main()
