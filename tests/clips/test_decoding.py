"""Pictures are decoded piece by piece, and are those that the VAE makes in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from support.clip_cases import CASES, Model


class Decoder:
    def __init__(self, checkpoint: str, picture: Path) -> None:
        self.model = Model(next(case for case in CASES if case.checkpoint == checkpoint), picture)
        self.vae: Any = self.model.pipeline.parts.get("vae")

    def latents(self, frames: int, height: int, width: int) -> torch.Tensor:
        channels = self.vae.config.get("latent_channels") or self.vae.config.z_dim
        return torch.randn((1, channels, frames, height, width), generator=torch.Generator().manual_seed(0))

    def pieces(self, latents: torch.Tensor) -> list[torch.Tensor]:
        with torch.inference_mode():
            decode = self.model.pipeline.model.decode
            return list(decode(self.vae, latents, self.model.params, torch.Generator()))


@pytest.mark.parametrize(
    ("checkpoint", "frames", "lengths"),
    [
        ("wan2.1-1.3b", 3, [1, 4, 4]),
        ("mochi-1", 1, [1]),
        ("mochi-1", 3, [1, 6, 6]),
        ("cogvideox-5b", 1, [1]),
        ("cogvideox-5b", 7, [9, 8, 8]),
        ("hunyuanvideo", 1, [1]),
        # The last tile may be whole, or end sooner.
        ("hunyuanvideo", 7, [13, 12]),
        ("hunyuanvideo", 8, [13, 12, 4]),
    ],
)
def test_pieces_are_those_of_the_whole(
    installed: Path, picture: Path, checkpoint: str, frames: int, lengths: list[int]
) -> None:
    decoder = Decoder(checkpoint, picture)
    latents = decoder.latents(frames, 4, 4)
    pieces = decoder.pieces(latents)
    assert [piece.shape[1] for piece in pieces] == lengths
    with torch.inference_mode():
        torch.testing.assert_close(torch.cat(pieces, 1), decoder.vae.decode(latents).sample[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize(("frames", "lengths"), [(9, [65]), (10, [49, 24]), (12, [49, 40]), (14, [49, 48, 8])])
def test_where_memory_is_short_ltx_is_decoded_in_tiles_of_time(
    installed: Path, picture: Path, frames: int, lengths: list[int]
) -> None:
    decoder = Decoder("ltx-video-0.9.1", picture)
    latents = decoder.latents(frames, 4, 4)
    (whole,) = decoder.pieces(latents)
    # As long as diffusers' own would be with the same tiles.
    decoder.vae.enable_tiling(tile_sample_min_num_frames=64, tile_sample_stride_num_frames=48)
    pieces = decoder.pieces(latents)
    assert [piece.shape[1] for piece in pieces] == lengths
    assert torch.equal(pieces[0][:, :16], whole[:, :16]) == (frames == 9)
    ours = (torch.cat(pieces, 1) - whole).abs().mean()
    assert ours < 0.3 * whole.std()
    with torch.inference_mode():
        decoder.vae.use_framewise_decoding = True
        theirs = decoder.vae.decode(latents, torch.tensor([0.05])).sample[0]
    assert frames == 9 or ours < (theirs - whole).abs().mean()


@pytest.mark.parametrize("checkpoint", ["mochi-1", "cogvideox-5b", "hunyuanvideo"])
def test_tiles_differ_little_from_the_whole(installed: Path, picture: Path, checkpoint: str) -> None:
    decoder = Decoder(checkpoint, picture)
    # Taller than a tile.
    latents = decoder.latents(3, 34, 8)
    whole = torch.cat(decoder.pieces(latents), 1)
    decoder.vae.enable_tiling()
    tiled = torch.cat(decoder.pieces(latents), 1)
    assert tiled.shape == whole.shape
    assert 0 < (tiled - whole).abs().mean() < 0.2 * whole.std()
