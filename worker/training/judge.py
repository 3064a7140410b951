"""Judges clips without knowing their captions: a small CNN reads subject, scene and mask; the rest is measured.

The CNN is trained on renders (never on anything generated) and has to read held-out renders nearly without error
before its word on a generated clip counts: see `check`.
"""

from __future__ import annotations

import dataclasses
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from training import motion
from training.scenes import COLOURS, FRAMES, SCENES, SUBJECTS, Floats, Frames, Spec, render, sample

SIZE = 64
SAMPLES = 48_000
BATCH = 64
WIDTHS = (24, 48, 96, 128)
SIDE = 32
# What the ruler itself must reach on held-out renders.
LEAST = {"subject": 0.98, "scene": 0.98, "colour": 0.97, "kind": 0.97, "motion": 0.97}


@dataclass(frozen=True)
class Verdict:
    """What a clip shows."""

    subject: str
    colour: str
    scene: str
    motion: str

    def agrees(self, spec: Spec) -> dict[str, bool]:
        """Right or wrong by aspect. `kind` forgives the direction, e.g. left for right; `all` does not."""
        kind = motion.KINDS.get(self.motion, self.motion)
        right = {
            "scene": self.scene == spec.scene,
            "colour": self.colour == spec.colour,
            "kind": kind == motion.KINDS[spec.motion],
            "motion": self.motion == spec.motion,
            "subject": self.subject == spec.subject,
        }
        return right | {"all": all(right.values())}


class Network(nn.Module):
    """Frames [n, 3, 64, 64] in [-1, 1] to logits: subject [n, 9], scene [n, 8], mask [n, 64, 64]."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        self.down = nn.ModuleList([_block(3, a, 2), _block(a, b, 2), _block(b, c, 2), _block(c, d, 1)])
        self.sides = nn.ModuleList([nn.Conv2d(width, SIDE, 1) for width in (a, b, d)])
        self.up = nn.ModuleList([_block(SIDE, SIDE, 1), _block(SIDE, SIDE, 1)])
        self.mask = nn.Conv2d(SIDE + 3, 1, 3, padding=1)
        self.subject = nn.Linear(2 * d, len(SUBJECTS))
        self.scene = nn.Linear(2 * d, len(SCENES))

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        half = self.down[0](frames)
        quarter = self.down[1](half)
        deep = self.down[3](self.down[2](quarter))
        pooled = torch.cat([deep.mean((2, 3)), deep.amax((2, 3))], 1)
        up = self.up[0](_double(self.sides[2](deep)) + self.sides[1](quarter))
        up = self.up[1](_double(up) + self.sides[0](half))
        mask = self.mask(torch.cat([_double(up), frames], 1))[:, 0]
        return self.subject(pooled), self.scene(pooled), mask


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _double(x: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear")


class Judge:
    def __init__(self, network: Network) -> None:
        self.network = network.eval()

    @torch.no_grad()
    def masks(self, clip: Frames) -> Floats:
        """Where the subject is: [frames, 64, 64] in [0, 1]."""
        masks: Floats = torch.sigmoid(self.network(_input(shrink(clip)))[2]).numpy()
        return masks

    @torch.no_grad()
    def read(self, clip: Frames) -> Verdict:
        """Judge a clip uint8 [frames, size, size, 3]: the whole clip votes on subject and scene."""
        small = shrink(clip)
        subject, scene, mask = self.network(_input(small))
        masks: Floats = torch.sigmoid(mask).numpy()
        # A subject is judged by the frames that show it large: a speck is anything.
        weight = torch.sigmoid(mask).sum((1, 2), keepdim=True)[..., 0].clamp(max=300)
        names = SUBJECTS[int((subject.log_softmax(1) * weight).sum(0).argmax())]
        place = SCENES[int(scene.log_softmax(1).sum(0).argmax())]
        return Verdict(names, colour(small, masks), place, motion.classify(masks))


def shrink(clip: Frames) -> Frames:
    """Average blocks of pixels until the clip is 64 pixels wide."""
    frames, height, width, _ = clip.shape
    if height % SIZE or height != width:
        raise ValueError(f"the judge reads squares of a multiple of {SIZE} pixels, not {width}x{height}")
    step = height // SIZE
    blocks = clip.reshape(frames, SIZE, step, SIZE, step, 3).astype(np.float32).mean((2, 4))
    out: Frames = (blocks + 0.5).astype(np.uint8)
    return out


def colour(clip: Frames, masks: Floats) -> str:
    """The colour that most of the subject's pixels are nearest to, in its own tone or the light one of details."""
    inside = masks > 0.8
    if not inside.any():
        return "none"
    pixels = _uniform(clip[inside].astype(np.float32))
    pure = np.array(list(COLOURS.values()), np.float32)
    anchors = _uniform(np.concatenate([pure, pure + (255 - pure) * 0.5]))
    nearest = ((pixels[:, None] - anchors[None]) ** 2).sum(-1).argmin(1) % len(COLOURS)
    return list(COLOURS)[int(np.bincount(nearest, minlength=len(COLOURS)).argmax())]


def _uniform(rgb: Floats) -> Floats:
    """sRGB 0..255 [n, 3] to Oklab, in which distances are as people see them (bottosson.github.io/posts/oklab)."""
    linear = np.where(rgb <= 10.31, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    to_cones = np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]]
    )  # fmt: skip
    to_lab = np.array(
        [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
         [0.0259040371, 0.7827717662, -0.8086757660]]
    )  # fmt: skip
    out: Floats = (np.cbrt(linear @ to_cones.T) @ to_lab.T).astype(np.float32)
    return out


def true_masks(spec: Spec, size: int = SIZE, only: tuple[int, ...] = ()) -> Floats:
    """Where a render carries its subject's colour: 0 or 1 [frames, size, size]. Repainting it shows where that is."""
    other = "red" if spec.colour == "blue" else "blue"
    first, second = (render(dataclasses.replace(spec, colour=c), size, only=only) for c in (spec.colour, other))
    span = np.abs(np.subtract(COLOURS[spec.colour], COLOURS[other])).max()
    difference = np.abs(first.astype(np.float32) - second).max(-1)
    out: Floats = (difference > 0.3 * span).astype(np.float32)
    return out


def load(folder: Path, report: Callable[[str], None] = print) -> Judge:
    """The judge of a training folder, trained first if there is none (minutes on one core)."""
    file, network = folder / "judge.pt", Network()
    if not file.exists():
        torch.save(_train(network, report).state_dict(), file)
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return Judge(network)


def _train(network: Network, report: Callable[[str], None], seed: int = 7) -> Network:
    torch.manual_seed(seed)
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    steps, started = SAMPLES // BATCH, time.monotonic()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, steps)
    network.train()
    for step in range(steps):
        frames, subjects, scenes, masks = _batch(rng, noise)
        subject, scene, mask = network(frames)
        loss = functional.cross_entropy(subject, subjects) + 0.5 * functional.cross_entropy(scene, scenes)
        loss = loss + 3 * functional.binary_cross_entropy_with_logits(mask, masks)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0 or step == steps - 1:
            seconds = time.monotonic() - started
            report(f"judge: step {step} of {steps}, loss {float(loss.detach()):.3f}, {seconds:.0f} s")
    return network.eval()


def _batch(rng: random.Random, noise: np.random.Generator) -> tuple[torch.Tensor, ...]:
    specs = [sample(rng) for _ in range(BATCH // 2)]
    picks = [(rng.randrange(FRAMES // 2), rng.randrange(FRAMES // 2, FRAMES)) for _ in specs]
    pairs = list(zip(specs, picks, strict=True))
    clean = np.concatenate([render(spec, SIZE, only=pick) for spec, pick in pairs])
    masks = np.concatenate([true_masks(spec, only=pick) for spec, pick in pairs])
    frames = _input(clean) + torch.from_numpy(noise.normal(0, 0.06, clean.shape).astype(np.float32)).permute(0, 3, 1, 2)
    if rng.random() < 0.5:
        # Generated frames come through a decoder that is less sharp than the renderer.
        soft = functional.avg_pool2d(functional.pad(frames, (1, 1, 1, 1), mode="replicate"), 3, 1)
        frames = torch.lerp(frames, soft, rng.random())
    subjects = torch.tensor([SUBJECTS.index(spec.subject) for spec in specs for _ in range(2)])
    scenes = torch.tensor([SCENES.index(spec.scene) for spec in specs for _ in range(2)])
    return frames, subjects, scenes, torch.from_numpy(masks)


def _input(frames: Frames) -> torch.Tensor:
    return torch.from_numpy(frames).float().div(127.5).sub(1).permute(0, 3, 1, 2)


def check(judge: Judge, clips: int = 300, seed: int = 23) -> dict[str, float]:
    """Share of held-out renders read rightly, by aspect; raises ValueError when the ruler itself is not good enough."""
    rng = random.Random(seed)
    specs = [sample(rng, held_out=True) for _ in range(clips)]
    rows = [judge.read(render(spec, SIZE)).agrees(spec) for spec in specs]
    shares = {aspect: float(np.mean([row[aspect] for row in rows])) for aspect in rows[0]}
    short = {aspect: shares[aspect] for aspect, least in LEAST.items() if shares[aspect] < least}
    if short:
        raise ValueError(f"the judge reads real renders wrongly too often: {json.dumps(short)} of {clips}")
    return shares
