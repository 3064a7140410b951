"""Errors a person can meet: values with a kind, one sentence of what happened, one of what to do."""

from __future__ import annotations

from enum import Enum


class ErrorKind(str, Enum):
    """The closed set of what can go wrong; the editor chooses its buttons by it."""

    INVALID_PARAMETERS = "invalidParameters"
    NOT_FOUND = "notFound"
    WRONG_STATE = "wrongState"
    MODEL_MISSING = "modelMissing"
    MODEL_BROKEN = "modelBroken"
    NETWORK = "network"
    ACCESS_DENIED = "accessDenied"
    UNSUPPORTED = "unsupported"
    NO_DEVICE = "noDevice"
    DEVICE_BUSY = "deviceBusy"
    DEVICE_FAILED = "deviceFailed"
    OUT_OF_MEMORY = "outOfMemory"
    BAD_OUTPUT = "badOutput"
    DISK = "disk"
    ENCODER = "encoder"
    INTERNAL = "internal"


class WorkerError(Exception):
    """An expected condition: `message` says what happened, `hint` what to do."""

    def __init__(self, kind: ErrorKind, message: str, hint: str) -> None:
        super().__init__(message)
        self.kind, self.message, self.hint = kind, message, hint


class Cancelled(Exception):
    """Raised inside a running job, from its event callback, when somebody asked it to stop."""
