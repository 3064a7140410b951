"""What a person can meet."""

from __future__ import annotations


class AnimateDiffError(ValueError):
    """An expected condition: one sentence says what happened, the next one what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.message, self.hint = message, hint
