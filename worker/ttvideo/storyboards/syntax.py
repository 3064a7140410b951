"""What stands where in a storyboard file: front matter, paragraphs of prompt lines, and values assigned to keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "information"]

FENCE = "---"
_LINE_END = re.compile(r"\r\n|\r|\n")
_BAR = re.compile(r"(?<!\\)\|")
_NAME = re.compile(r'[^\s="]*')
# `seed = 7` is read like `seed=7`, but in `seed= hold=2s` the second is no value of the first.
_EQUALS = re.compile(r'\s*=(?:\s+(?![^\s="]+=))?')
_WORD = re.compile(r"\S*")
_BLANK = re.compile(r"\s*")
_COMMENT = re.compile(r"(?:^|\s)#")
# White space that no line ends with is white space; what is left of the control characters, and halves of characters.
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Place:
    """Part of a line. All from 0; columns in code points."""

    line: int
    column: int
    end_column: int


@dataclass(frozen=True)
class Problem:
    """What is wrong at a place within one line. All from 0; columns in code points."""

    line: int
    column: int
    end_column: int
    severity: Severity
    message: str


@dataclass(frozen=True)
class Assignment:
    key: str
    key_place: Place
    value: str
    value_place: Place


@dataclass(frozen=True)
class FrontMatter:
    assignments: tuple[Assignment, ...]
    end: int
    """The first line after it."""


@dataclass(frozen=True)
class PromptLine:
    text: str
    """What stands before the bar, with `|` for `\\|`."""
    place: Place
    """Of the text; of the bar where there is no text."""
    ends: bool
    """Whether there is a bar, which ends a prompt."""
    overrides: tuple[Assignment, ...] = ()


def problem(place: Place, severity: Severity, message: str) -> Problem:
    return Problem(place.line, place.column, place.end_column, severity, message)


def split_lines(text: str) -> list[str]:
    """The lines as editors number them: only CR, LF and CRLF end one. A byte order mark becomes a space."""
    if text.startswith("\ufeff"):
        text = " " + text[1:]
    return _LINE_END.split(text)


def what_is_no_text(lines: list[str]) -> Iterator[Problem]:
    """One problem for each line with characters that no text has."""
    for number, line in enumerate(lines):
        found = _NO_TEXT.search(line)
        if found:
            message = f"The character with the code {ord(found[0])} is no text: it must be removed."
            yield problem(Place(number, found.start(), found.end()), "error", message)


def is_text(text: str) -> bool:
    return _NO_TEXT.search(text) is None


def is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def is_fence(line: str) -> bool:
    return line.strip() == FENCE


def stripped(number: int, line: str, start: int = 0, end: int | None = None) -> Place:
    """The place of what stands between two columns, without the white space around it."""
    part = line[start:end]
    column = start + len(part) - len(part.lstrip())
    return Place(number, column, column + len(part.strip()))


def front_matter(lines: list[str], problems: list[Problem]) -> FrontMatter:
    if not is_fence(lines[0]):
        return FrontMatter((), 0)
    end = next((number for number, line in enumerate(lines) if number and is_fence(line)), None)
    after = 0 if end is None else end + 1
    if end is None:
        # Until it is closed, it goes as far as it looks like one.
        end = after = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
        message = f"The front matter that begins here is not closed; a second line {FENCE} is expected after its keys."
        problems.append(problem(stripped(0, lines[0]), "error", message))
    written = [(number, lines[number]) for number in range(1, end)]
    found = [_setting(number, line, problems) for number, line in written if line.strip() and not is_comment(line)]
    return FrontMatter(tuple(assignment for assignment in found if assignment), after)


def _setting(number: int, line: str, problems: list[Problem]) -> Assignment | None:
    """A line of front matter, `key: value`."""
    name, colon, rest = line.partition(":")
    key = stripped(number, line, 0, len(name))
    if not colon or not name.strip():
        found = shown(line.strip())
        message = f"{found} has no ':'; key: value is expected." if not colon else "Before the ':' a key is expected."
        problems.append(problem(stripped(number, line), "error", message))
        return None
    start = _after_blank(line, len(name) + 1)
    if line.startswith('"', start):
        return _quoted_setting(line, start, key, problems)
    comment = _COMMENT.search(rest)
    value = stripped(number, line, len(name) + 1, None if comment is None else len(name) + 1 + comment.start())
    return Assignment(line[key.column : key.end_column], key, line[value.column : value.end_column], value)


def _quoted_setting(line: str, start: int, key: Place, problems: list[Problem]) -> Assignment | None:
    value, end = _unquote(line, start)
    if value is None:
        problems.append(_unclosed(Place(key.line, start, len(line.rstrip()))))
        return None
    after = stripped(key.line, line, end)
    if after.column < after.end_column and line[after.column] != "#":
        message = "Nothing but a comment is expected after the closing quote."
        problems.append(problem(after, "error", message))
    return Assignment(line[key.column : key.end_column], key, value, Place(key.line, start, end))


def bar(line: str) -> int | None:
    """The column of the bar that ends a prompt, if there is one."""
    found = _BAR.search(line)
    return None if found is None else found.start()


def paragraphs(lines: list[str], first: int, problems: list[Problem]) -> Iterator[list[PromptLine]]:
    """The paragraphs from the line `first` on; comments within them are left out."""
    paragraph: list[PromptLine] = []
    for number in range(first, len(lines)):
        line = lines[number]
        if is_comment(line):
            continue
        if is_fence(line):
            message = f"{FENCE} is no prompt: front matter is expected to begin on the first line of the file."
            problems.append(problem(stripped(number, line), "error", message))
        elif line.strip():
            paragraph.append(_prompt_line(number, line, problems))
            continue
        if paragraph:
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph


def _prompt_line(number: int, line: str, problems: list[Problem]) -> PromptLine:
    end = bar(line)
    place = stripped(number, line, 0, end)
    text = line[place.column : place.end_column].replace("\\|", "|")
    if end is None:
        return PromptLine(text, place, ends=False)
    return PromptLine(
        text, place if text else Place(number, end, end + 1), True, tuple(overrides(number, line, end, problems))
    )


def overrides(number: int, line: str, start: int, problems: list[Problem]) -> Iterator[Assignment]:
    """What is assigned after the bar at `start`: `key=value key="a value"`."""
    at = _after_blank(line, start + 1)
    if at == len(line):
        message = "Nothing follows the bar; key=value is expected, as in seed=7."
        problems.append(Problem(number, start, start + 1, "warning", message))
    while at < len(line):
        name = _match_end(_NAME, line, at)
        equals = _EQUALS.match(line, name)
        if equals is None or name == at:
            end = _match_end(_WORD, line, at)
            problems.append(problem(Place(number, at, end), "error", _no_override(line[at:end])))
        elif line.startswith('"', equals.end()):
            value, end = _unquote(line, equals.end())
            if value is None:
                problems.append(_unclosed(Place(number, equals.end(), len(line.rstrip()))))
                return
            yield Assignment(line[at:name], Place(number, at, name), value, Place(number, equals.end(), end))
            if end < len(line) and not line[end].isspace():
                problems.append(Problem(number, end, end + 1, "error", "A space is expected after the closing quote."))
        else:
            end = _match_end(_WORD, line, equals.end())
            value_place = Place(number, equals.end(), end)
            yield Assignment(line[at:name], Place(number, at, name), line[equals.end() : end], value_place)
        at = _after_blank(line, end)


def _no_override(found: str) -> str:
    if found == "|":
        return "A prompt has one bar; after it key=value is expected, or \\| for a bar in the prompt."
    if found.startswith("="):
        return "Before the '=' a key is expected."
    return f"{shown(found)} has no '='; key=value is expected after the bar, or \\| for a bar in the prompt."


def _unclosed(place: Place) -> Problem:
    return problem(place, "error", 'This quote is not closed; a second " is expected after the value.')


def shown(text: str) -> str:
    """For a sentence: in quotes, and not too long."""
    return f"'{text}'" if len(text) <= 40 else f"'{text[:39]}…'"


def quoted(value: str) -> str:
    """A value as it is written at the end of a prompt."""
    if value and not re.search(r'[\s"]', value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquote(line: str, start: int) -> tuple[str | None, int]:
    """The value whose opening quote is at `start`, and where it ends; None when it is not closed."""
    value: list[str] = []
    at = start + 1
    while at < len(line):
        if line[at] == '"':
            return "".join(value), at + 1
        at += line[at] == "\\" and line[at + 1 : at + 2] in ("\\", '"')
        value.append(line[at])
        at += 1
    return None, len(line)


def _after_blank(line: str, start: int) -> int:
    return _match_end(_BLANK, line, start)


def _match_end(pattern: re.Pattern[str], line: str, start: int) -> int:
    """Of a pattern that always matches."""
    match = pattern.match(line, start)
    assert match is not None
    return match.end()
