"""`python -m training FOLDER [PART ...]`: makes the bundled model; run it again to go on where it stopped.

It begins with nothing, or with an exported model (--start): that keeps its latent space and VAE, goes through stages of
its own, and may learn new words.

Parts, all but `watch` and `sweep` by default: prepare, decoder, denoiser, export (to --model), evaluate (needs the
export; the judge is trained once), watch (adds to the evaluation how steady clips are, and whether words of size and
pace are heard), sweep (the same evaluation for several numbers of steps and guidances), card (README.md).

On two cores the parts `decoder` and `denoiser` can run side by side, one thread each. On several processes
(`torchrun --nproc-per-node 2 -m training FOLDER denoiser`) the denoiser's batch is divided among them.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import torch
import torch.distributed as dist

from training import card, decoder, denoiser, evaluate, export, generation, network
from training.latents import LatentSpace

# What teaches clips of every length, once motions are told apart: about an hour and a half on a core.
LONG_STAGES = (
    denoiser.Stage("long clips", frames=16, batch=8, samples=33_616, lr=2.5e-3, loud=0.15),
    denoiser.Stage("fine clips", frames=16, batch=8, samples=8_384, lr=1e-3, decay=1.0, loud=0.1, even=1.0),
)
# From nothing: its parts took about three and a half hours of a core; in one piece it was not run.
DECODER_STAGES = (
    decoder.Stage(cells=4, batch=32, samples=26_000, lr=2e-3, decay=0.3),
    decoder.Stage(cells=8, batch=8, samples=1_600, lr=5e-4, decay=1.0),
)
DENOISER_STAGES = (
    denoiser.Stage("words", frames=0, batch=64, samples=12_800, lr=4e-3, decay=0.5),
    denoiser.Stage("images", frames=1, batch=64, samples=64_000, lr=2e-3),
    denoiser.Stage("directions", frames=3, batch=24, samples=6_000, lr=2e-3, loud=1.0),
    denoiser.Stage("part clips", frames=6, batch=16, samples=36_000, lr=4e-3, loud=0.3),
    *LONG_STAGES,
)

ALL = ("prepare", "decoder", "denoiser", "export", "evaluate", "card")
PARTS = (*ALL, "watch", "sweep")


def prepare(folder: Path, start: Path | None) -> None:
    """The latent space and the tokenizer, or a copy of the exported model `start` and what follows from it; seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    if start is not None:
        shutil.copytree(start, folder / "start", dirs_exist_ok=True)
        space = LatentSpace.of_preview(start / "preview.safetensors")
    else:
        space = LatentSpace.fit()
    network.write_tokenizer(folder / "tokenizer")
    space.save(folder / "latents.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where checkpoints and logs go")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: {', '.join(ALL)})")
    parser.add_argument("--start", type=Path, metavar="MODEL", help="go on from this exported model, not from nothing")
    parser.add_argument("--model", type=Path, help="the exported model (default: FOLDER/model)")
    parser.add_argument("--sheet", type=Path, help="the contact sheet, a PNG (default: FOLDER/contact_sheet.png)")
    settings = generation.Settings()
    parser.add_argument("--clips", type=int, default=settings.clips, help="held-out prompts to judge (%(default)s)")
    parser.add_argument("--steps", type=int, nargs="+", default=[settings.steps], help="several for a sweep")
    parser.add_argument("--guidance", type=float, nargs="+", default=[settings.guidance], help="several for a sweep")
    parser.add_argument("--threads", type=int, default=settings.threads, help="for evaluation (%(default)s)")
    arguments = parser.parse_args()
    if unknown := [part for part in arguments.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}: {', '.join(PARTS)}")
    arguments.model = arguments.model or arguments.folder / "model"
    arguments.sheet = arguments.sheet or arguments.folder / "contact_sheet.png"
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("gloo")
    for part in arguments.parts or ALL:
        run(part, arguments)


def run(part: str, arguments: argparse.Namespace) -> None:
    folder, model = arguments.folder, arguments.model
    device = "cuda" if torch.cuda.is_available() else "cpu"
    settings = generation.Settings(arguments.clips, arguments.steps[0], arguments.guidance[0], arguments.threads)
    match part:
        case "prepare":
            if not (folder / "latents.safetensors").exists():
                prepare(folder, arguments.start)
        case "decoder":
            decoder.Trainer(folder, DECODER_STAGES, device).run()
        case "denoiser":
            stages = LONG_STAGES if (folder / "start").exists() else DENOISER_STAGES
            denoiser.Trainer(folder, stages, device).run()
        case "export":
            print(f"{model}: {export.export(folder, model):,} bytes")
        case "evaluate":
            evaluate.evaluate(folder, model, settings, arguments.sheet)
        case "watch":
            evaluate.watch(folder, model, settings)
        case "sweep":
            evaluate.sweep(folder, model, settings, arguments.steps, arguments.guidance)
        case "card":
            card.write(model)


if __name__ == "__main__":
    main()
