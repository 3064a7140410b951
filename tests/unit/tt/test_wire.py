"""Lines and payloads between worker and engine."""

from __future__ import annotations

import io

import pytest

from ttvideo.tt.engine import wire


def test_messages_come_as_they_were_sent() -> None:
    stream = io.BytesIO()
    wire.write(stream, {"id": 1, "do": "run"}, b"\n{} binary\x00")
    wire.write(stream, {"id": 1, "do": "close"})
    stream.seek(0)
    assert wire.read(stream) == ({"id": 1, "do": "run", "bytes": 11}, b"\n{} binary\x00")
    assert wire.read(stream) == ({"id": 1, "do": "close"}, b"")
    assert wire.read(stream) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"a line that somebody printed\n", "A line is no message: b'a line that"),
        (b"[1]\n", "A line is no message"),
        (b'{"bytes": "many"}\n', "A line is no message"),
        (b'{"bytes": 5}\nabc', "ended 2 bytes before its end"),
    ],
)
def test_what_is_no_message(text: bytes, told: str) -> None:
    with pytest.raises(wire.WireError, match=told):
        wire.read(io.BytesIO(text))
