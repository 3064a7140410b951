"""Values of the table's keys, with the places where they were given."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from pydantic import JsonValue

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.storyboards import keys
from ttvideo.storyboards.keys import Key, Where
from ttvideo.storyboards.syntax import Assignment, Place, Problem, is_text, problem, shown

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    value: object
    written: str
    place: Place | None
    """None: given with the request, not in the file."""


@dataclass(frozen=True)
class Settings:
    by_name: Mapping[str, Setting]

    def get(self, key: Key[T]) -> T | None:
        setting = self.by_name.get(key.name)
        # Under a key's name there is only what the key's own kind read.
        return None if setting is None else cast(T, setting.value)

    def at(self, key: Key[object]) -> Setting | None:
        return self.by_name.get(key.name)

    def over(self, others: Settings) -> Settings:
        """These, and the others where these say nothing."""
        return Settings({**others.by_name, **self.by_name})


def read(assignments: Iterable[Assignment], where: Where, problems: list[Problem]) -> Settings:
    """What the assignments set; those that cannot be are left out, with a problem each."""
    known = keys.keys(where)
    seen: set[str] = set()
    by_name: dict[str, Setting] = {}
    for assignment in assignments:
        name, place = assignment.key, assignment.key_place
        if name not in known:
            problems.append(problem(place, "error", _unknown(name, where)))
        elif name in seen:
            problems.append(problem(place, "error", f"'{name}' is here a second time; it is expected once."))
        else:
            seen.add(name)
            value = known[name].kind.read(assignment.value)
            if value is None:
                message = _unusable(known[name], assignment.value)
                problems.append(problem(_visible(assignment), "error", message))
            else:
                by_name[name] = Setting(value, assignment.value, assignment.value_place)
    return Settings(by_name)


def requested(settings: Mapping[str, JsonValue]) -> Settings:
    """What a request says instead of the front matter, null as nothing. Raises WorkerError(INVALID_PARAMETERS)."""
    known = keys.keys("front matter")
    by_name: dict[str, Setting] = {}
    for name, given in settings.items():
        if given is None:
            continue
        if name not in known:
            raise _refused(_unknown(name, "front matter"))
        written = _written(given)
        value = None if written is None else known[name].kind.read(written)
        if written is None or value is None:
            raise _refused(_unusable(known[name], written if written is not None else str(given)))
        by_name[name] = Setting(value, written, None)
    return Settings(by_name)


def _refused(message: str) -> WorkerError:
    names = keys.listed(keys.keys("front matter"), "and")
    return WorkerError(ErrorKind.INVALID_PARAMETERS, message, f"The settings of a storyboard are: {names}.")


def _written(given: JsonValue) -> str | None:
    """A JSON value as it would stand in a file."""
    if isinstance(given, str):
        return given if is_text(given) else None
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        return None
    return str(given)


def _visible(assignment: Assignment) -> Place:
    """Where an editor can underline it: the key, where there is no value."""
    place = assignment.value_place
    return place if place.column < place.end_column else assignment.key_place


def _unknown(name: str, where: Where) -> str:
    known = keys.keys(where)
    other = next((key for key in keys.KEYS if key.name == name), None)
    if other is not None:
        belongs = "in the front matter" if where == "prompt" else "at the end of a prompt"
        instead = f"; here '{other.elsewhere}' is expected" if other.elsewhere in known else ""
        return f"'{name}' belongs {belongs}{instead}."
    near = keys.nearest(name, known)
    if near is not None:
        return f"There is no key {shown(name)}; the nearest is '{near}'."
    return f"There is no key {shown(name)}; expected is {keys.listed(known, 'or')}."


def _unusable(key: Key[object], value: str) -> str:
    found = f"is {shown(value)}" if value else "has no value"
    near = keys.nearest(value, key.kind.choices)
    nearest = f" The nearest is '{near}'." if near is not None else ""
    return f"'{key.name}' {found}; expected is {key.kind.expected}.{nearest}"
