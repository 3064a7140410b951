"""A folder of tt-metal's sources: where it is and what version, read from its files. Nothing of it is run."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Tree:
    folder: Path
    commit: str
    """40 hexadecimal digits; empty for a folder without git, such as an unpacked archive."""
    tag: str
    """Of that commit, such as v0.66.0; empty if it has none."""

    def __str__(self) -> str:
        if not self.commit:
            return str(self.folder)
        return f"{self.folder} at {f'{self.tag}, ' if self.tag else ''}commit {self.commit[:10]}"

    @property
    def python(self) -> Path | None:
        """Of the environment that tt-metal's create_venv.sh makes, with all that its models import."""
        python = self.folder / "python_env" / "bin" / "python"
        return python if python.exists() else None

    def has(self, module: str) -> bool:
        """Whether there is a file for a module, as models.tt_dit.pipelines.mochi.pipeline_mochi."""
        return self.folder.joinpath(*module.split(".")).with_suffix(".py").is_file()


def find() -> Tree | None:
    """That of $TT_METAL_HOME, None if there is no such folder."""
    home = os.environ.get("TT_METAL_HOME", "").strip()
    if not home or not Path(home).is_dir():
        return None
    commit, tag = _version(Path(home) / ".git")
    return Tree(Path(home), commit, tag)


def _version(git: Path) -> tuple[str, str]:
    """Commit and tag that are checked out, empty where the files do not tell them."""
    if git.is_file():  # of a worktree or a submodule
        git = git.parent / _read(git).removeprefix("gitdir: ")
    common = git / (_read(git / "commondir") or ".")
    commit = _read(git / "HEAD")
    if commit.startswith("ref: "):
        name = commit.removeprefix("ref: ")
        commit = _read(common / name) or _packed(common).get(name, "")
    return (commit, _tag(common, commit)) if COMMIT.fullmatch(commit) else ("", "")


@lru_cache(maxsize=1)
def _tag(git: Path, commit: str) -> str:
    """Kept, because tt-metal has thousands."""
    tags = git / "refs" / "tags"
    loose = {str(file.relative_to(git)): _read(file) for file in tags.rglob("*") if file.is_file()}
    names = [name for name, of in {**_packed(git), **loose}.items() if of == commit and name.startswith("refs/tags/")]
    return names[-1].removeprefix("refs/tags/") if names else ""


def _packed(git: Path) -> dict[str, str]:
    """Commits by the names of packed-refs; for an annotated tag that of the commit, which follows in a line of its
    own."""
    refs: dict[str, str] = {}
    for line in _read(git / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if commit.startswith("^") and refs:
            refs[list(refs)[-1]] = commit[1:]
        elif COMMIT.fullmatch(commit):
            refs[name] = commit
    return refs


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""
