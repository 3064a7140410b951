"""The UNet's blocks: down, middle and up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import ttnn

from animatediff_ttnn.layers.attention import Text
from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.temporal import TemporalTransformer
from animatediff_ttnn.layers.tokens import Tokens
from ttvideo.tt.nn.config import UNetConfig
from ttvideo.tt.nn.conv import Conv2d, Upsample
from ttvideo.tt.nn.resnet import Resnet
from ttvideo.tt.nn.spatial import SpatialTransformer


@dataclass
class Step:
    """What the layers of one call are given besides the tokens, in the order in which they come."""

    shifts: Iterator[ttnn.Tensor]
    """For each Resnet its time [1, 1, 1, out]."""
    texts: Iterator[list[Text]]
    """For each SpatialTransformer."""


@dataclass(frozen=True)
class Plan:
    """What all layers of one block are built with."""

    config: UNetConfig
    tokens: Tokens
    heads: int
    motion_heads: int
    text_length: int

    def resnet(self, parameters: Parameters) -> Resnet:
        return Resnet(parameters, self.tokens, self.config.groups, self.config.eps)

    def spatial(self, parameters: Parameters) -> SpatialTransformer:
        return SpatialTransformer(parameters, self.tokens, self.heads, self.config.groups, self.text_length)

    def temporal(self, parameters: Parameters) -> TemporalTransformer:
        return TemporalTransformer(parameters, self.tokens, self.motion_heads, self.config.motion_groups)


class Layer:
    """A Resnet, then attention within frames and between them where the block has it."""

    def __init__(self, parameters: Parameters, number: int, plan: Plan) -> None:
        self.resnet = plan.resnet(parameters.below("resnets", number))
        self.attention = Attentions(parameters, number, plan)

    def __call__(self, h: ttnn.Tensor, step: Step) -> ttnn.Tensor:
        return self.attention(self.resnet(h, next(step.shifts)), step)


class Attentions:
    """Attention within frames and between them, each where the block has it."""

    def __init__(self, parameters: Parameters, number: int, plan: Plan) -> None:
        spatial, temporal = f"attentions.{number}", f"motion_modules.{number}"
        self.spatial = plan.spatial(parameters.below(spatial)) if spatial in parameters else None
        self.temporal = plan.temporal(parameters.below(temporal)) if temporal in parameters else None

    def __call__(self, h: ttnn.Tensor, step: Step) -> ttnn.Tensor:
        if self.spatial is not None:
            h = self.spatial(h, next(step.texts))
        return h if self.temporal is None else self.temporal(h)


class DownBlock:
    """Layers, and a convolution to half the size at its end but in the last block."""

    def __init__(self, parameters: Parameters, plan: Plan) -> None:
        self.layers = [Layer(parameters, i, plan) for i in range(parameters.count("resnets"))]
        down = "downsamplers.0.conv"
        self.down = Conv2d(parameters.below(down), plan.tokens, stride=2) if down in parameters else None

    def __call__(self, h: ttnn.Tensor, step: Step) -> list[ttnn.Tensor]:
        """What each layer gives; the last goes on."""
        states = []
        for layer in self.layers:
            h = layer(h, step)
            states.append(h)
        if self.down is not None:
            states.append(self.down(h))
        return states


class MidBlock:
    """Resnets with attention between them."""

    def __init__(self, parameters: Parameters, plan: Plan) -> None:
        count = parameters.count("resnets")
        self.resnets = [plan.resnet(parameters.below("resnets", i)) for i in range(count)]
        self.attentions = [Attentions(parameters, i, plan) for i in range(count - 1)]

    def __call__(self, h: ttnn.Tensor, step: Step) -> ttnn.Tensor:
        h = self.resnets[0](h, next(step.shifts))
        for attention, resnet in zip(self.attentions, self.resnets[1:], strict=True):
            h = resnet(attention(h, step), next(step.shifts))
        return h


class UpBlock:
    """Layers, each given a state of the way down as well, then twice the size but in the last block."""

    def __init__(self, parameters: Parameters, plan: Plan) -> None:
        self.layers = [Layer(parameters, i, plan) for i in range(parameters.count("resnets"))]
        up = "upsamplers.0"
        self.up = Upsample(parameters.below(up), plan.tokens) if up in parameters else None

    def __call__(self, h: ttnn.Tensor, states: list[ttnn.Tensor], step: Step) -> ttnn.Tensor:
        """Takes the states it uses from the end of the list."""
        for layer in self.layers:
            h = layer(ttnn.concat([h, states.pop()], dim=3), step)
        return h if self.up is None else self.up(h)
