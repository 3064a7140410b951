"""A storyboard file as a value: its settings, its scenes and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from ttvideo.contract import Motion, Transition
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.storyboards import keys, settings, syntax
from ttvideo.storyboards.settings import Settings
from ttvideo.storyboards.syntax import Place, Problem, PromptLine, Severity, problem

__all__ = ["Board", "Place", "Problem", "Scene", "Sheet", "Written", "ordered", "parse", "read"]

MOST_SCENES = 10_000
MOST_PROBLEMS = 1000


@dataclass(frozen=True)
class Scene:
    """One frame: the file's settings and its own overrides combined. Lines count from 0."""

    number: int
    line: int
    end_line: int
    text: str
    """The prompt as written, on one line."""
    prompt: str
    """The text and the style."""
    negative: str
    parameters: dict[str, int | float]
    """Of steps and guidance those that the file or the prompt gives."""
    seed: int | None
    """The prompt's own."""
    follows: bool
    """Whether it begins with the previous frame; frame 0 never does."""
    strength: float | None
    """Of a frame that follows."""
    hold: float | None
    """Seconds, the prompt's own or the file's."""
    motion: Motion | None


@dataclass(frozen=True)
class Board:
    model: str | None
    size: tuple[int, int] | None
    seed: int | None
    seeds: Literal["same", "per frame"]
    fps: float | None
    hold: float | None
    """Seconds per frame."""
    transition: Transition | None
    transition_seconds: float | None
    scenes: tuple[Scene, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Written:
    """One prompt as it stands in the file."""

    text: str
    place: Place
    """Of the text on its first line."""
    end_line: int
    own: Settings


@dataclass(frozen=True)
class Sheet:
    """What `parse` read, with places: `prompts[n]` became scene n."""

    board: Board
    file: Settings
    """The request's and the front matter's."""
    prompts: tuple[Written, ...]


def parse(text: str, given: Mapping[str, JsonValue] | None = None) -> Board:
    """What a storyboard file says; its problems are in the board, in order of place.

    `given` wins over the front matter, by the same keys. Whatever the text is, nothing is raised;
    WorkerError(INVALID_PARAMETERS) is, when what is given cannot be.
    """
    return read(text, given).board


def read(text: str, given: Mapping[str, JsonValue] | None = None) -> Sheet:
    """Like `parse`, with places."""
    lines = syntax.split_lines(text)
    problems = list(syntax.what_is_no_text(lines))
    front = syntax.front_matter(lines, problems)
    file = settings.read(front.assignments, "front matter", problems)
    file = settings.requested(given or {}).over(file)
    paragraphs = list(syntax.paragraphs(lines, front.end, problems))
    prompts = _prompts(paragraphs, file, problems)
    if not paragraphs:
        last = len(lines) - 1
        message = "There is no prompt; a line that says what the first frame shows is expected."
        problems.append(Problem(last, 0, len(lines[last]), "error", message))
    scenes = tuple(_scene(number, written, file) for number, written in enumerate(prompts))
    for written, scene in zip(prompts, scenes, strict=True):
        problems += _length(written, scene)
    problems += _times(file, prompts)
    problems += _starts(file, prompts)
    transition, seconds = file.get(keys.TRANSITION) or (None, None)
    board = Board(
        model=file.get(keys.MODEL),
        size=file.get(keys.SIZE),
        seed=file.get(keys.SEED),
        seeds=file.get(keys.SEEDS) or "same",
        fps=file.get(keys.FPS),
        hold=file.get(keys.SECONDS_PER_FRAME),
        transition=transition,
        transition_seconds=seconds,
        scenes=scenes,
        problems=ordered(problems),
    )
    return Sheet(board, file, tuple(prompts))


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """In order of place; of each severity no more than a person reads."""
    counted: Counter[Severity] = Counter()
    kept = []
    for found in sorted(problems, key=lambda found: (found.line, found.column, found.end_column)):
        counted[found.severity] += 1
        if counted[found.severity] <= MOST_PROBLEMS:
            kept.append(found)
    return tuple(kept)


def _prompts(paragraphs: list[list[PromptLine]], file: Settings, problems: list[Problem]) -> list[Written]:
    said = file.get(keys.PROMPTS)
    by_line = said == "lines" or (said is None and len(paragraphs) == 1)
    prompts: list[Written] = []
    for lines in _groups(paragraphs, by_line):
        if said is None and len(lines) > 1:
            count = len(lines)
            message = f"These {count} lines are one prompt; 'prompts: lines' in the front matter makes each its own."
            problems.append(problem(lines[0].place, "information", message))
        text = " ".join(" ".join(line.text for line in lines).split())
        own = settings.read(lines[-1].overrides, "prompt", problems)
        if not text:
            problems.append(problem(lines[0].place, "error", "There is nothing before the bar; a prompt is expected."))
        elif len(prompts) == MOST_SCENES:
            message = f"This is prompt {MOST_SCENES + 1}; at most {MOST_SCENES} are expected."
            problems.append(problem(lines[0].place, "error", message))
            break
        else:
            prompts.append(Written(text, lines[0].place, lines[-1].place.line, own))
    return prompts


def _groups(paragraphs: list[list[PromptLine]], by_line: bool) -> Iterable[list[PromptLine]]:
    """The lines of each prompt."""
    for paragraph in paragraphs:
        group: list[PromptLine] = []
        for line in paragraph:
            group.append(line)
            if by_line or line.ends:
                yield group
                group = []
        if group:
            yield group


def _scene(number: int, written: Written, file: Settings) -> Scene:
    own, both = written.own, written.own.over(file)
    style = both.get(keys.STYLE)
    steps, guidance = both.get(keys.STEPS), both.get(keys.GUIDANCE)
    parameters: dict[str, int | float] = {}
    if steps is not None:
        parameters["steps"] = steps
    if guidance is not None:
        parameters["guidance"] = guidance
    follows = number > 0 and both.get(keys.START) == "previous"
    own_hold = own.get(keys.HOLD)
    return Scene(
        number=number,
        line=written.place.line,
        end_line=written.end_line,
        text=written.text,
        prompt=f"{written.text}, {style}" if style else written.text,
        negative=both.get(keys.NEGATIVE) or "",
        parameters=parameters,
        seed=own.get(keys.SEED),
        follows=follows,
        strength=both.get(keys.STRENGTH) if follows else None,
        hold=file.get(keys.SECONDS_PER_FRAME) if own_hold is None else own_hold,
        motion=both.get(keys.MOTION),
    )


def _length(written: Written, scene: Scene) -> Iterable[Problem]:
    if len(scene.prompt) > keys.LONGEST_PROMPT:
        length = f"This prompt has {len(scene.prompt)} characters, its style included"
        message = f"{length}; at most {keys.LONGEST_PROMPT} are expected."
        yield problem(written.place, "error", message)


def _times(file: Settings, prompts: list[Written]) -> Iterable[Problem]:
    """Frames that are shown shorter than their transition takes, or than one frame of the clip."""
    _, seconds = file.get(keys.TRANSITION) or (None, None)
    fps = file.get(keys.FPS)
    holds = [(file, keys.SECONDS_PER_FRAME), *((written.own, keys.HOLD) for written in prompts)]
    for given, key in holds:
        hold, setting = given.get(key), given.at(key)
        if hold is None or setting is None:
            continue
        if seconds is not None and seconds > hold:
            transition = file.at(keys.TRANSITION)
            message = f"A frame shown for {hold:g} s has no time for a transition of {seconds:g} s."
            yield _at(setting.place or (transition.place if transition else None), "error", message)
        # 0.033 is meant to be one frame at 30 fps.
        if fps is not None and hold * fps < 0.9 and setting.place is not None:
            message = f"{hold:g} s is shorter than one frame of the clip: at {fps:g} fps it takes {1 / fps:.3g} s."
            yield problem(setting.place, "warning", message)


def _starts(file: Settings, prompts: list[Written]) -> Iterable[Problem]:
    """Starts and strengths that change nothing."""
    starts = [written.own.over(file).get(keys.START) for written in prompts]
    for number, written in enumerate(prompts):
        start, strength = written.own.at(keys.START), written.own.at(keys.STRENGTH)
        if number == 0 and start is not None and start.place is not None and starts[0] == "previous":
            yield problem(start.place, "information", "Nothing is before the first frame: it starts from noise.")
        if strength is not None and strength.place is not None and starts[number] != "previous":
            message = "'strength' changes nothing here; start=previous is expected with it."
            yield problem(strength.place, "warning", message)
    strength = file.at(keys.STRENGTH)
    if strength is not None and strength.place is not None and "previous" not in starts:
        message = "'strength' changes nothing here; 'start: previous' is expected with it."
        yield problem(strength.place, "warning", message)


def _at(place: Place | None, severity: Severity, message: str) -> Problem:
    """Raises WorkerError(INVALID_PARAMETERS) when the place is no file but the request."""
    if place is None:
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, message, "Change the settings given with the storyboard.")
    return problem(place, severity, message)
