"""The keys of a storyboard file, in one table that the parser, completion and the documentation share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from ttvideo.contract import Motion, Transition

Where: TypeAlias = Literal["front matter", "prompt", "both"]
Start: TypeAlias = Literal["nothing", "previous"]
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

LONGEST_PROMPT = 10_000
LARGEST_SEED = 2**53 - 1
"""Of whole numbers, the largest that JavaScript can tell from the next."""

_NUMBER = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?)\s*([a-z]*)", re.ASCII | re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,9})\s*[x×*]\s*(\d{1,9})", re.ASCII | re.IGNORECASE)
_SECONDS = ("s", "sec", "second", "seconds")


class Kind(Protocol[T_co]):
    """What a value may be."""

    @property
    def expected(self) -> str:
        """For a sentence: "'steps' is 'many'; expected is a whole number"."""

    @property
    def choices(self) -> tuple[str, ...]:
        """All values, if they are few."""

    def read(self, text: str) -> T_co | None:
        """The value; None when it is none."""


@dataclass(frozen=True)
class Number:
    low: float
    high: float
    above_low: bool = False
    units: tuple[str, ...] = ()
    """What may follow the number."""
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        between = f"more than {self.low:g} and at most {self.high:g}" if self.above_low else self._from_to
        if self.units == _SECONDS:
            return f"a number of seconds, {between}"
        return f"a number {between}"

    @property
    def _from_to(self) -> str:
        return f"from {self.low:g} to {self.high:g}"

    def read(self, text: str) -> float | None:
        match = _NUMBER.fullmatch(text)
        if match is None or match[2].lower() not in ("", *self.units):
            return None
        number = float(match[1])
        return number if self.low <= number <= self.high and not (self.above_low and number == self.low) else None


@dataclass(frozen=True)
class Whole:
    low: int
    high: int
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def read(self, text: str) -> int | None:
        number = Number(self.low, self.high).read(text)
        if number is None or not number.is_integer():
            return None
        return int(number)


@dataclass(frozen=True)
class Choice(Generic[T]):
    of: dict[str, T]

    @property
    def expected(self) -> str:
        return listed(self.of, "or")

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self.of)

    def read(self, text: str) -> T | None:
        return self.of.get(" ".join(text.split()))


@dataclass(frozen=True)
class Text:
    empty: bool = True
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        return f"a text of at most {LONGEST_PROMPT} characters" if self.empty else "a name"

    def read(self, text: str) -> str | None:
        words = " ".join(text.split())
        return words if len(words) <= LONGEST_PROMPT and (words or self.empty) else None


@dataclass(frozen=True)
class Size:
    """Width and height in pixels."""

    low: int
    high: int
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        return f"width x height in pixels, each from {self.low} to {self.high}"

    def read(self, text: str) -> tuple[int, int] | None:
        match = _SIZE.fullmatch(text)
        if match is None:
            return None
        width, height = int(match[1]), int(match[2])
        return (width, height) if all(self.low <= side <= self.high for side in (width, height)) else None


@dataclass(frozen=True)
class Change:
    """A transition and how long it takes; a cut takes no time."""

    seconds: Number
    choices: tuple[str, ...] = tuple(transition.value for transition in Transition)

    @property
    def expected(self) -> str:
        lasting = [name for name in self.choices if name != Transition.CUT.value]
        return f"{Transition.CUT.value}, or {listed(lasting, 'or')} with or without seconds, as in {lasting[0]} 0.2s"

    def read(self, text: str) -> tuple[Transition, float | None] | None:
        name, _, duration = " ".join(text.split()).partition(" ")
        if name not in self.choices:
            return None
        transition = Transition(name)
        if not duration:
            return transition, None
        seconds = self.seconds.read(duration)
        return None if seconds is None or transition is Transition.CUT else (transition, seconds)


@dataclass(frozen=True)
class Key(Generic[T_co]):
    name: str
    where: Where
    kind: Kind[T_co]
    about: str
    """One sentence."""
    examples: tuple[str, ...] = ()
    elsewhere: str | None = None
    """What says the same where this key cannot be."""

    def fits(self, where: Where) -> bool:
        return self.where in (where, "both")


def listed(names: Iterable[str], last: str) -> str:
    """'a, b or c'"""
    *most, end = names
    return f"{', '.join(most)} {last} {end}" if most else end


def nearest(text: str, names: Iterable[str]) -> str | None:
    """The one of `names` that was probably meant."""
    lower = {name.lower(): name for name in names}
    # A misspelt name is short; comparing takes time with the square of the length.
    found = get_close_matches(text[:80].lower(), lower, n=1)
    return lower[found[0]] if found else None


_HOLD = Number(0, 3600, above_low=True, units=_SECONDS)

MODEL = Key("model", "front matter", Text(empty=False), "The model that draws the frames.")
SIZE = Key("size", "front matter", Size(16, 8192), "Width and height of the frames.", ("128x128", "1024x1024"))
SEED = Key(
    "seed",
    "both",
    Whole(0, LARGEST_SEED),
    "The number that the noise is drawn from: the same one makes the same frame again.",
    ("7", "42"),
)
SEEDS: Key[Literal["same", "per frame"]] = Key(
    "seeds",
    "front matter",
    Choice({"same": "same", "per frame": "per frame"}),
    "Whether all frames have the same seed or each its own.",
)
STEPS = Key("steps", "both", Whole(1, 1000), "Denoising steps: more is slower and finer.", ("20", "40"))
GUIDANCE = Key("guidance", "both", Number(0, 100), "How closely to follow the prompt.", ("3", "5", "7.5"))
FPS = Key(
    "fps",
    "front matter",
    Number(0, 120, above_low=True, units=("fps",)),
    "Frames per second of the clip.",
    ("2", "8", "24"),
)
STYLE = Key(
    "style", "both", Text(), "Is put after every prompt, with a comma.", ("Kodachrome photo", "watercolour painting")
)
NEGATIVE = Key("negative", "both", Text(), "What should not be in the picture.", ("blurry", "text, watermark"))
SECONDS_PER_FRAME = Key(
    "seconds per frame",
    "front matter",
    _HOLD,
    "How long each frame is shown.",
    ("0.5s", "2s"),
    elsewhere="hold",
)
HOLD = Key("hold", "prompt", _HOLD, "How long this frame is shown.", ("0.5s", "2s"), elsewhere="seconds per frame")
TRANSITION = Key(
    "transition",
    "front matter",
    Change(Number(0, 60, above_low=True, units=_SECONDS)),
    "How one frame becomes the next.",
    ("crossfade 0.2s",),
)
MOTION = Key(
    "motion",
    "both",
    Choice({motion.value: motion for motion in Motion}),
    "How the camera moves over the frame.",
)
START: Key[Start] = Key(
    "start",
    "both",
    Choice({"nothing": "nothing", "previous": "previous"}),
    "What a frame begins with: nothing but noise, or the previous frame.",
)
STRENGTH = Key(
    "strength",
    "both",
    Number(0, 1, above_low=True),
    "How far a frame leaves the previous one that it starts from.",
    ("0.4", "0.6", "0.8"),
)
PROMPTS: Key[Literal["lines", "paragraphs"]] = Key(
    "prompts",
    "front matter",
    Choice({"lines": "lines", "paragraphs": "paragraphs"}),
    "Whether every line is a prompt or every paragraph; without it, lines if there is only one paragraph.",
)

# fmt: off
KEYS: tuple[Key[object], ...] = (
    MODEL, SIZE, SEED, SEEDS, STEPS, GUIDANCE, FPS, STYLE, NEGATIVE, SECONDS_PER_FRAME, HOLD, TRANSITION, MOTION, START,
    STRENGTH, PROMPTS,
)
# fmt: on


def keys(where: Where) -> dict[str, Key[object]]:
    """The keys that can be there, by name."""
    return {key.name: key for key in KEYS if key.fits(where)}


def reference() -> str:
    """The table as Markdown."""
    rows = ["| key | where | value | about | example |", "|---|---|---|---|---|"]
    for key in KEYS:
        where = "front matter, prompt" if key.where == "both" else key.where
        example = (key.examples or key.kind.choices or ("tiny",))[0]
        shown = f"{key.name}={example}" if key.where == "prompt" else f"{key.name}: {example}"
        rows.append(f"| `{key.name}` | {where} | {key.kind.expected} | {key.about} | `{shown}` |")
    return "\n".join(rows) + "\n"
