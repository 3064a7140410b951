"""The latent space: principal components of 8x8 patches of the frame at half size.

A fixed linear space instead of a learned one lets the denoiser start training at once, while the decoder and the
encoder of the shipped AutoencoderKL are fitted to it in parallel. Components are scaled by their standard deviation
to the power 3/4 (not fully whitened), so that coarse structure keeps more of the loss than fine detail.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from training.scenes import render, sample

CHANNELS = 24
PATCH = 8
SIDE = 8
PIXELS = PATCH * SIDE


class LatentSpace:
    """Maps frames [n, 64, 64, 3] in [-1, 1] to latents [n, CHANNELS, 8, 8] and back."""

    def __init__(self, mean: torch.Tensor, encode: torch.Tensor, decode: torch.Tensor) -> None:
        self.mean, self.encode_matrix, self.decode_matrix = mean, encode, decode

    @classmethod
    def fit(cls, clips: int = 1500, seed: int = 0) -> LatentSpace:
        rng = random.Random(seed)
        frames = np.concatenate([render(sample(rng), PIXELS, only=range(0, 16, 4)) for _ in range(clips)])
        patches = _patches(torch.from_numpy(frames).double().div(127.5).sub(1)).reshape(-1, PATCH * PATCH * 3)
        mean = patches.mean(0)
        variance, vectors = torch.linalg.eigh((patches - mean).T @ (patches - mean) / len(patches))
        deviation, vectors = variance.flip(0)[:CHANNELS].sqrt(), vectors.flip(1)[:, :CHANNELS]
        scale = deviation**0.75
        scale = scale * ((deviation / scale) ** 2).mean().sqrt()
        return cls(mean.float(), (vectors / scale).float(), (vectors * scale).float())

    @classmethod
    def of_preview(cls, file: Path) -> LatentSpace:
        """The space of an exported model, whose preview is the way back: its columns are orthogonal."""
        tensors = load_file(file)
        decode = tensors["decode"]
        return cls(tensors["mean"], decode / decode.square().sum(0), decode)

    @classmethod
    def load(cls, file: Path) -> LatentSpace:
        tensors = load_file(file)
        return cls(tensors["mean"], tensors["encode"], tensors["decode"])

    def save(self, file: Path) -> None:
        tensors = {"mean": self.mean, "encode": self.encode_matrix, "decode": self.decode_matrix}
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)

    def to(self, device: str) -> LatentSpace:
        return LatentSpace(self.mean.to(device), self.encode_matrix.to(device), self.decode_matrix.to(device))

    def encode(self, frames: torch.Tensor) -> torch.Tensor:
        return ((_patches(frames) - self.mean) @ self.encode_matrix).permute(0, 3, 1, 2).contiguous()

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        patches = latents.permute(0, 2, 3, 1) @ self.decode_matrix.T + self.mean
        n, rows, columns, _ = patches.shape
        grid = patches.view(n, rows, columns, PATCH, PATCH, 3).permute(0, 1, 3, 2, 4, 5)
        return grid.reshape(n, rows * PATCH, columns * PATCH, 3)


def _patches(frames: torch.Tensor) -> torch.Tensor:
    n, height, width, _ = frames.shape
    grid = frames.view(n, height // PATCH, PATCH, width // PATCH, PATCH, 3).permute(0, 1, 3, 2, 4, 5)
    return grid.reshape(n, height // PATCH, width // PATCH, PATCH * PATCH * 3)
