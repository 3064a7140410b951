"""Work that is left out of some of AnimateDiff's steps, when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_map

from ttvideo.families.clips.stepping import Result


@dataclass(frozen=True)
class Cuts:
    """Steps are counted from 0."""

    every: int
    """All but the outermost layers run in one of so many steps, and give in the others what they gave last (DeepCache,
    Ma et al. 2024)."""
    begin: int
    """Until here all layers run: these steps decide what will be where."""
    guided: int | None
    """From here on only the half of the batch with the prompt runs, so that guidance has no effect; None: never."""

    def whole(self, step: int) -> bool:
        """Whether the step needs nothing that was remembered."""
        return step < self.begin or (step - self.begin) % self.every == 0 or step == self.guided


@contextmanager
def cut(unet: Any, cuts: Cuts) -> Iterator[None]:
    """For one call of a pipeline, in which each step asks the UNet once."""
    step = -1
    undo: list[Callable[[], object]] = []

    def replace(module: Any, forward: Callable[..., Any]) -> None:
        had = module.__dict__.get("forward")
        module.__dict__["forward"] = forward
        undo.append(lambda: module.__dict__.update(forward=had) if had else module.__dict__.pop("forward"))

    def keep(module: Any, *, read: bool) -> None:
        original, kept = module.forward, None

        def forward(*args: Any, **kwargs: Any) -> Any:
            nonlocal kept
            if cuts.whole(step):
                output = original(*args, **kwargs)
                # What nobody reads in the other steps is remembered by its shape.
                kept = output if read else tree_map(_shape, output)
                return output
            return kept

        replace(module, forward)

    def count(original: Callable[..., Any]) -> Callable[..., Any]:
        def forward(sample: torch.Tensor, *args: Any, encoder_hidden_states: torch.Tensor, **kwargs: Any) -> Any:
            nonlocal step
            step += 1
            if cuts.guided is None or step < cuts.guided:
                return original(sample, *args, encoder_hidden_states=encoder_hidden_states, **kwargs)
            half, texts = sample.chunk(2)[1], encoder_hidden_states.chunk(2)[1]
            output = original(half, *args, encoder_hidden_states=texts, **kwargs)
            return Result((torch.cat([output.sample] * 2),))

        return forward

    try:
        if cuts.every > 1:
            for module, read in _inner(unet):
                keep(module, read=read)
        replace(unet, count(unet.forward))
        yield
    finally:
        while undo:
            undo.pop()()


def _inner(unet: Any) -> Iterator[tuple[Any, bool]]:
    """All layers but the first, the last and what these need; with the one whose output the last one reads."""
    first, last = unet.down_blocks[0], unet.up_blocks[-1]
    for block in (*unet.down_blocks[1:], unet.mid_block, *unet.up_blocks[:-1], *(first.downsamplers or ())):
        yield block, False
    for block, inner in ((first, slice(1, None)), (last, slice(0, -1))):
        for layers in (block.resnets, getattr(block, "attentions", ()), block.motion_modules):
            for layer in layers[inner]:
                yield layer, block is last and layer is last.motion_modules[-2]


def _shape(value: Any) -> Any:
    return value.new_zeros(()).expand(value.shape) if isinstance(value, torch.Tensor) else value
