"""What the mean hidden state of a text has to say: each motion, size and pace along a direction of its own.

Left to the denoiser alone, the text encoder makes "left" and "right" one word: both say "sideways", which pays at
once, while the direction pays only where noise hides the clip, and only together with a frame's place in it. What is
not told apart by then is never learned. So the text encoder is asked for it directly.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from training.network import TEXT_WIDTH
from training.scenes import MOTIONS, PACES, SIZES, Spec

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "motion": MOTIONS,
    "size": tuple(SIZES),
    "pace": tuple(PACES),
}
# So that values are told apart (6 in logits) by what words of different kinds differ in anyway, 0.13 a channel.
SCALE = 4.0


def directions(seed: int = 17) -> dict[str, torch.Tensor]:
    """Unit vectors [values, TEXT_WIDTH] for each attribute, all at right angles. Fixed, so only the text can yield."""
    drawn = torch.randn(TEXT_WIDTH, TEXT_WIDTH, generator=torch.Generator().manual_seed(seed))
    counts = [len(values) for values in ATTRIBUTES.values()]
    rows = torch.linalg.qr(drawn).Q.T[: sum(counts)].contiguous()
    return dict(zip(ATTRIBUTES, rows.split(counts), strict=True))


def loss(hidden: torch.Tensor, specs: Sequence[Spec], towards: dict[str, torch.Tensor]) -> torch.Tensor:
    """Cross-entropy of all attributes of `specs` as read from hidden states [n, tokens, TEXT_WIDTH], summed."""
    mean = SCALE * hidden.float().mean(1)
    total = mean.new_zeros(())
    for attribute, values in ATTRIBUTES.items():
        places = [values.index(getattr(spec, attribute)) for spec in specs]
        # A batch may have no texts: then nothing says that these are whole numbers, and there is no mean.
        wanted = torch.tensor(places, dtype=torch.long, device=mean.device)
        total = total + functional.cross_entropy(mean @ towards[attribute].T, wanted, reduction="sum")
    return total / max(1, len(specs))
