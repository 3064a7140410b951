"""README and docs/: every `ttvideo` command that they show is one that there is, and every link leads to a file."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from support.lessons import LESSONS, ROOT, Page
from ttvideo.cli import build_parser

PAGES = [Page(path) for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))]
QUICK = ("doctor", "devices", "models", "jobs", "scaling", "--help", "queue")
"""What is run as it stands: the others make, fetch or delete something, or need a job's id."""


def commands(page: Page) -> list[str]:
    """Lines of its blocks that begin with ttvideo, perhaps behind variables; without their comments."""
    lines = [line for block in page.blocks for line in block.text.splitlines()]
    return [line for line in lines if "ttvideo" in [part for part in line.split() if "=" not in part][:1]]


def words(command: str) -> list[str]:
    argv = shlex.split(command, comments=True)
    return argv[argv.index("ttvideo") + 1 :]


SHOWN = [(page.path.name, command) for page in [*PAGES, *map(Page, LESSONS)] for command in commands(page)]


@pytest.mark.parametrize(("page", "command"), SHOWN, ids=lambda value: str(value)[:60])
def test_the_command_line_takes_it(page: str, command: str) -> None:
    if words(command) == ["--help"]:
        return
    try:
        build_parser().parse_args(words(command))
    except SystemExit:
        pytest.fail(f"{page} shows {command!r}, which ttvideo does not take")


def test_pages_show_commands() -> None:
    assert len(SHOWN) > 50


@pytest.mark.parametrize("command", sorted({c for _, c in SHOWN if words(c)[0] in QUICK and "remove" not in c}))
def test_what_only_looks_is_run(command: str, home: Path, environment: dict[str, str]) -> None:
    about = {"cwd": home, "env": environment, "capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run(["bash", "-e", "-c", command], check=False, **about)  # type: ignore[call-overload]
    # doctor ends with 1 when something is missing, which on a machine without a board is so.
    assert done.returncode == 0 or "doctor" in command, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.name)
def test_links_lead_to_files(page: Page) -> None:
    missing = [target for target in page.files if not (page.path.parent / target).exists()]
    assert missing == []
