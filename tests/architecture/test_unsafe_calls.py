"""No shell is ever started, and nothing that was read from a file is executed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(file for folder in ("worker", "tests", "bench") for file in (ROOT / folder).rglob("*.py"))

FORBIDDEN = {
    "os.system": "use subprocess with an argv list",
    "os.popen": "use subprocess with an argv list",
    "subprocess.getoutput": "it starts a shell",
    "subprocess.getstatusoutput": "it starts a shell",
    "asyncio.create_subprocess_shell": "use create_subprocess_exec",
    "pickle.load": "a pickle can run anything",
    "pickle.loads": "a pickle can run anything",
    "pickle.Unpickler": "a pickle can run anything",
    "eval": "it runs what it is given",
    "exec": "it runs what it is given",
}


def unsafe(source: str) -> list[str]:
    """Line and reason of each call that is not allowed; calls are known by the name they are written with."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.lineno}: {name}" for a in node.names if (name := f"{node.module}.{a.name}") in FORBIDDEN]
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if name in FORBIDDEN:
            found.append(f"{node.lineno}: {name}: {FORBIDDEN[name]}")
        if keywords.get("shell", "False") != "False":
            found.append(f"{node.lineno}: {name} with a shell")
        if name == "torch.load" and keywords.get("weights_only") != "True":
            found.append(f"{node.lineno}: torch.load without weights_only=True")
        if keywords.get("allow_pickle", "False") != "False":
            found.append(f"{node.lineno}: {name} with allow_pickle")
    return found


@pytest.mark.parametrize(
    "source",
    [
        "os.system('ls')",
        "from os import system",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=quick)",
        "pickle.loads(data)",
        "torch.load(file)",
        "torch.load(file, weights_only=False)",
        "np.load(file, allow_pickle=True)",
        "eval(text)",
    ],
)
def test_the_check_sees(source: str) -> None:
    assert len(unsafe(source)) == 1


def test_the_check_lets_safe_calls_pass() -> None:
    assert unsafe("subprocess.run(['ls']); torch.load(file, weights_only=True); network.eval(); db.exec('x')") == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_unsafe_calls(file: Path) -> None:
    assert unsafe(file.read_text()) == []
