"""What a program of the engine is given, in this process, and what it tells."""

from __future__ import annotations

from typing import Any

import torch

from ttvideo.tt.engine.session import Session


class Told:
    """What the program tells, in the order in which it does."""

    def __init__(self, mesh: Any) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.tensors: list[dict[str, torch.Tensor]] = []
        self.kept: dict[str, Any] = {}
        self.session = Session(mesh, self.kept, self._tell, lambda: self.cancel_at in self.events)
        self.cancel_at: object = None

    def _tell(self, event: dict[str, Any], tensors: Any) -> None:
        self.events.append((event["phase"],) if event["event"] == "phase" else (event["step"], event["total"]))
        self.tensors.append(dict(tensors))
