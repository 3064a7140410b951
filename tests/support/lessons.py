"""The lessons and pages as tests read them: links to commands, links to files, and blocks of code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "lessons").glob("*.md"))
EXAMPLES = ROOT / "media" / "examples"


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


@dataclass(frozen=True)
class CommandLink:
    label: str
    command: str
    argument: Any


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text()

    def head(self, key: str) -> str:
        """A plain value of the front matter."""
        found = re.search(rf"^{key}: (.+)$", self.text.split("---\n")[1], re.M)
        assert found, f"{self.path.name} does not say {key}"
        return found[1]

    @property
    def blocks(self) -> list[Block]:
        """Fenced and indented blocks; an indented one is a shell's, as docs/ and README have them."""
        found = [
            Block(match[1], match[2], self.text[: match.start()].count("\n") + 1)
            for match in re.finditer(r"^```(\w*)\n(.*?)\n```$", self.text, re.M | re.S)
        ]
        fenced = re.sub(r"^```.*?^```$", lambda match: "\n" * match[0].count("\n"), self.text, flags=re.M | re.S)
        for match in re.finditer(r"(?<=\n\n)((?:    .+\n|\n(?=    ))+)", fenced):
            text = re.sub(r"^    ", "", match[1], flags=re.M).strip("\n")
            found.append(Block("indented", text, fenced[: match.start()].count("\n") + 1))
        return sorted(found, key=lambda block: block.line)

    @property
    def commands(self) -> list[CommandLink]:
        return [_command(*match) for match in re.findall(r"\[([^\]]+)\]\(<?command:([^>\n]+?)>?\)", self._prose)]

    @property
    def files(self) -> list[str]:
        """Targets of links and pictures that are neither commands nor other sites."""
        targets: list[str] = re.findall(r"\]\((?!command:|<|https?:)([^)#]+)(?:#[^)]*)?\)", self._prose)
        return targets

    @property
    def _prose(self) -> str:
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.M | re.S)


def _command(label: str, link: str) -> CommandLink:
    command, _, query = link.partition("?")
    return CommandLink(label, command, json.loads(unquote(query)) if query else None)
