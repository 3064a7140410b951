"""Denoising on the device: the latents stay there from the first step to the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import ttnn

from animatediff_ttnn.layers.attention import Text
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import TILE, Tokens
from ttvideo.tt.nn.recording import Recording
from ttvideo.tt.nn.schedules import KEPT, Pair, Step
from ttvideo.tt.nn.unet import UNet


@dataclass(frozen=True)
class Held:
    """A first frame that is given: after each step it is `factors` of its clean latents and its noise, of that step."""

    clean: torch.Tensor
    noise: torch.Tensor
    """[videos, channels, 1, height, width] like `clean`."""
    factors: Sequence[Pair]


class Denoised:
    """What there is after a step. Reading it brings it to the host."""

    def __init__(self, tokens: Tokens, latents: ttnn.Tensor, before: ttnn.Tensor, output: ttnn.Tensor, clean: Pair):
        self._tokens, self._latents, self._before, self._output, self._clean = tokens, latents, before, output, clean

    def latents(self) -> torch.Tensor:
        """float32 [videos, channels, frames, height, width]"""
        return to_latents(self._latents, self._tokens)

    def clean(self) -> torch.Tensor:
        """The clean latents that the model saw in this step, for a preview; of the shape of `latents`."""
        return to_latents(_sum([(self._clean[0], self._before), (self._clean[1], self._output)]), self._tokens)


class Sampler:
    """Denoises clips of one size with one model.

    unet: built for twice the videos of `tokens` when there is guidance: first those with the negative prompts.
    """

    def __init__(self, unet: UNet, guidance: float | None) -> None:
        self.unet, self.guidance = unet, guidance
        whole = unet.tokens
        self.tokens = Tokens(whole.videos // (1 if guidance is None else 2), whole.frames, whole.height, whole.width)

    def warm_up(self) -> None:
        """Two steps on nothing: kernels are compiled. In the first, convolutions lay out their weights.

        The second is as all others.
        """
        tokens, channels = self.tokens, self.unet.conv_in.into
        latents = torch.zeros(tokens.videos, channels, tokens.frames, tokens.height, tokens.width)
        text = torch.zeros(self.unet.tokens.videos, self.unet.text_length, self.unet.text_width)
        nothing = Step(0.0, 1.0, 1.0, (1.0,), False, 0.0, (1.0, 0.0))
        for _ in self.run([nothing] * 2, text, latents):
            pass

    def run(
        self,
        steps: Sequence[Step],
        text: torch.Tensor,
        latents: torch.Tensor,
        noises: Sequence[torch.Tensor] | torch.Tensor = (),
        held: Held | None = None,
        *,
        recorded: bool = False,
    ) -> Iterator[Denoised]:
        """What there is after each step, until the next. Within steps nothing comes from the host, nothing goes there.

        text: as `UNet.read` takes it. latents: [videos, channels, frames, height, width]. noises: of the shape of
        latents, one for each step that adds noise. recorded: replay one recorded step, after `warm_up`; NotRecorded is
        raised, before the first step, where it cannot be recorded.
        """
        constant = self.unet.parameters
        x = to_rows(latents, constant)
        fresh = iter([to_rows(noise, constant) for noise in noises])
        # Whole tiles, whatever the number of steps: a clip that goes on computes its rows as the undisturbed one did.
        times = [step.timestep for step in steps]
        table, texts = self.unet.times(torch.tensor(times + [0.0] * (-len(times) % TILE))), self.unet.read(text)
        rows = [ttnn.slice(table, (index, 0, 0, 0), (index + 1, 1, 1, table.shape[3])) for index in range(len(steps))]
        first = None if held is None else (to_rows(held.clean, constant), to_rows(held.noise, constant))

        def predict(x: ttnn.Tensor, row: ttnn.Tensor) -> ttnn.Tensor:
            return self._predicted(x, row, texts)

        recording = Recording(constant.device, predict, x, rows[0]) if recorded else None
        kept: list[ttnn.Tensor] = []
        try:
            for index, (step, row) in enumerate(zip(steps, rows, strict=True)):
                scaled = x if step.scale == 1 else ttnn.multiply(x, step.scale)
                output = (recording.predict if recording else predict)(scaled, row)
                parts = [(step.sample, x), *zip(step.outputs, [output, *kept], strict=False)]
                if step.noise:
                    parts.append((step.noise, next(fresh)))
                before, x = x, _sum(parts)
                if held is not None and first is not None:
                    x = self._held(x, _sum(list(zip(held.factors[index], first, strict=True))))
                yield Denoised(self.tokens, x, before, output, step.clean)
                if step.keep:
                    kept = kept[: KEPT - 1]
                    kept = recording.keep(output, kept) if recording else [output, *kept]
                x = recording.place(x) if recording else x
        finally:
            if recording:
                recording.release()

    def _predicted(self, x: ttnn.Tensor, row: ttnn.Tensor, texts: list[list[Text]]) -> ttnn.Tensor:
        """float32 [1, 1, rows, channels] of latents of that shape."""
        h = ttnn.typecast(x, ttnn.bfloat16)
        if self.guidance is not None:
            h = ttnn.concat([h, h], dim=2)
        output = ttnn.typecast(self.unet(ttnn.to_layout(h, ttnn.ROW_MAJOR_LAYOUT), row, texts), ttnn.float32)
        if self.guidance is None:
            return output
        rows, channels = x.shape[2], x.shape[3]
        without = ttnn.slice(output, (0, 0, 0, 0), (1, 1, rows, channels))
        with_prompt = ttnn.slice(output, (0, 0, rows, 0), (1, 1, 2 * rows, channels))
        return _sum([(1 - self.guidance, without), (self.guidance, with_prompt)])

    def _held(self, x: ttnn.Tensor, first: ttnn.Tensor) -> ttnn.Tensor:
        """With another first frame, of each video."""
        tokens, channels = self.tokens, x.shape[3]
        if tokens.frames == 1:
            return first
        parts = []
        for video in range(tokens.videos):
            begin, end = video * tokens.frames * tokens.pixels, (video + 1) * tokens.frames * tokens.pixels
            parts.append(
                ttnn.slice(first, (0, 0, video * tokens.pixels, 0), (1, 1, (video + 1) * tokens.pixels, channels))
            )
            parts.append(ttnn.slice(x, (0, 0, begin + tokens.pixels, 0), (1, 1, end, channels)))
        return ttnn.concat(parts, dim=2)


def to_rows(latents: torch.Tensor, parameters: Parameters) -> ttnn.Tensor:
    """[videos, channels, frames, height, width] to float32 [1, 1, rows, channels] on the device.

    Not bfloat16: what a step changes is often smaller than that rounds.
    """
    rows = latents.permute(0, 2, 3, 4, 1).reshape(1, 1, -1, latents.shape[1])
    return parameters.constant(rows.float(), ttnn.float32)


def to_latents(rows: ttnn.Tensor, tokens: Tokens) -> torch.Tensor:
    # Each chip has all of it.
    values: torch.Tensor = ttnn.to_torch(ttnn.get_device_tensors(rows)[0]).float()
    shape = (tokens.videos, tokens.frames, tokens.height, tokens.width, values.shape[-1])
    return values.reshape(shape).permute(0, 4, 1, 2, 3).contiguous()


def _sum(parts: Sequence[tuple[float, ttnn.Tensor]]) -> ttnn.Tensor:
    """Of tensors times their factors; the factors that are 0 are left out."""
    total = None
    for factor, tensor in parts:
        if factor == 0:
            continue
        part = ttnn.multiply(tensor, factor)
        total = part if total is None else ttnn.add(total, part)
    assert total is not None
    return total
