"""Fits the AutoencoderKL: its decoder to paint frames from latents, its encoder to find the latents of a frame.

Both are trained on crops of half the side (convolutions see no difference but at the border), then on whole frames.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from training import history, network
from training.latents import PIXELS, LatentSpace
from training.muon import Muon
from training.scenes import render, sample

CHECKPOINT_SECONDS = 240
# Samples drawn from the encoder's distribution should be its mean: the latent space is deterministic.
LOG_VARIANCE = -10.0


@dataclass(frozen=True)
class Stage:
    """`samples` frames, each a crop of `cells` x `cells` latents (16 pixels each)."""

    cells: int
    batch: int
    samples: int
    lr: float
    decay: float = 0.0


class Trainer:
    def __init__(self, folder: Path, stages: tuple[Stage, ...], device: str, seed: int = 0) -> None:
        self.folder, self.stages, self.device = folder, stages, device
        torch.manual_seed(seed)
        self.space = LatentSpace.load(folder / "latents.safetensors").to(device)
        self.vae: AutoencoderKL = network.autoencoder().to(device, memory_format=torch.channels_last)
        self.optimizer = Muon(self.vae.parameters(), lr=0.0)
        self.stage, self.seen, self.seconds = 0, 0, 0.0
        if (folder / "start").exists():
            # The model that is gone on from has its VAE.
            start = AutoencoderKL.from_pretrained(folder / "start" / "vae", torch_dtype=torch.float32)
            self.vae.load_state_dict(start.state_dict())
            self.stage = len(stages)
            self._save()
        elif (folder / "decoder.pt").exists():
            state = torch.load(folder / "decoder.pt", map_location=device, weights_only=True)
            self.vae.load_state_dict(state["vae"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.stage, self.seen, self.seconds = state["stage"], state["seen"], state["seconds"]
        self.rng = random.Random(f"{seed}/{self.stage}/{self.seen}")
        torch.manual_seed(self.rng.randrange(1 << 40))
        self.pool: list[np.ndarray] = []

    def run(self) -> None:
        saved = started = time.monotonic()
        while self.stage < len(self.stages):
            stage = self.stages[self.stage]
            self._step(stage)
            if time.monotonic() - saved > CHECKPOINT_SECONDS or self.seen >= stage.samples:
                self.seconds += time.monotonic() - started
                saved = started = time.monotonic()
                row = dict(stage=self.stage, seen=self.seen, seconds=self.seconds) | self.validate()
                history.note(self.folder, "decoder", row)
                if self.seen >= stage.samples:
                    self.stage, self.seen = self.stage + 1, 0
                self._save()

    def _frames(self, batch: int) -> torch.Tensor:
        """Frames [batch, 128, 128, 3] in [-1, 1]; each render is used a few times, for it is not cheap."""
        while len(self.pool) < 512:
            self.pool.extend(render(sample(self.rng), 128, 8)[::2])
        for _ in range(batch // 8 + 1):
            del self.pool[self.rng.randrange(len(self.pool))]
        chosen = [self.pool[self.rng.randrange(len(self.pool))] for _ in range(batch)]
        return torch.from_numpy(np.stack(chosen)).to(self.device).float().div(127.5).sub(1)

    def _encode(self, frames: torch.Tensor) -> torch.Tensor:
        n = len(frames)
        return self.space.encode(frames.view(n, PIXELS, 2, PIXELS, 2, 3).mean((2, 4)))

    def _step(self, stage: Stage) -> None:
        pixels = self._frames(stage.batch)
        latents, pixels = self._encode(pixels), pixels.permute(0, 3, 1, 2)
        top, left = (self.rng.randint(0, 8 - stage.cells) for _ in range(2))
        latents = latents[..., top : top + stage.cells, left : left + stage.cells]
        span = slice(top * 16, (top + stage.cells) * 16), slice(left * 16, (left + stage.cells) * 16)
        pixels = pixels[..., span[0], span[1]].contiguous(memory_format=torch.channels_last)
        # The decoder will see what a denoiser makes, which is never exact.
        noisy = latents + torch.randn_like(latents) * torch.rand(len(latents), 1, 1, 1, device=self.device) * 0.15
        with torch.autocast(self.device, torch.bfloat16):
            painted = self.vae.decode(noisy.contiguous(memory_format=torch.channels_last)).sample
            moments = self.vae.quant_conv(self.vae.encoder(pixels))
        mean, log_variance = moments.float().chunk(2, 1)
        error = painted.float() - pixels
        edges = sum(error.diff(dim=d).abs().mean() for d in (2, 3))
        loss = error.abs().mean() + error.pow(2).mean() + 0.5 * edges
        loss = loss + (mean - latents).pow(2).mean() + 0.01 * (log_variance - LOG_VARIANCE).pow(2).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.vae.parameters(), 1.0)
        progress = self.seen / stage.samples
        falling = 1 if progress <= 1 - stage.decay else (1 - progress) / stage.decay
        self.optimizer.param_groups[0]["lr"] = (
            stage.lr * min(1, (self.seen / stage.batch + 1) / 50) * max(falling, 0.02)
        )
        self.optimizer.step()
        self.seen += stage.batch

    @torch.no_grad()
    def validate(self, clips: int = 24) -> dict[str, float]:
        """PSNR in dB on held-out renders: decoder from exact latents, and the round trip through both."""
        rng = random.Random(11)
        frames = np.concatenate([render(sample(rng, held_out=True), 128, 4)[1:3] for _ in range(clips)])
        pixels = torch.from_numpy(frames).to(self.device).float().div(127.5).sub(1)
        image = pixels.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        painted = self.vae.decode(self._encode(pixels)).sample
        trip = self.vae.decode(self.vae.encode(image).latent_dist.mode()).sample
        return {k: _psnr(v.clamp(-1, 1), image) for k, v in (("decoder_psnr", painted), ("round_trip_psnr", trip))}

    def _save(self) -> None:
        state = dict(vae=self.vae.state_dict(), optimizer=self.optimizer.state_dict())
        partial = self.folder / "decoder.pt.partial"
        torch.save(state | dict(stage=self.stage, seen=self.seen, seconds=self.seconds), partial)
        partial.replace(self.folder / "decoder.pt")


def _psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(10 * torch.log10(4 / (a - b).pow(2).mean()))
