"""Motion modules in files: as AnimateDiff's makers publish them, and as diffusers does."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from animatediff_ttnn.errors import AnimateDiffError

NORM_GROUPS = 32
"""Of AnimateDiff's own modules; a diffusers folder's config.json may say another number."""
ADAPTER_WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors")
"""What diffusers calls them in a folder; of those that are there, the first."""
MODULE = re.compile(r"((?:down_blocks|up_blocks)\.\d+|mid_block)\.motion_modules\.\d+(?=\.)")
# From the names of guoyww/AnimateDiff's files to diffusers', as diffusers' own loader has them.
RENAMES = (
    (".temporal_transformer.", "."),
    (".attention_blocks.0.pos_encoder.", ".pos_embed."),
    (".attention_blocks.1.pos_encoder.", ".pos_embed."),
    (".attention_blocks.0.", ".attn1."),
    (".attention_blocks.1.", ".attn2."),
    (".norms.0.", ".norm1."),
    (".norms.1.", ".norm2."),
    (".ff_norm.", ".norm3."),
)
ORDER = ("down_blocks", "mid_block", "up_blocks")


class Checkpoint:
    """The motion modules of one file or folder, by their place in the UNet, in the order in which it runs them.

    modules: place such as "down_blocks.0.motion_modules.0" -> state dict of diffusers' AnimateDiffTransformer3D
    config: of a diffusers folder; empty for other files
    """

    def __init__(self, path: str | Path) -> None:
        """Raises AnimateDiffError for what cannot be read, or holds no motion modules."""
        self.path = Path(path).expanduser()
        files = [self.path / name for name in ADAPTER_WEIGHTS] if self.path.is_dir() else [self.path]
        file = next((each for each in files if each.is_file()), files[0])
        if not file.is_file():
            raise AnimateDiffError(
                f"There is no motion module at {file}.",
                "Fetch mm_sd_v15_v2.ckpt with weights/download_weights.sh, or name another file or diffusers' folder.",
            )
        self.config = _config(file.with_name("config.json"))
        found: dict[str, dict[str, torch.Tensor]] = {}
        for name, tensor in _tensors(file).items():
            renamed = diffusers_name(name)
            if place := MODULE.match(renamed):
                found.setdefault(place[0], {})[renamed[place.end() + 1 :]] = tensor
        self.modules = {place: found[place] for place in sorted(found, key=_order) if "norm.weight" in found[place]}
        if not self.modules:
            raise AnimateDiffError(
                f"{file.name} holds no motion modules.",
                "Take a file such as mm_sd_v15_v2.ckpt, or a motion adapter of diffusers.",
            )

    @property
    def norm_groups(self) -> int:
        return int(self.config.get("motion_norm_num_groups", NORM_GROUPS))

    @property
    def num_heads(self) -> int | None:
        """None where the file does not say it."""
        heads = self.config.get("motion_num_attention_heads")
        return heads if isinstance(heads, int) else None

    def widths(self) -> dict[str, int]:
        """Place -> channels of the hidden states there."""
        return {place: state["norm.weight"].numel() for place, state in self.modules.items()}


def diffusers_name(name: str) -> str:
    """The name of a weight in diffusers' motion adapters, of that in AnimateDiff's files."""
    name = name.removeprefix("module.")
    for theirs, ours in RENAMES:
        name = name.replace(theirs, ours)
    return name


def _order(place: str) -> tuple[int, list[int]]:
    return ORDER.index(place.split(".")[0]), [int(part) for part in place.split(".") if part.isdigit()]


def _config(file: Path) -> Mapping[str, Any]:
    """Settings of a motion adapter, if these are beside it."""
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise AnimateDiffError(f"{file} is no JSON.", "Fetch the motion adapter again.") from None
    return config if isinstance(config, dict) and config.get("_class_name") == "MotionAdapter" else {}


def _tensors(file: Path) -> dict[str, torch.Tensor]:
    try:
        if file.suffix == ".safetensors":
            return dict(load_file(file))
        # weights_only: a pickle may otherwise run any program as it is read.
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, EOFError, RuntimeError, ValueError) as error:
        raise AnimateDiffError(
            f"{file.name} is broken, or holds more than weights.", "Fetch it again from where it was published."
        ) from error
    state = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else {}
    return {name: tensor for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
