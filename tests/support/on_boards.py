"""A family that makes frames on (made-up) boards, so that jobs can hang there and go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ttvideo.contract import Phase
from ttvideo.families import tiny
from ttvideo.families.board_events import pass_on
from ttvideo.families.family import Family, OnEvent, PhaseEvent, Run
from ttvideo.tt.device import Device, Event

if TYPE_CHECKING:
    from ttvideo.families.family import Frame


def family(device: Device) -> Family:
    """The bundled model's name and parameters; each frame is a run of the engine's `check`."""
    return replace(
        tiny.FAMILY, devices=tiny.FAMILY.devices | {"tt"}, load=lambda name, params, on_event: Shades(device)
    )


class Shades:
    def __init__(self, device: Device) -> None:
        self._device = device

    def run(self, run: Run, on_event: OnEvent) -> Iterator[tuple[int, Frame]]:
        def tell(event: Event) -> None:
            pass_on(event, on_event)

        params = run.params
        assert isinstance(params, tiny.Params)
        self._device.open(None, tell)
        for index in range(params.frames):
            if index not in run.have:
                self._device.run("check", {}, {"steps": params.steps}, tell)
                on_event(PhaseEvent(Phase.DECODING))
                yield index, np.linspace(0, (index + 1) / 10, 16 * 16 * 3, dtype=np.float32).reshape(16, 16, 3)
