"""From a storyboard file to a job: what is checked, and the folder that its frames go to."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from pathlib import Path

from ttvideo import families
from ttvideo.backends import boards, resolve_device
from ttvideo.contract import Job, Queued, StoryboardRequest
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.families.family import Family
from ttvideo.jobs import folders
from ttvideo.jobs.storyboard import footage
from ttvideo.jobs.storyboard.plan import SEEDS, Planned, plan, size
from ttvideo.jobs.storyboard.reel import Reel
from ttvideo.storyboards import rules
from ttvideo.storyboards.storyboard import Board, Problem

LARGEST = 4_000_000
DEFAULT_MODEL = "tiny"
SAID = 3


def new_storyboard_job(request: StoryboardRequest, id: str, submitted_by: str) -> Job:
    """A job that waits, in the storyboard's folder.

    Raises WorkerError: NOT_FOUND, INVALID_PARAMETERS (with the place in the file), NO_DEVICE, MODEL_MISSING, DISK.
    """
    now = time.time()
    file = folders.whole_path(request.file)
    text = read(file) if request.text is None else request.text
    output = folders.output_folder(request.output_folder)
    request = request.model_copy(update={"file": str(file), "text": text, "output_folder": str(output)})
    device = resolve_device(request.device)
    board, problems = understood(request)
    family = family_of(board)
    if why := families.refusal(family, device):
        raise why
    revision = family.revision(family.Params())
    # Before there is a folder: what is refused leaves nothing behind.
    for asked in (request.only or (), request.reroll):
        _check_numbers(asked, len(board.scenes))
    reel = None if request.fresh else Reel.find(output, file)
    if reel is None:
        seed = secrets.randbelow(SEEDS) if board.seed is None else board.seed
        reel = Reel.create(folders.job_folder(request, id, now), file, seed)
    document = reel.read()
    assert document is not None
    frames = plan(board, family, revision, document)
    if request.reroll:
        seeds = {frames[number].first_key: secrets.randbelow(SEEDS) for number in request.reroll}
        document = reel.change(lambda document: document.model_copy(update={"takes": document.takes | seeds}))
        frames = plan(board, family, revision, document)
    return Job(
        id=id,
        request=request,
        parameters=parameters(board, family, frames),
        notes=(*_on_a_board(request.device, family), *_said(file, problems)),
        status=Queued(),
        folder=str(reel.folder),
        submitted_by=submitted_by,
        created_at=now,
    )


def read(file: Path) -> str:
    """Raises WorkerError: NOT_FOUND, INVALID_PARAMETERS (no text, too long)."""
    try:
        if file.stat().st_size > LARGEST:
            raise WorkerError(
                ErrorKind.INVALID_PARAMETERS, f"{file} is too long for a storyboard.", "Choose a text file."
            )
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise WorkerError(
            ErrorKind.NOT_FOUND, f"The storyboard {file} cannot be read: {error.strerror}.", "Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise WorkerError(ErrorKind.INVALID_PARAMETERS, f"{file} is not UTF-8 text.", "Save it as UTF-8.") from error


def understood(request: StoryboardRequest) -> tuple[Board, list[Problem]]:
    """The board, and what is to be said about it. Raises WorkerError(INVALID_PARAMETERS) at the first error."""
    board, problems = rules.check(request.text or "", DEFAULT_MODEL, request.settings)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        more = f" There are {len(errors) - 1} more." if len(errors) > 1 else ""
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS,
            f"{place(Path(request.file), errors[0])}: {errors[0].message}{more}",
            "Correct the storyboard. `ttvideo storyboard --check FILE` lists everything that it does not understand.",
        )
    return board, list(problems)


def _on_a_board(device: str, family: Family) -> list[str]:
    """Said loudly: a person with a board should not have to guess why it is slow."""
    if device != "auto" or not boards():
        return []
    why = families.refusal(family, "tt")
    if why is None:
        return [f"A Tenstorrent board is here, and {family.title} runs on it when it is asked for: --device tt."]
    return [f"A Tenstorrent board is here and is not used. {why.message}"]


def family_of(board: Board) -> Family:
    """Raises WorkerError(INVALID_PARAMETERS)."""
    family = families.find(board.model or DEFAULT_MODEL)
    if not family.draws:
        able = ", ".join(family.id for family in families.FAMILIES if family.draws)
        raise WorkerError(
            ErrorKind.INVALID_PARAMETERS, f"{family.title} makes no single pictures.", f"Models that do: {able}."
        )
    return family


def parameters(board: Board, family: Family, frames: list[Planned]) -> dict[str, object]:
    first, showing = size(frames[0].params), footage.showing(board)
    return {
        "model": family.id,
        "frames": len(frames),
        "width": first.width,
        "height": first.height,
        "fps": showing.fps,
        "seed": frames[0].seed if board.seeds == "same" else board.seed,
        "guidance": getattr(frames[0].params, "guidance", None),
    }


def place(file: Path, problem: Problem) -> str:
    """Where in the file, as compilers say it: lines and columns from 1."""
    return f"{file.name}:{problem.line + 1}:{problem.column + 1}"


def _said(file: Path, problems: Iterable[Problem]) -> list[str]:
    """What is no error, each thing once, at its first place."""
    told: dict[str, Problem] = {}
    for problem in problems:
        if problem.severity != "error":
            told.setdefault(problem.message, problem)
    said = [f"{place(file, problem)}: {problem.message}" for problem in told.values()]
    if (more := len(said) - SAID) > 0:
        remarks = "1 more remark" if more == 1 else f"{more} more remarks"
        said[SAID:] = [f"And {remarks}: `ttvideo storyboard --check {file.name}` lists them."]
    return said


def _check_numbers(numbers: Iterable[int], frames: int) -> None:
    for number in numbers:
        if not 0 <= number < frames:
            raise WorkerError(
                ErrorKind.INVALID_PARAMETERS,
                f"There is no frame {number}.",
                f"The storyboard has the frames 0 to {frames - 1}, as their files are numbered.",
            )
