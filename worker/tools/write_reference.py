"""`python worker/tools/write_reference.py`: docs/cli.md and docs/contract.md from the code; --check only compares."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from ttvideo.cli import build_parser
from ttvideo.contract import EVENTS, METHODS

ROOT = Path(__file__).parents[2]
MADE = "Made by `python worker/tools/write_reference.py`, from the code."


def main() -> int:
    # argparse breaks lines where the terminal ends.
    os.environ["COLUMNS"] = "100"
    pages = {ROOT / "docs" / "cli.md": cli(), ROOT / "docs" / "contract.md": contract()}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        # argparse lays its help out otherwise from one Python to the next; CI has 3.11.
        stale = stale if sys.version_info[:2] == (3, 11) else []
        for path in stale:
            print(f"{path.name} is not current: run python worker/tools/write_reference.py")
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path])
    return 0


def cli() -> str:
    parser = build_parser()
    (subcommands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    parts = [f"# The command line\n\n{MADE}\n", block(parser.format_help())]
    for name, command in subcommands.choices.items():
        parts += [f"## ttvideo {name}\n", block(command.format_help())]
    return "\n".join(parts)


def block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```\n"


def contract() -> str:
    about = "JSON-RPC 2.0 on the pipes of `ttvideo serve`, each message behind the header that language servers use."
    parts = [f"# The contract\n\n{MADE} {about}\n", "## Methods\n", "| method | takes | answers |", "|---|---|---|"]
    parts += [f"| `{name}` | {link(takes)} | {link(gives)} |" for name, (takes, gives) in METHODS.items()]
    parts += ["\n## Events\n", "| event | carries |", "|---|---|"]
    parts += [f"| `{name}` | {link(carries)} |" for name, carries in EVENTS.items()]
    parts.append("\n## Values\n")
    parts += [value(model) for model in models()]
    return "\n".join(parts)


def models() -> list[type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {}

    def visit(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation.__name__ not in found:
            found[annotation.__name__] = annotation
            for field in annotation.model_fields.values():
                visit(field.annotation)
        for argument in get_args(annotation):
            visit(argument)

    for takes, gives in METHODS.values():
        visit(takes)
        visit(gives)
    for carries in EVENTS.values():
        visit(carries)
    return [found[name] for name in sorted(found) if found[name].model_fields]


def value(model: type[BaseModel]) -> str:
    schema = model.model_json_schema(by_alias=True)
    rows = [f"### {model.__name__}\n"]
    if model.__doc__:
        rows.append(" ".join(model.__doc__.split()) + "\n")
    rows += ["| field | type | about |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        default = f" Default: `{field['default']!r}`." if field.get("default") not in (None, "", [], {}) else ""
        told = f"{field.get('description', '')}{default}".strip()
        rows.append(f"| `{name}` | {kind(field, schema.get('$defs', {}))} | {told.replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def kind(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """The field's JSON type in words."""
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        definition = definitions.get(name, {})
        return f"[{name}](#{name.lower()})" if "properties" in definition else kind(definition, definitions)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in field:
            return " or ".join(dict.fromkeys(kind(option, definitions) for option in field[key]))
    if field.get("type") == "array":
        return f"list of {kind(field['items'], definitions)}" if "items" in field else "list"
    return str(field.get("type", "any"))


def link(model: type[BaseModel]) -> str:
    return f"[{model.__name__}](#{model.__name__.lower()})" if model.model_fields else "nothing"


if __name__ == "__main__":
    sys.exit(main())
