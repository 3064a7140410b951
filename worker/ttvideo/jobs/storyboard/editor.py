"""What an editor shows of a storyboard: its problems, the state of each frame, and what may be typed."""

from __future__ import annotations

from pydantic import ValidationError

from ttvideo.contract import (
    Completion,
    Completions,
    Storyboard,
    StoryboardFrame,
    StoryboardPlace,
    StoryboardProblem,
    StoryboardText,
)
from ttvideo.errors import WorkerError
from ttvideo.jobs import folders
from ttvideo.jobs.storyboard.plan import Planned, plan
from ttvideo.jobs.storyboard.reel import Document, Reel, fingerprint
from ttvideo.jobs.storyboard.settle import adoptable
from ttvideo.jobs.storyboard.submit import DEFAULT_MODEL, family_of, read
from ttvideo.storyboards import assist, rules
from ttvideo.storyboards.storyboard import Board, Problem, Scene
from ttvideo.storyboards.syntax import split_lines


def check(asked: StoryboardText) -> Storyboard:
    """Raises WorkerError: NOT_FOUND, INVALID_PARAMETERS (a path that is none)."""
    file = folders.whole_path(asked.file)
    text = read(file) if asked.text is None else asked.text
    board, problems = rules.check(text, DEFAULT_MODEL)
    reel = Reel.find(folders.output_folder(asked.output_folder), file)
    document = None if reel is None else reel.read()
    lines = split_lines(text)
    keys = _keys(board, document)
    return Storyboard(
        model=board.model or DEFAULT_MODEL,
        frames=tuple(_frame(scene, reel, document, keys.get(scene.number)) for scene in board.scenes),
        problems=tuple(_problem(problem, lines) for problem in problems),
        folder=None if reel is None else str(reel.folder),
        adoptable=adoptable(file.parent) if document is None or not document.pictures else (),
    )


def complete(place: StoryboardPlace) -> Completions:
    lines = split_lines(place.text)
    line = lines[place.line] if place.line < len(lines) else ""
    found = assist.complete(place.text, place.line, assist.code_points(line, place.column))
    return Completions(
        items=tuple(
            Completion(
                label=item.label,
                insert=item.insert,
                column=assist.utf16(line, item.column),
                detail=item.detail,
                kind=item.kind,
            )
            for item in found
        )
    )


def _keys(board: Board, document: Document | None) -> dict[int, Planned]:
    """The frames as they would be made; none while the storyboard has errors, or its model is not there."""
    if document is None:
        return {}
    try:
        family = family_of(board)
        return {frame.number: frame for frame in plan(board, family, family.revision(family.Params()), document)}
    except (WorkerError, ValidationError):
        return {}


def _frame(scene: Scene, reel: Reel | None, document: Document | None, planned: Planned | None) -> StoryboardFrame:
    about = {"number": scene.number, "line": scene.line, "end_line": scene.end_line, "prompt": scene.text}
    path = None if reel is None else reel.frame(scene.number)
    sha = None if path is None else fingerprint(path)
    if document is None or sha is None:
        return StoryboardFrame(**about, state="missing")
    picture = document.pictures.get(sha)
    if picture is None:
        return StoryboardFrame(**about, state="changed", picture=str(path))
    made = planned is not None and picture.key == planned.key
    return StoryboardFrame(
        **about,
        state="made" if made else "changed",
        picture=str(path),
        seed=picture.seed,
        seconds=picture.seconds or None,
        device=picture.device or None,
    )


def _problem(problem: Problem, lines: list[str]) -> StoryboardProblem:
    line = lines[problem.line] if problem.line < len(lines) else ""
    return StoryboardProblem(
        line=problem.line,
        column=assist.utf16(line, problem.column),
        end_column=assist.utf16(line, problem.end_column),
        severity=problem.severity,
        message=problem.message,
    )
