"""The preflight of this worker: at most one at a time, on a daemon thread, told as events."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from ttvideo.contract import Preflight, PreflightParams
from ttvideo.errors import Cancelled
from ttvideo.jobs.preflight import Trial


class Preflights:
    """A later one ends the one before: whoever changes a size wants to know of the new one only."""

    def __init__(self, post: Callable[[str, Preflight], None]) -> None:
        self._post = post
        self._trial: Trial | None = None
        self._thread: threading.Thread | None = None

    def begin(self, asked: PreflightParams) -> Preflight:
        """Raises WorkerError: INVALID_PARAMETERS, UNSUPPORTED."""
        trial = Trial(asked, lambda preflight: self._post("device/preflight", preflight))
        begun = trial.begin()
        self._end()
        self._trial, self._thread = trial, threading.Thread(target=_run, args=(trial,), name="preflight", daemon=True)
        self._thread.start()
        return begun

    def stop(self, timeout: float) -> None:
        """Ends what is under way, and waits for that so many seconds."""
        self._end()
        if self._thread is not None:
            self._thread.join(timeout)

    def _end(self) -> None:
        if self._trial is not None:
            self._trial.stop()


def _run(trial: Trial) -> None:
    with contextlib.suppress(Cancelled):
        trial.run()
