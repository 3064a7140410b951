"""Trains UNet, motion modules and text encoder, in stages, from renders made on the fly.

The words alone first (`meaning`), then still frames (where shapes are learned cheaply), then a few of a clip's 16
frames, then whole clips. The few frames have their true positions in the clip, so that nothing has to be unlearned.

Which way a subject moves can be seen in all but the noisiest clips, so only at the noisiest is it learned from words.
Clips therefore come in pairs of opposite motion, alike in all else down to the noise, and a good part of them drowned
in it ("loud"): all that tells the two apart is the text. There the error of their difference counts by itself, for in
the error of each it is small beside all that no text tells.
"""

from __future__ import annotations

import copy
import os
import random
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from diffusers import AnimateDiffPipeline, UNetMotionModel
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import CLIPTextModel, CLIPTokenizer

from training import history, meaning, network
from training.captions import caption
from training.latents import CHANNELS, PIXELS, SIDE, LatentSpace
from training.muon import Muon
from training.scenes import FRAMES, Spec, opposite, render, sample, vary

TEXT_DROPOUT = 0.1
# Of 999 steps: from here on the direction of a motion drowns in the noise.
LOUD = 880
CONTRAST_WEIGHT = 8.0
MEANING_WEIGHT = 0.02
ANCHOR_WEIGHT = 8.0
# How often a whole clip has so many frames.
LENGTHS = {FRAMES: 12, FRAMES // 2: 3, FRAMES * 3 // 2: 3, 1: 2}
# The share of clips made to spin: every frame shows the shape anew, which no other motion asks for.
SPINNING = 0.12
CHECKPOINT_SECONDS = 240


@dataclass(frozen=True)
class Stage:
    """`samples` clips of `frames` frames, or as many texts when that is 0.

    The learning rate is constant, then falls to 0 over the last `decay` part. `loud` is the share of clips that are
    lost in noise, three quarters of them wholly; of the others the noisier are the more frequent, the less `even` is
    below 1.
    """

    name: str
    frames: int
    batch: int
    samples: int
    lr: float
    decay: float = 0.0
    loud: float = 0.0
    even: float = 0.6


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
        self.anchor: CLIPTextModel | None = None
        if (folder / "start").exists():
            self.anchor = network.extended_text_encoder(folder / "start", self.tokenizer).to(device)
            self.text = copy.deepcopy(self.anchor)
            self.unet = AnimateDiffPipeline.from_pretrained(folder / "start").unet.to(device)
        else:
            self.text = network.text_encoder(self.tokenizer).to(device)
            self.unet = UNetMotionModel.from_unet2d(network.image_unet(), network.motion_adapter()).to(device)
        self.meanings = {name: rows.to(device) for name, rows in meaning.directions().items()}
        self.table = {m.pe.shape[-1]: m.pe.clone() for n, m in self.unet.named_modules() if n.endswith("pos_embed")}
        alphas = network.scheduler().alphas_cumprod.to(device)
        self.signal, self.noise = alphas.sqrt(), (1 - alphas).sqrt()
        self.stage, self.seen, self.seconds = 0, 0, 0.0
        self.ema_unet, self.ema_text = copy.deepcopy(self.unet), copy.deepcopy(self.text)
        tables = [parameter for name, parameter in self.text.named_parameters() if "embedding" in name]
        others = [parameter for name, parameter in self.text.named_parameters() if "embedding" not in name]
        groups: list[dict[str, Any]] = [
            {"params": [*self.unet.parameters(), *others]},
            {"params": tables, "matrices": False, "weight_decay": 0.0},
        ]
        self.optimizer = Muon(groups, lr=0.0)
        if (folder / "denoiser.pt").exists():
            self._load()
        # A resumed run draws new data rather than the same again.
        self.rng = random.Random(f"{seed}/{self.stage}/{self.seen}/{self.rank}")
        torch.manual_seed(self.rng.randrange(1 << 40))

    def run(self) -> None:
        losses, saved, started = [], time.monotonic(), time.monotonic()
        while self.stage < len(self.stages):
            stage = self.stages[self.stage]
            losses.append(self._step(stage))
            if (self.rank == 0 and time.monotonic() - saved > CHECKPOINT_SECONDS) or self.seen >= stage.samples:
                self.seconds += time.monotonic() - started
                saved = started = time.monotonic()
                row = dict(stage=stage.name, seen=self.seen, loss=float(np.mean(losses)), seconds=self.seconds)
                if self.rank == 0:
                    history.note(self.folder, "denoiser", row | self.validate(stage))
                losses.clear()
                if self.seen >= stage.samples:
                    self.stage, self.seen = self.stage + 1, 0
                if self.rank == 0:
                    self._save()

    def _step(self, stage: Stage) -> float:
        # PyTorch's fused attention takes half of a step's time for sequences as short as 16 frames.
        with sdpa_kernel(SDPBackend.MATH):
            loss = self._text_loss(stage) if stage.frames == 0 else self._clip_loss(stage)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        self._average_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        progress = self.seen / stage.samples
        falling = 1 if progress <= 1 - stage.decay else (1 - progress) / stage.decay
        warm = min(1.0, (self.seen / stage.batch + 1) / 50)
        for group in self.optimizer.param_groups:
            group["lr"] = stage.lr * warm * max(falling, 0.02)
        self.optimizer.step()
        self._average_weights(min(0.995, (1 + self.seen / stage.batch) / (10 + self.seen / stage.batch)))
        self.seen += stage.batch
        return float(loss.detach())

    def _text_loss(self, stage: Stage) -> torch.Tensor:
        """What texts say, and that what the model which is gone on from read in them changes no more than needed."""
        specs = [vary(sample(self.rng), self.rng) for _ in range(stage.batch // self.world)]
        words = [caption(spec, self.rng) for spec in specs]
        hidden = self._hidden(self.text, words)
        loss = meaning.loss(hidden, specs, self.meanings)
        if self.anchor is not None:
            known = torch.tensor([not (spec.size or spec.pace) for spec in specs], device=self.device)
            with torch.no_grad():
                before = self._hidden(self.anchor, words)
            loss = loss + ANCHOR_WEIGHT * (hidden - before)[known].pow(2).mean()
        return loss

    def _clip_loss(self, stage: Stage) -> torch.Tensor:
        specs = self._specs(stage)
        count, chosen = self._frames(stage)
        frames = torch.tensor(chosen)
        latents = self._latents(specs, frames, count)
        words = [caption(spec, self.rng) for spec in specs]
        pairs = len(specs) // 2
        silent = [self.rng.random() < TEXT_DROPOUT for _ in range(pairs)] * 2
        noise = torch.randn_like(latents[:pairs]).repeat(2, 1, 1, 1, 1)
        t = self._times(pairs, stage.loud, stage.even).repeat(2)
        with torch.autocast(self.device, torch.bfloat16):
            hidden = self._hidden(self.text, ["" if quiet else text for quiet, text in zip(silent, words, strict=True)])
            prediction, target = self._predict(self.unet, hidden, latents, t, noise, frames)
        told = [i for i, quiet in enumerate(silent) if not quiet]
        said = meaning.loss(hidden[told], [specs[i] for i in told], self.meanings)
        error = prediction.float() - target
        apart = (error[:pairs] - error[pairs:]).pow(2).flatten(1).mean(1) / 2
        contrast = (apart * (t[:pairs] >= LOUD)).mean() if stage.frames > 1 else 0.0
        return error.pow(2).mean() + CONTRAST_WEIGHT * contrast + MEANING_WEIGHT * said

    def _specs(self, stage: Stage) -> list[Spec]:
        """Clips, the second half of them the opposites of the first; of still frames there are none."""
        firsts: list[Spec] = []
        seconds: list[Spec] = []
        while len(firsts) < stage.batch // self.world // 2:
            spec = vary(self._drawn(), self.rng)
            other = opposite(spec, self.rng) if stage.frames > 1 else vary(sample(self.rng), self.rng)
            if other is not None:
                firsts.append(spec)
                seconds.append(other)
        return firsts + seconds

    def _drawn(self) -> Spec:
        spec = sample(self.rng)
        spinning = replace(spec, motion="spinning")
        wanted = self.rng.random() < SPINNING and spinning.shows_motion and not spinning.held_out
        return spinning if wanted else spec

    def _frames(self, stage: Stage) -> tuple[int, list[int]]:
        """How many frames the clip has, and which of them are looked at."""
        if stage.frames == FRAMES:
            # People ask for shorter and longer clips, too, and for single pictures.
            (count,) = self.rng.choices(tuple(LENGTHS), tuple(LENGTHS.values()))
            return count, list(range(count))
        if stage.frames == 1:
            return FRAMES, [self.rng.randrange(FRAMES)]
        # An early and a late frame show which way it goes.
        ends = self.rng.randrange(FRAMES // 4), self.rng.randrange(FRAMES * 3 // 4, FRAMES)
        others = [frame for frame in range(FRAMES) if frame not in ends]
        return FRAMES, sorted([*ends, *self.rng.sample(others, stage.frames - 2)])

    def _times(self, count: int, loud: float, even: float) -> torch.Tensor:
        t = (1000 * torch.rand(count, device=self.device) ** even).long()
        noisy = torch.randint(LOUD, 1000, (count,), device=self.device)
        which = torch.rand(count, device=self.device)
        t = torch.where(which < loud, noisy, t)
        return torch.where(which < 0.75 * loud, 999, t).clamp_(0, 999)

    def _latents(self, specs: list[Spec], frames: torch.Tensor, count: int = FRAMES) -> torch.Tensor:
        clips = np.stack([render(spec, PIXELS, count, frames.tolist()) for spec in specs])
        pixels = torch.from_numpy(clips).to(self.device).float().div(127.5).sub(1)
        latents = self.space.encode(pixels.flatten(0, 1))
        return latents.view(len(specs), len(frames), *latents.shape[1:]).transpose(1, 2)

    def _hidden(self, text: CLIPTextModel, words: list[str]) -> torch.Tensor:
        """[n, TEXT_LENGTH, TEXT_WIDTH]"""
        ids = self.tokenizer(words, padding="max_length", truncation=True, return_tensors="pt").input_ids
        hidden: torch.Tensor = text(ids.to(self.device)).last_hidden_state
        return hidden

    def _predict(
        self,
        unet: UNetMotionModel,
        hidden: torch.Tensor,
        latents: torch.Tensor,
        t: torch.Tensor,
        noise: torch.Tensor,
        frames: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Prediction and target of v, [batch, channels, frames, 8, 8]."""
        signal, sigma = (x[t].view(-1, 1, 1, 1, 1) for x in (self.signal, self.noise))
        positions(unet, self.table, frames)
        states = hidden.repeat_interleave(len(frames), 0)
        return unet(signal * latents + sigma * noise, t, states).sample, signal * noise - sigma * latents

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
        """v-loss of the averaged weights on held-out combinations, and what only the text can tell, always the same."""
        if stage.frames == 0:
            return {}
        rng, torch_rng = random.Random(5), torch.Generator().manual_seed(3)
        specs = [sample(rng, held_out=True) for _ in range(clips)]
        frames = torch.arange(FRAMES)[:: FRAMES // stage.frames]
        latents = self._latents(specs, frames)
        noise = torch.randn(latents.shape, generator=torch_rng).to(self.device)
        t = torch.linspace(40, 999, clips).long()[torch.randperm(clips, generator=torch_rng)].to(self.device)
        words = [caption(spec, rng) for spec in specs]
        hidden = self._hidden(self.ema_text, words)
        prediction, target = self._predict(self.ema_unet, hidden, latents, t, noise, frames)
        loss = (prediction - target).pow(2).flatten(1).mean(1)
        result = dict(held_out=float(loss.mean()), high=float(loss[t > 700].mean()), low=float(loss[t <= 700].mean()))
        return result | (self._directions(frames) if stage.frames > 1 else {})

    @torch.no_grad()
    def _directions(self, frames: torch.Tensor) -> dict[str, float]:
        """How far apart opposite motions are made from the same pure noise, rms; renders are about 0.25 apart.

        Beginning steps show other differences than the one in time that is wanted: below 0.1 it means nothing.
        """
        shape = (2, CHANNELS, len(frames), SIDE, SIDE)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(3))[:1].repeat(2, 1, 1, 1, 1).to(self.device)
        apart = {}
        for here, there in (("moving left", "moving right"), ("rising", "falling"), ("growing", "shrinking")):
            hidden = self._hidden(self.ema_text, [f"a red ball {way} on green grass" for way in (here, there)])
            t = torch.full((2,), 999, device=self.device)
            first, second = self._predict(self.ema_unet, hidden, noise, t, noise, frames)[0]
            apart[here] = float((first - second).pow(2).mean().sqrt())
        return apart

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
