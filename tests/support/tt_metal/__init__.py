"""A folder like tt-metal's, whose classes have the signatures of the real ones and draw a little instead of the model.

The signatures are recorded in signatures.json, with the commits they are of; stand_in.py is what stands for the bodies.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((HERE / "signatures.json").read_text())


def write_tree(folder: Path, modules: dict[str, Any] | None = None) -> Path:
    """Write the recorded modules, with `modules` instead of those of the same names, below `folder`; gives it."""
    for name, module in {**RECORDED["modules"], **(modules or {})}.items():
        file = folder.joinpath(*name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_source(module["classes"]))
    shutil.copy(HERE / "stand_in.py", folder / "models" / "stand_in.py")
    return folder


def _source(classes: dict[str, Any]) -> str:
    lines = ["from models import stand_in"]
    for name, methods in classes.items():
        module, _, base = methods.get("bases", "").rpartition(".")
        lines += [f"from {module} import {base}"] if base else []
        lines += ["", "", f"class {name}({base}):"]
        for method, what in methods.items():
            if method == "bases":
                continue
            lines += [f"    @{what['of']}"] if "of" in what else []
            lines += [f"    def {method}({what['parameters']}):"]
            lines += [f"        {'' if method == '__init__' else 'return '}stand_in.{what['does']}(locals())", ""]
    return "\n".join(lines)
