"""The contract's table, its golden messages (vitest reads the same files) and the generated TypeScript."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from ttvideo.contract import EVENTS, METHODS, ErrorInfo, Job, JobStatus, Wire

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
STATES = sorted(member.model_fields["state"].default for member in get_args(get_args(JobStatus)[0]))


def golden(kind: str, name: str) -> Any:
    return json.loads((GOLDEN / f"{kind}.{name.replace('/', '-')}.json").read_text())


def round_trip(model: type[Wire], message: Any, whole: bool) -> Any:
    """Read strictly, as the worker reads it, and written again; `whole` with every field, or those that were there."""
    read = model.model_validate_json(json.dumps(message), strict=True, by_alias=True, by_name=False)
    return read.model_dump(mode="json", exclude_unset=not whole)


@pytest.mark.parametrize("method", METHODS)
def test_methods(method: str) -> None:
    message = golden("method", method)
    params, result = METHODS[method]
    assert message["method"] == method
    assert round_trip(params, message["params"], whole=False) == message["params"]
    assert round_trip(result, message["result"], whole=True) == message["result"]


@pytest.mark.parametrize("event", EVENTS)
def test_events(event: str) -> None:
    message = golden("event", event)
    assert message["event"] == event
    assert round_trip(EVENTS[event], message["params"], whole=True) == message["params"]


@pytest.mark.parametrize("state", STATES)
def test_jobs_in_every_state(state: str) -> None:
    message = golden("job", state)
    assert message["status"]["state"] == state
    assert round_trip(Job, message, whole=True) == message


def test_errors() -> None:
    error = json.loads((GOLDEN / "error.json").read_text())
    assert round_trip(ErrorInfo, error["data"], whole=True) == error["data"]
    assert error["message"] == error["data"]["message"]


def test_every_golden_file_belongs_to_the_contract() -> None:
    names = [f"method.{name}" for name in METHODS] + [f"event.{name}" for name in EVENTS]
    names += [f"job.{state}" for state in STATES] + ["error"]
    assert sorted(file.stem for file in GOLDEN.iterdir()) == sorted(name.replace("/", "-") for name in names)


@pytest.mark.parametrize("state", STATES)
def test_unknown_fields_are_refused(state: str) -> None:
    message = golden("job", state)
    with pytest.raises(ValidationError, match="Extra inputs"):
        round_trip(Job, {**message, "status": {**message["status"], "extra": 1}}, whole=True)


def test_names_on_the_wire_are_camel_case() -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for member in value.values() for key in keys(member)}
        return {key for member in value for key in keys(member)} if isinstance(value, list) else set()

    found = {key for file in GOLDEN.iterdir() for key in keys(json.loads(file.read_text()))}
    assert [key for key in found if not key.isalnum() or not key[0].islower()] == []


def check(script: Path) -> subprocess.CompletedProcess[str]:
    env = {"PYTHONPATH": str(ROOT / "worker")}
    return subprocess.run([sys.executable, script, "--check"], env=env, capture_output=True, text=True, timeout=60)


def test_the_generated_typescript_is_current() -> None:
    run = check(ROOT / "worker" / "tools" / "write_contract.py")
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_check_sees_a_difference(tmp_path: Path) -> None:
    script = tmp_path / "worker" / "tools" / "write_contract.py"
    target = tmp_path / "extension" / "src" / "worker" / "contract.ts"
    script.parent.mkdir(parents=True)
    target.parent.mkdir(parents=True)
    script.write_text((ROOT / "worker" / "tools" / "write_contract.py").read_text())
    current = (ROOT / "extension" / "src" / "worker" / "contract.ts").read_text()
    target.write_text(current)
    assert check(script).returncode == 0
    target.write_text(current.replace("readonly clientVersion: string;", "readonly clientVersion: number;"))
    run = check(script)
    assert run.returncode == 1
    assert "+  readonly clientVersion: string;" in run.stdout
