"""What may be typed at a place of a storyboard file, and columns as editors count them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ttvideo import families
from ttvideo.errors import WorkerError
from ttvideo.families.family import Family
from ttvideo.storyboards import keys, settings, syntax
from ttvideo.storyboards.keys import Key

_WORD_BEFORE = re.compile(r"[^\W\d_]+$")
_WORD_AFTER = re.compile(r"\w")
LONGEST_WORD = 40
"""Longer than every word of a small vocabulary."""


@dataclass(frozen=True)
class Completion:
    """`insert` replaces what stands from `column`, in code points, to the place asked about."""

    label: str
    insert: str
    column: int
    detail: str
    kind: Literal["key", "value"]


def complete(text: str, line: int, column: int, default_model: str = "tiny") -> list[Completion]:
    """What may be typed at a line and column (code points), both from 0; nothing at a place that is not there."""
    lines = syntax.split_lines(text)
    if not 0 <= line < len(lines) or not 0 <= column <= len(lines[line]):
        return []
    before, after = lines[line][:column], lines[line][column:]
    if syntax.is_comment(before):
        return []
    family = _family(lines, default_model)
    if 0 < line < _front_matter_end(lines):
        return _in_front_matter(lines, line, before, after, family)
    start = syntax.bar(before)
    if start is not None:
        return _after_the_bar(before, after, start, family)
    return _words(before, after, family)


def utf16(line_text: str, column: int) -> int:
    """A column in code points as one in UTF-16 units, as editors count them."""
    return sum(1 + (character > "\uffff") for character in line_text[:column])


def code_points(line_text: str, units: int) -> int:
    """A column in UTF-16 units as one in code points: of the character that is there, at most the line's length."""
    count = 0
    for column, character in enumerate(line_text):
        count += 1 + (character > "\uffff")
        if count > units:
            return column
    return len(line_text)


def _family(lines: list[str], default_model: str) -> Family | None:
    assignments = syntax.front_matter(lines, []).assignments
    model = settings.read(assignments, "front matter", []).get(keys.MODEL)
    try:
        return families.find(model or default_model)
    except WorkerError:
        return None


def _front_matter_end(lines: list[str]) -> int:
    """The line that closes the front matter, or the end of the file while it is not closed; 0 without one."""
    if not syntax.is_fence(lines[0]):
        return 0
    return next((number for number, line in enumerate(lines) if number and syntax.is_fence(line)), len(lines))


def _in_front_matter(lines: list[str], line: int, before: str, after: str, family: Family | None) -> list[Completion]:
    name, colon, typed = before.partition(":")
    if colon:
        key = keys.keys("front matter").get(name.strip())
        start = len(before) - len(typed.lstrip())
        if key is None or after.strip() or typed.lstrip().startswith('"'):
            return []
        space = "" if typed[:1].isspace() else " "
        return [Completion(value, space + value, start, key.about, "value") for value in _values(key, family)]
    others = (*lines[1:line], *lines[line + 1 : _front_matter_end(lines)])
    names = {other.partition(":")[0].strip() for other in others}
    if after.strip() and not after.lstrip().startswith(":"):
        return []
    start, end = len(before) - len(before.lstrip()), "" if after.strip() else ": "
    left = [key for name, key in keys.keys("front matter").items() if name not in names]
    return [Completion(key.name, key.name + end, start, key.about, "key") for key in left]


def _after_the_bar(before: str, after: str, bar: int, family: Family | None) -> list[Completion]:
    if after[:1].strip() or after.lstrip().startswith("="):
        return []
    here = len(before)
    problems: list[syntax.Problem] = []
    given = list(syntax.overrides(0, before + after, bar, problems))
    places = [(one.value_place.column, one.value_place.end_column) for one in given]
    if any(start < here < end for start, end in places) or any((before + after)[p.column] == '"' for p in problems):
        return []
    typed = next((one for one in given if one.value_place.end_column == here), None)
    names = {one.key for one in given if one is not typed}
    known = {name: key for name, key in keys.keys("prompt").items() if name not in names}
    if typed is not None:
        key, start = known.get(typed.key), typed.value_place.column
        if key is None or before[start:].startswith('"'):
            return []
        return [Completion(value, syntax.quoted(value), start, key.about, "value") for value in _values(key, family)]
    words = before[bar + 1 :].split()
    start = here if not words or before[-1].isspace() else here - len(words[-1])
    space = " " if start == bar + 1 else ""
    return [Completion(key.name, f"{space}{key.name}=", start, key.about, "key") for key in known.values()]


def _values(key: Key[object], family: Family | None) -> Iterable[str]:
    """All values of a key if they are few, otherwise examples: the model's own where it has some."""
    if key is keys.MODEL:
        return [family.id for family in families.FAMILIES if family.draws]
    if key is keys.TRANSITION:
        return (*key.kind.choices, *key.examples)
    fields = family.Params.model_fields if family is not None else {}
    if key is keys.SIZE and {"width", "height"} <= fields.keys():
        return [f"{fields['width'].default}x{fields['height'].default}"]
    if key in (keys.STEPS, keys.GUIDANCE) and key.name in fields and fields[key.name].examples:
        return [f"{example:g}" for example in fields[key.name].examples or ()]
    return key.kind.choices or key.examples


def _words(before: str, after: str, family: Family | None) -> list[Completion]:
    """Words of a small vocabulary that begin like the one being typed."""
    typed = _WORD_BEFORE.search(before, max(0, len(before) - LONGEST_WORD))
    if family is None or typed is None or _WORD_AFTER.match(after):
        return []
    detail = f"A word that {family.title} knows."
    return [
        Completion(word, word, typed.start(), detail, "value")
        for word in family.vocabulary() or ()
        if word.startswith(typed[0].lower())
    ]
