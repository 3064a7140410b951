"""`ttvideo deploy`: the AnimateDiff project in a folder of the user's, to change at will."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from ttvideo import projects


def add_deploy(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", nargs="?", help=f"default: {projects.DEFAULT_FOLDER}")


def deploy(arguments: argparse.Namespace) -> int:
    asked = arguments.folder
    deployed = projects.deploy(str(Path(asked).expanduser().absolute()) if asked is not None else None)
    count = len(deployed.copied)
    print(f"{count} file{'' if count == 1 else 's'} copied to {deployed.folder}")
    for name in deployed.kept:
        print(f"Kept as you changed it: {name}")
    place = Path(deployed.folder)
    # In an environment of its own: in ttvideo's, the package that ttvideo brings would be found before this one.
    print("To install it, run these two commands:")
    print(f"  python3 -m venv {shlex.quote(str(place / '.venv'))}")
    print(f"  {shlex.quote(str(place / '.venv/bin/pip'))} install -e {shlex.quote(f'{place}[video]')}")
    return 0
