"""What worker and engine say to each other: a line of JSON, then as many bytes of tensors as its `bytes` says.

Requests have an `id` and what to `do`; each is answered by events with that id, and at last by one of `done`, `error`
and `cancelled`. Tensors travel as safetensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

LARGEST_LINE = 1_000_000


class WireError(Exception):
    """Where the next message begins is not known any more. The text is a sentence."""


def write(stream: IO[bytes], header: Mapping[str, Any], payload: bytes = b"") -> None:
    """Raises OSError when the other side is gone."""
    line = json.dumps({**header, "bytes": len(payload)} if payload else header)
    stream.write(line.encode() + b"\n" + payload)
    stream.flush()


def read(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next message, None at the end of the stream. Raises WireError."""
    line = stream.readline(LARGEST_LINE)
    if not line:
        return None
    try:
        header = json.loads(line)
        length = int(header.get("bytes", 0))
    except (ValueError, TypeError, AttributeError) as error:
        raise WireError(f"A line is no message: {line[:80]!r}.") from error
    payload = stream.read(length) if length > 0 else b""
    if len(payload) < length:
        raise WireError(f"A message ended {length - len(payload)} bytes before its end.")
    return header, payload
