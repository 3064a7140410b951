"""How a model is to lie in memory so that a clip fits: arithmetic, for any device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttvideo.families.clips.dry_run import Working

SHARE = 0.8
"""Of the free memory, what all parts together may take; else one is loaded after the other."""
GROUPS = 3
"""Of a part that is streamed: one computes, one arrives, and one is still to be given back."""


@dataclass(frozen=True)
class Weights:
    """Bytes of one part."""

    held: int
    """In the type it computes in, or is quantised to."""
    reading: int = 0
    """What reading takes beside them: a file that is converted, and the memory of what is converted to."""
    group: int = 0
    """The largest of the groups that are streamed one by one."""
    apart: int = 0
    """What is in no group: on the device for as long as the part is needed."""
    widened: int = 0
    """The largest layer in the type it computes in, if it is held in another."""

    @property
    def streamed(self) -> int:
        """On the device."""
        return min(self.held, self.apart + GROUPS * self.group)


@dataclass(frozen=True)
class Model:
    parts: Mapping[str, Weights]
    """Those that are needed."""
    encoders: tuple[str, ...]
    denoisers: tuple[str, ...]
    working: Callable[[bool], Working]
    """Memory that the clip is made in, beside the weights, with pictures decoded in tiles or not."""

    def of(self, names: Iterable[str]) -> dict[str, Weights]:
        return {name: self.parts[name] for name in names if name in self.parts}

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(name for name in self.parts if name not in (*self.encoders, *self.denoisers))


@dataclass(frozen=True)
class Room:
    """Free bytes."""

    device: int
    ram: int | None = None
    """Of the machine, where the device has memory of its own."""


@dataclass(frozen=True)
class Plan:
    in_turn: bool
    """Each part is forgotten as soon as the next one is needed."""
    tiled: bool
    """Pictures are decoded in tiles."""
    streamed: frozenset[str]
    """Parts that stay in RAM, from where the device gets them group by group as it computes."""
    stages: Mapping[str, int]
    """Bytes on the device at the peak of each phase, beside what Python and the libraries take."""
    ram: int
    """Bytes of RAM at the peak, where the device has memory of its own."""

    @property
    def needs(self) -> int:
        return max(self.stages.values())

    @property
    def largest(self) -> str:
        """The phase that needs most."""
        return max(self.stages, key=lambda name: self.stages[name])


def choose(model: Model, room: Room, *, low: bool) -> Plan:
    """What is quickest of what fits; when nothing does, or with `low`, what needs least."""
    if not low:
        whole = _planned(model, room, in_turn=False, tiled=False, streamed=frozenset())
        if whole.needs <= SHARE * room.device and fits_ram(whole, room):
            return whole
    in_turn = _planned(model, room, in_turn=True, tiled=False, streamed=frozenset())

    def short(stage: str) -> bool:
        return low or in_turn.stages.get(stage, 0) > room.device

    streamed: set[str] = set()
    if room.ram is not None:
        streamed |= set(model.of(model.encoders)) if short("encoding") else set()
        streamed |= set(model.of(model.denoisers)) if short("denoising") else set()
    return _planned(model, room, in_turn=True, tiled=short("decoding"), streamed=frozenset(streamed))


def fits_ram(plan: Plan, room: Room) -> bool:
    return room.ram is None or plan.ram <= room.ram


def _planned(model: Model, room: Room, *, in_turn: bool, tiled: bool, streamed: frozenset[str]) -> Plan:
    working = model.working(tiled)

    def held(names: Iterable[str]) -> int:
        parts = model.of(names).items()
        return sum(each.streamed if name in streamed else each.held for name, each in parts)

    def widened(names: Iterable[str]) -> int:
        return max((each.widened for each in model.of(names).values()), default=0)

    encoders, denoisers, others = model.encoders, model.denoisers, model.others
    everything = (*encoders, *denoisers, *others)
    stages = {
        "denoising": held((*denoisers, *others) if in_turn else everything) + widened(denoisers) + working.denoising,
        "decoding": held(others if in_turn else everything) + working.decoding,
    }
    if model.of(encoders):
        stages["encoding"] = held(encoders) + working.encoding
    if room.ram is None:
        stages["loading"] = max(
            held([name] if in_turn else everything) + each.reading for name, each in model.parts.items()
        )
    return Plan(in_turn, tiled, streamed, stages, 0 if room.ram is None else _ram(model, streamed))


def _ram(model: Model, streamed: frozenset[str]) -> int:
    """The encoders are gone before the denoisers are read; what is not streamed is there while it is read only."""
    peaks = [0]
    for names in (model.encoders, (*model.denoisers, *model.others)):
        parts = model.of(names)
        staying = sum(each.held for name, each in parts.items() if name in streamed)
        peaks.append(staying + max((each.reading for each in parts.values()), default=0))
    return max(peaks)
