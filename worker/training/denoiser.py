"""Trains UNet, motion modules and text encoder together, in three stages, from renders made on the fly.

Still frames first (where shapes and words are learned cheaply), then 8 of a clip's 16 frames, then whole clips. The
8-frame stage gives the frames their true positions in the clip, so that nothing has to be unlearned afterwards.
"""

from __future__ import annotations

import copy
import json
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from diffusers import UNetMotionModel
from transformers import CLIPTextModel, CLIPTokenizer

from training import network
from training.captions import caption
from training.latents import PIXELS, LatentSpace
from training.muon import Muon
from training.scenes import FRAMES, Spec, render, sample

TEXT_DROPOUT = 0.1
CHECKPOINT_SECONDS = 240


@dataclass(frozen=True)
class Stage:
    """`samples` clips of `frames` frames; the learning rate is constant, then falls to 0 over the last `decay` part."""

    name: str
    frames: int
    batch: int
    samples: int
    lr: float
    decay: float = 0.0


def positions(unet: UNetMotionModel, table: dict[int, torch.Tensor], frames: torch.Tensor) -> None:
    """Give the motion modules the sinusoidal position of each frame in the whole clip."""
    for name, module in unet.named_modules():
        if name.endswith("pos_embed"):
            module.pe = table[module.pe.shape[-1]][:, frames]


class Trainer:
    def __init__(self, folder: Path, stages: tuple[Stage, ...], device: str, seed: int = 0) -> None:
        self.folder, self.stages, self.device = folder, stages, device
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        torch.manual_seed(seed)
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self.space = LatentSpace.load(folder / "latents.safetensors").to(device)
        self.text = network.text_encoder(self.tokenizer).to(device)
        self.unet = UNetMotionModel.from_unet2d(network.image_unet(), network.motion_adapter()).to(device)
        self.table = {m.pe.shape[-1]: m.pe.clone() for n, m in self.unet.named_modules() if n.endswith("pos_embed")}
        alphas = network.scheduler().alphas_cumprod.to(device)
        self.signal, self.noise = alphas.sqrt(), (1 - alphas).sqrt()
        self.stage, self.seen, self.seconds = 0, 0, 0.0
        self.ema_unet, self.ema_text = copy.deepcopy(self.unet), copy.deepcopy(self.text)
        self.optimizer = Muon([*self.unet.parameters(), *self.text.parameters()], lr=0.0)
        if (folder / "denoiser.pt").exists():
            self._load()
        # A resumed run draws new data rather than the same again.
        self.rng = random.Random(f"{seed}/{self.stage}/{self.seen}/{self.rank}")
        torch.manual_seed(self.rng.randrange(1 << 40))

    def run(self) -> None:
        log, losses, saved, started = (self.folder / "denoiser.log").open("a"), [], time.monotonic(), time.monotonic()
        while self.stage < len(self.stages):
            stage = self.stages[self.stage]
            losses.append(self._step(stage))
            if (self.rank == 0 and time.monotonic() - saved > CHECKPOINT_SECONDS) or self.seen >= stage.samples:
                self.seconds += time.monotonic() - started
                saved = started = time.monotonic()
                row = dict(stage=stage.name, seen=self.seen, loss=float(np.mean(losses)), seconds=self.seconds)
                if self.rank == 0:
                    print(json.dumps(row | self.validate(stage)), file=log, flush=True)
                losses.clear()
                if self.seen >= stage.samples:
                    self.stage, self.seen = self.stage + 1, 0
                if self.rank == 0:
                    self._save()

    def _step(self, stage: Stage) -> float:
        batch = stage.batch // self.world
        specs = [sample(self.rng) for _ in range(batch)]
        frames = torch.tensor(sorted(self.rng.sample(range(FRAMES), stage.frames)))
        latents = self._latents(specs, frames)
        words = ["" if self.rng.random() < TEXT_DROPOUT else caption(spec, self.rng) for spec in specs]
        t = (1000 * torch.rand(batch, device=self.device) ** 0.6).long().clamp_(0, 999)
        with torch.autocast(self.device, torch.bfloat16):
            noise = torch.randn_like(latents)
            prediction, target = self._predict(self.unet, self.text, latents, words, t, noise, frames)
        loss = (prediction.float() - target).pow(2).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        parameters = self.optimizer.param_groups[0]["params"]
        self._average_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        progress = self.seen / stage.samples
        falling = 1 if progress <= 1 - stage.decay else (1 - progress) / stage.decay
        warm = min(1.0, (self.seen / stage.batch + 1) / 50)
        self.optimizer.param_groups[0]["lr"] = stage.lr * warm * max(falling, 0.02)
        self.optimizer.step()
        self._average_weights(min(0.998, (1 + self.seen / stage.batch) / (10 + self.seen / stage.batch)))
        self.seen += stage.batch
        return float(loss.detach())

    def _latents(self, specs: list[Spec], frames: torch.Tensor) -> torch.Tensor:
        clips = np.stack([render(spec, PIXELS, only=frames.tolist()) for spec in specs])
        pixels = torch.from_numpy(clips).to(self.device).float().div(127.5).sub(1)
        latents = self.space.encode(pixels.flatten(0, 1))
        return latents.view(len(specs), len(frames), *latents.shape[1:]).transpose(1, 2)

    def _predict(
        self,
        unet: UNetMotionModel,
        text: CLIPTextModel,
        latents: torch.Tensor,
        words: list[str],
        t: torch.Tensor,
        noise: torch.Tensor,
        frames: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Prediction and target of v, [batch, channels, frames, 8, 8]."""
        ids = self.tokenizer(words, padding="max_length", truncation=True, return_tensors="pt").input_ids
        hidden = text(ids.to(self.device)).last_hidden_state.repeat_interleave(len(frames), 0)
        signal, sigma = (x[t].view(-1, 1, 1, 1, 1) for x in (self.signal, self.noise))
        positions(unet, self.table, frames)
        return unet(signal * latents + sigma * noise, t, hidden).sample, signal * noise - sigma * latents

    def _average_gradients(self, parameters: list[torch.nn.Parameter]) -> None:
        if self.world == 1:
            return
        flat = torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])
        dist.all_reduce(flat)
        at = 0
        for p in parameters:
            if p.grad is not None:
                p.grad.copy_(flat[at : at + p.numel()].view_as(p.grad) / self.world)
                at += p.numel()

    @torch.no_grad()
    def _average_weights(self, keep: float) -> None:
        for average, model in ((self.ema_unet, self.unet), (self.ema_text, self.text)):
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - keep)

    @torch.no_grad()
    def validate(self, stage: Stage, clips: int = 32) -> dict[str, float]:
        """v-loss of the averaged weights on held-out combinations, the same ones each time."""
        rng, torch_rng = random.Random(5), torch.Generator().manual_seed(3)
        specs = [sample(rng, held_out=True) for _ in range(clips)]
        frames = torch.arange(FRAMES)[:: FRAMES // stage.frames]
        latents = self._latents(specs, frames)
        noise = torch.randn(latents.shape, generator=torch_rng).to(self.device)
        t = torch.linspace(40, 999, clips).long()[torch.randperm(clips, generator=torch_rng)].to(self.device)
        words = [caption(spec, rng) for spec in specs]
        prediction, target = self._predict(self.ema_unet, self.ema_text, latents, words, t, noise, frames)
        loss = (prediction - target).pow(2).flatten(1).mean(1)
        return dict(held_out=float(loss.mean()), high=float(loss[t > 700].mean()), low=float(loss[t <= 700].mean()))

    def _state(self) -> dict[str, torch.nn.Module | torch.optim.Optimizer]:
        return dict(
            unet=self.unet,
            text=self.text,
            ema_unet=self.ema_unet,
            ema_text=self.ema_text,
            optimizer=self.optimizer,
        )

    def _save(self) -> None:
        for unet in (self.unet, self.ema_unet):
            positions(unet, self.table, torch.arange(network.MAX_FRAMES))
        parts = {name: part.state_dict() for name, part in self._state().items()}
        state = parts | dict(stage=self.stage, seen=self.seen, seconds=self.seconds)
        partial = self.folder / "denoiser.pt.partial"
        torch.save(state, partial)
        partial.replace(self.folder / "denoiser.pt")

    def _load(self) -> None:
        state = torch.load(self.folder / "denoiser.pt", map_location=self.device, weights_only=True)
        for name, part in self._state().items():
            part.load_state_dict(state[name])
        self.stage, self.seen, self.seconds = state["stage"], state["seen"], state["seconds"]
