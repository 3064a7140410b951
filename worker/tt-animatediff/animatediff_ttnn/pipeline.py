"""One motion module as a pipeline: hidden states in, hidden states that know of each other's frames out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from animatediff_ttnn import video
from animatediff_ttnn.errors import AnimateDiffError
from animatediff_ttnn.temporal_module import (
    TemporalAttentionWeights,
    load_animatediff_weights,
    temporal_attention_torch,
    temporal_attention_ttnn,
)

if TYPE_CHECKING:
    import ttnn
    from PIL import Image


def create_animatediff_pipeline(
    temporal_checkpoint: str,
    dim: int = 320,
    num_heads: int = 8,
    max_frames: int = 24,
    use_ttnn: bool = False,
    *,
    module: str | None = None,
) -> AnimateDiffPipeline:
    """A pipeline of one module of a checkpoint; load_animatediff_weights says which, and what is raised.

    use_ttnn: opens the first Tenstorrent device, and computes there; `close` gives it back.
    """
    weights = load_animatediff_weights(temporal_checkpoint, dim, num_heads, max_frames, module=module)
    return AnimateDiffPipeline(weights, open_device() if use_ttnn else None)


def open_device() -> ttnn.Device:
    """The first Tenstorrent device. Raises AnimateDiffError without ttnn or a device."""
    try:
        import ttnn
    except ModuleNotFoundError:
        raise AnimateDiffError(
            "There is no ttnn in this Python.",
            "Run it with tt-metal's Python, pip install ttnn (Python 3.10 or 3.12), or leave use_ttnn out.",
        ) from None
    try:
        return ttnn.open_device(device_id=0)
    except RuntimeError as error:
        raise AnimateDiffError(
            "The Tenstorrent device could not be opened.",
            "See whether another program uses it, or reset it with tt-smi -r; ttnn's own words stand above.",
        ) from error


class AnimateDiffPipeline:
    """Applies a motion module. Also a context manager that closes its device.

    weights: of load_animatediff_weights
    device: an open ttnn.Device, on which it then computes; None for PyTorch
    """

    def __init__(self, weights: TemporalAttentionWeights, device: ttnn.Device | None = None) -> None:
        self.weights, self.device = weights, device

    def __enter__(self) -> AnimateDiffPipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the device back, if there is one."""
        if self.device is not None:
            import ttnn

            self.weights.release()
            ttnn.close_device(self.device)
            self.device = None

    def apply_temporal_coherence(
        self, latents: torch.Tensor, num_frames: int, device: torch.device | None = None
    ) -> torch.Tensor:
        """Hidden states after the module, of the same shape and dtype.

        latents: [batch * frames, height, width, dim]. In spite of the name these are hidden states inside a UNet; for
            latents proper, whose channels are not `dim`, AnimateDiffError says what to do.
        device: where PyTorch computes; None: where `latents` are. With ttnn the result lies there.
        """
        if latents.ndim != 4:
            raise AnimateDiffError(
                f"Hidden states have four dimensions here, not {latents.ndim}.",
                "Give (batch*frames, height, width, channels).",
            )
        hidden_states = latents.to(device or latents.device).flatten(1, 2)
        with torch.no_grad():
            made = (
                temporal_attention_torch(hidden_states, self.weights, num_frames)
                if self.device is None
                else self._on_board(hidden_states, num_frames)
            )
        return made.reshape(latents.shape)

    def _on_board(self, hidden_states: torch.Tensor, num_frames: int) -> torch.Tensor:
        import ttnn

        there = ttnn.from_torch(hidden_states.float(), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=self.device)
        made: torch.Tensor = ttnn.to_torch(temporal_attention_ttnn(there, self.weights, num_frames, self.device))
        return made.to(hidden_states)

    def prepare_video_latents(
        self,
        batch_size: int,
        num_frames: int,
        height: int,
        width: int,
        num_channels: int,
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None = None,
    ) -> torch.Tensor:
        """Random normal [batch * frames, height, width, channels], each frame on its own.

        The same numbers for the same generator, whatever the device. Noise has no motion in it: it shows shapes.
        """
        shape = (batch_size * num_frames, height, width, num_channels)
        where = generator.device if generator is not None else device
        return torch.randn(shape, generator=generator, dtype=torch.float32, device=where).to(device, dtype)

    def export_video(self, frames: Sequence[Image.Image], output_path: str, fps: int = 8, loop: int = 0) -> None:
        """A file of frames of one size: .mp4, .gif or .webm.

        fps: frames per second, from 1 to 120
        loop: of a GIF, how often it is shown; 0 for ever

        Raises AnimateDiffError for another ending, frames of several sizes, and what ffmpeg refuses.
        """
        video.export(frames, output_path, fps, loop)
