"""AnimateDiff's temporal attention, in PyTorch and on Tenstorrent boards. Needs nothing of ttvideo.

Neither torch nor ttnn is imported before a name that needs it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from animatediff_ttnn.errors import AnimateDiffError
    from animatediff_ttnn.injection import inject_motion_modules
    from animatediff_ttnn.pipeline import AnimateDiffPipeline, create_animatediff_pipeline
    from animatediff_ttnn.temporal_module import (
        TemporalAttentionWeights,
        load_animatediff_weights,
        temporal_attention_torch,
        temporal_attention_ttnn,
    )

__all__ = [
    "AnimateDiffError",
    "AnimateDiffPipeline",
    "TemporalAttentionWeights",
    "create_animatediff_pipeline",
    "inject_motion_modules",
    "load_animatediff_weights",
    "temporal_attention_torch",
    "temporal_attention_ttnn",
]
__version__ = "0.1.0"

_MODULES = {
    "AnimateDiffError": "errors",
    "AnimateDiffPipeline": "pipeline",
    "TemporalAttentionWeights": "temporal_module",
    "create_animatediff_pipeline": "pipeline",
    "inject_motion_modules": "injection",
    "load_animatediff_weights": "temporal_module",
    "temporal_attention_torch": "temporal_module",
    "temporal_attention_ttnn": "temporal_module",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'animatediff_ttnn' has no attribute '{name}'")
    return getattr(import_module(f"animatediff_ttnn.{_MODULES[name]}"), name)
