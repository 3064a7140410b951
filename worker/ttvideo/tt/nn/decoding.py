"""The engine's program that makes pictures of latents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt.nn.program import DECODER, UNET
from ttvideo.tt.nn.room import with_room

if TYPE_CHECKING:
    from ttvideo.tt.engine.session import Session
    from ttvideo.tt.nn.vae import Decoder


@dataclass(frozen=True)
class Asked:
    """What is asked of the program, besides tensors; all of it goes through JSON."""

    weights: tuple[str, ...]
    """safetensors files that are an AutoencoderKL's weights together."""
    config: Mapping[str, Any]
    """Its config.json."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def run(session: Session, tensors: dict[str, torch.Tensor], arguments: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Gives `pictures`, float32 [pictures, 3, height, width] of about -1 to 1.

    `tensors`: `latents` [pictures, channels, height, width] as AutoencoderKL.decode takes them. A round is one picture
    for each chip, and a step.

    Of denoising nothing is left in L1, nor in DRAM but the UNet's weights: they are there for the next clip, which
    needs them at once, and go only where the decoder has no room beside them.
    """
    asked, latents = Asked(**arguments), tensors["latents"]
    return with_room(session, lambda: _pictures(session, asked, latents), spare=UNET)


def _pictures(session: Session, asked: Asked, latents: torch.Tensor) -> dict[str, torch.Tensor]:
    decoder = _decoder(session, asked, (latents.shape[2], latents.shape[3]))
    chips = session.mesh.get_num_devices()
    session.warm_up(
        f"decode {asked.config} {decoder.tokens}",
        lambda: _round(session, decoder, torch.zeros(chips, *latents.shape[1:])),
    )
    session.phase("decoding", len(latents))
    made: list[torch.Tensor] = []
    for first in range(0, len(latents), chips):
        some = latents[first : first + chips].float()
        # Chips for which no picture is left get nothing; all of them compute.
        whole = torch.cat([some, some.new_zeros(chips - len(some), *some.shape[1:])])
        made.append(_round(session, decoder, whole)[: len(some)])
        session.step(first + len(some), len(latents))
    return {"pictures": torch.cat(made)}


def _round(session: Session, decoder: Decoder, latents: torch.Tensor) -> torch.Tensor:
    """float32 [chips, 3, height, width] of latents [chips, channels, height, width]."""
    import ttnn

    mesh, after = session.mesh, decoder.after
    chips, channels = latents.shape[:2]
    x = ttnn.from_torch(
        latents.permute(0, 2, 3, 1).reshape(1, 1, -1, channels),
        dtype=ttnn.bfloat16,
        layout=ttnn.TILE_LAYOUT,
        device=mesh,
        mesh_mapper=ttnn.ShardTensorToMesh(mesh, dim=2),
    )
    rows: torch.Tensor = ttnn.to_torch(decoder(x), mesh_composer=ttnn.ConcatMeshToTensor(mesh, dim=2)).float()
    return rows.reshape(chips, after.height, after.width, -1).permute(0, 3, 1, 2).contiguous()


def _decoder(session: Session, asked: Asked, size: tuple[int, int]) -> Decoder:
    """The one that is there if it is the same, for latents of one picture; else another one in its place."""
    from animatediff_ttnn.layers.parameters import Parameters
    from animatediff_ttnn.layers.tokens import Tokens
    from ttvideo.tt.nn.checkpoint import Files, prepared_folder
    from ttvideo.tt.nn.vae import Decoder

    files = [Path(file) for file in asked.weights]
    folder = prepared_folder(files, "bfloat16", session.mesh)
    key = (folder, size, str(asked.config))
    kept = session.kept.get(DECODER)
    if kept is None or kept[0] != key:
        session.kept.pop(DECODER, None)
        del kept
        session.phase("loading")
        try:
            kept = key, Decoder(Parameters(Files(files), session.mesh, cache=folder), asked.config, Tokens(1, 1, *size))
        except ValueError as error:
            raise WorkerError(ErrorKind.UNSUPPORTED, str(error), "The host can decode it.") from error
        session.kept[DECODER] = kept
    decoder: Decoder = kept[1]
    return decoder
