"""What weights cost: a row for each stage they went through.

It goes with the exported model, so that going on from there adds to it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
FILE = "history.json"
PARTS = ("decoder", "denoiser")


def note(folder: Path, part: str, row: Row) -> None:
    """Add a line to a part's log: `stage`, `seen` and `seconds` (of the part so far), and what was measured then."""
    with (folder / f"{part}.log").open("a") as log:
        print(json.dumps(row), file=log)


def of(folder: Path) -> list[Row]:
    """Rows `part, stage, samples, seconds` of a training folder, after those of the model it went on from."""
    start = folder / "start" / FILE
    rows: list[Row] = json.loads(start.read_text()) if start.exists() else []
    for part in PARTS:
        before = 0.0
        for stage, row in _last_rows(folder / f"{part}.log").items():
            seconds = round(row["seconds"] - before)
            rows.append({"part": part, "stage": stage, "samples": row["seen"], "seconds": seconds})
            before = row["seconds"]
    return rows


def save(rows: list[Row], model: Path) -> int:
    """Write the rows into an exported model; returns their bytes."""
    return (model / FILE).write_text(json.dumps(rows, indent=1) + "\n")


def load(model: Path) -> list[Row]:
    rows: list[Row] = json.loads((model / FILE).read_text())
    return rows


def _last_rows(log: Path) -> dict[str, Row]:
    """The last row of each stage in a training log, in order; `seconds` counts on from stage to stage."""
    rows: dict[str, Row] = {}
    if not log.exists():
        # The model that was gone on from had it.
        return rows
    for line in log.read_text().splitlines():
        row = json.loads(line)
        rows[str(row["stage"])] = row
    return rows
