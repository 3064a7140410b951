"""What hatch puts into ttvideo's wheel beside `worker/ttvideo`."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Project(BuildHookInterface):  # type: ignore[misc]
    """The package animatediff_ttnn, which ttvideo imports, and its whole project, which `ttvideo deploy` copies.

    Not into an editable installation, where such copies would be found before the sources.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            build_data["force_include"] |= {
                "worker/tt-animatediff/animatediff_ttnn": "animatediff_ttnn",
                "worker/tt-animatediff": "ttvideo/projects/tt-animatediff",
            }
