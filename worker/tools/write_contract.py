"""Writes `extension/src/worker/contract.ts` from `ttvideo/contract.py`; with `--check` it only compares.

Run it from anywhere: `python worker/tools/write_contract.py [--check]`. Exit code 1 when --check finds a difference.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from ttvideo import contract

TARGET = Path(__file__).parents[2] / "extension" / "src" / "worker" / "contract.ts"
LINE = 120
HEADER = """\
// Generated from worker/ttvideo/contract.py by worker/tools/write_contract.py; change it there.
"""
JSON_VALUE = ("null", "boolean", "number", "string", "readonly JsonValue[]", "{ readonly [key: string]: JsonValue }")
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
NAMED_UNIONS: dict[str, Any] = {"JobRequest": contract.JobRequest, "JobStatus": contract.JobStatus}

Schema = dict[str, Any]


class WireSchema(GenerateJsonSchema):
    """What the worker sends has every field, defaults included; what it is sent may leave them out."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


def typescript() -> str:
    params = [(model, "validation") for model, _ in contract.METHODS.values()]
    results = [(model, "serialization") for _, model in contract.METHODS.values()]
    events = [(model, "serialization") for model in contract.EVENTS.values()]
    # An error's `data` is an ErrorInfo too.
    wanted: list[Any] = list(dict.fromkeys([*params, *results, *events, (contract.ErrorInfo, "serialization")]))
    refs, schema = models_json_schema(wanted, by_alias=True, schema_generator=WireSchema)
    unions = {_union_key(TypeAdapter(union).json_schema()): name for name, union in NAMED_UNIONS.items()}
    parts = [HEADER, *(_declaration(name, definition, unions) for name, definition in schema["$defs"].items())]
    for name, union in NAMED_UNIONS.items():
        parts.append(_union(name, map(_type, TypeAdapter(union).json_schema()["oneOf"])))
    methods = {
        method: f"{{ params: {_type(refs[p, 'validation'])}; result: {_type(refs[r, 'serialization'])} }}"
        for method, (p, r) in contract.METHODS.items()
    }
    parts.append(_map("Methods", "Each request's parameters and result.", methods))
    heard = {event: _type(refs[model, "serialization"]) for event, model in contract.EVENTS.items()}
    parts.append(_map("Events", "What the worker tells unasked.", heard))
    return "\n".join(parts)


def _declaration(name: str, schema: Schema, unions: dict[str, str]) -> str:
    if name == "JsonValue":
        return _union("JsonValue", JSON_VALUE)
    comment = _comment(schema.get("description"), "")
    if "enum" in schema:
        return comment + _union(_name(name), [json.dumps(value) for value in schema["enum"]])
    if not schema.get("properties"):
        return f"{comment}export type {_name(name)} = Record<string, never>;\n"
    required = schema.get("required", [])
    lines = []
    for key, field in schema["properties"].items():
        lines.append(_comment(field.get("description"), "  "))
        lines.append(f"  readonly {key}{'' if key in required else '?'}: {_type(field, unions)};\n")
    return f"{comment}export interface {_name(name)} {{\n{''.join(lines)}}}\n"


def _type(schema: Schema, unions: Mapping[str, str] = MappingProxyType({})) -> str:
    """The TypeScript type of a JSON Schema, as far as pydantic writes it for the contract."""
    if "$ref" in schema:
        return _name(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "oneOf" in schema:
        return unions[_union_key(schema)]
    if "anyOf" in schema:
        return " | ".join(_type(member, unions) for member in schema["anyOf"])
    kind = schema.get("type")
    if kind == "array":
        items = _type(schema["items"], unions)
        return f"readonly {f'({items})' if ' ' in items else items}[]"
    if kind == "object":
        values = _type(schema["additionalProperties"], unions)
        keys = _type(schema["propertyNames"], unions) if "propertyNames" in schema else "string"
        record = f"Record<{keys}, {values}>"
        return f"Readonly<{record if keys == 'string' else f'Partial<{record}>'}>"
    if kind is None:
        return "JsonValue"
    return PLAIN[kind]


def _union_key(schema: Schema) -> str:
    """The same for a union wherever it stands: the values of its discriminator."""
    return " ".join(sorted(str(value) for value in schema["discriminator"]["mapping"]))


def _union(name: str, members: Iterable[str]) -> str:
    """In the three shapes that Prettier gives a union, by its length."""
    members = list(members)
    joined = " | ".join(members)
    if len(line := f"export type {name} = {joined};") <= LINE:
        return f"{line}\n"
    if len(line := f"  {joined};") <= LINE:
        return f"export type {name} =\n{line}\n"
    return f"export type {name} =\n" + "\n".join(f"  | {member}" for member in members) + ";\n"


def _map(name: str, comment: str, entries: dict[str, str]) -> str:
    body = "".join(f"  {_key(key)}: {value};\n" for key, value in entries.items())
    return f"{_comment(comment, '')}export interface {name} {{\n{body}}}\n"


def _key(key: str) -> str:
    return key if key.isidentifier() else json.dumps(key)


def _name(definition: str) -> str:
    """Where both directions differ, pydantic adds -Input and -Output; what the worker sends gets the plain name."""
    return definition.removesuffix("-Output").replace("-Input", "Input")


def _comment(text: str | None, indent: str) -> str:
    if not text:
        return ""
    lines = text.splitlines()
    if len(lines) == 1:
        return f"{indent}/** {text} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare only; exit code 1 when they differ")
    new = typescript()
    if not parser.parse_args().check:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(new)
        return 0
    old = TARGET.read_text() if TARGET.exists() else ""
    if old == new:
        return 0
    print(
        *difflib.unified_diff(old.splitlines(), new.splitlines(), "contract.ts", "generated", n=1, lineterm=""),
        sep="\n",
    )
    print("contract.ts is not current: run python worker/tools/write_contract.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
