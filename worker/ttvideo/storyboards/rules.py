"""What the model that a storyboard chooses says to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, JsonValue, ValidationError

from ttvideo import families
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import Family
from ttvideo.storyboards import keys
from ttvideo.storyboards.settings import Setting
from ttvideo.storyboards.storyboard import Board, Sheet, ordered, read
from ttvideo.storyboards.syntax import Place, Problem, problem, shown

TOP = Place(0, 0, 0)


def check(
    text: str, default_model: str = "tiny", given: Mapping[str, JsonValue] | None = None
) -> tuple[Board, tuple[Problem, ...]]:
    """A storyboard and everything that is wrong with it, in order of place.

    Raises WorkerError(INVALID_PARAMETERS) when what is `given` instead of the front matter cannot be, and for a default
    model that is none.
    """
    sheet = read(text, given)
    problems = [*sheet.board.problems, *_of_the_model(sheet, default_model)]
    return sheet.board, ordered(problems)


def _of_the_model(sheet: Sheet, default_model: str) -> Iterator[Problem]:
    said = sheet.file.at(keys.MODEL)
    place = None if said is None else said.place
    try:
        family = _find(sheet.board.model or default_model)
    except WorkerError as error:
        if place is None:
            raise
        yield problem(place, "error", error.message)
        return
    yield from _parameters(sheet, family)
    try:
        for written, scene in zip(sheet.prompts, sheet.board.scenes, strict=True):
            for remark in family.remarks(scene.prompt, scene.negative):
                yield problem(written.place, "information", remark)
    except WorkerError as error:
        yield problem(place or TOP, "warning", f"{error.message} {error.hint}")


def _find(id: str) -> Family:
    """Raises WorkerError(INVALID_PARAMETERS)."""
    able = [family.id for family in families.FAMILIES if family.draws]
    models = f"The models of a storyboard are: {', '.join(able)}."
    found = next((family for family in families.FAMILIES if family.id == id), None)
    if found is None:
        near = keys.nearest(id, able)
        other = f"the nearest is '{near}'" if near else f"expected is {keys.listed(able, 'or')}"
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"There is no model {shown(id)}; {other}.", models)
    if not found.draws:
        message = f"{found.title} makes no single pictures; expected is {keys.listed(able, 'or')}."
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, message, models)
    return found


def _parameters(sheet: Sheet, family: Family) -> Iterator[Problem]:
    """Steps, guidance and size that the model does not take, or makes something else of."""
    told: dict[tuple[str, object], list[tuple[bool, str]]] = {}
    usual = set(_notes(family, {}))
    for settings in (sheet.file, *(written.own for written in sheet.prompts)):
        for key in (keys.SIZE, keys.STEPS, keys.GUIDANCE):
            setting = settings.at(key)
            if setting is None:
                continue
            one = (key.name, setting.value)
            if one not in told:
                told[one] = _said(family, key.name, setting, usual)
            for wrong, message in told[one]:
                if setting.place is not None:
                    yield problem(setting.place, "error" if wrong else "warning", message)
                elif wrong:
                    raise WorkerError(
                        ErrorKind.INVALID_PARAMETERS, message, "`ttvideo models show ID` lists what it takes."
                    )


def _said(family: Family, name: str, setting: Setting, usual: set[str]) -> list[tuple[bool, str]]:
    """What the family says to this one value: whether it is wrong, and a sentence."""
    value = setting.value
    params = {"width": value[0], "height": value[1]} if isinstance(value, tuple) else {name: value}
    try:
        return [(False, note) for note in _notes(family, params) if note not in usual]
    except ValidationError as error:
        return [(True, _refusal(family, name, setting.written, str(first["msg"]))) for first in error.errors()[:1]]


def _refusal(family: Family, name: str, written: str, said: str) -> str:
    """A sentence of what pydantic says of a value."""
    if said.startswith("Extra inputs"):
        return f"The model '{family.id}' has no '{name}'."
    rule = said.removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return f"'{name}' is {shown(written)}, but for the model '{family.id}' it {rule}."


def _notes(family: Family, params: dict[str, object]) -> list[str]:
    """What the family changes of these parameters for one frame. Raises pydantic's ValidationError."""
    one: dict[str, object] = {"frames": 1} if "frames" in family.Params.model_fields else {}
    fitted: tuple[BaseModel, list[str]] = family.fit(family.Params.model_validate(one | params))
    return fitted[1]
