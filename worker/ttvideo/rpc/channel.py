"""The pipe to the client. It takes file descriptors 0 and 1 for itself, so that nothing else reads or writes there."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator

MAX_MESSAGE_BYTES = 64 * 2**20
MAX_HEADER_BYTES = 4096
HEADER = re.compile(rb"([!-9;-~]+):[ \t]*([ -~]*?)[ \t]*\r\n")


class FramingError(Exception):
    """Where the next message begins is not known any more. The text is a sentence."""


class Channel:
    """Messages in the base protocol of LSP: a header block with Content-Length, then that many bytes."""

    def __init__(self, read_fd: int, write_fd: int, on_lost: Callable[[], None]) -> None:
        self._reader = os.fdopen(read_fd, "rb")
        self._write_fd = write_fd
        self._on_lost = on_lost
        self._writing = threading.Lock()

    def messages(self) -> Iterator[bytes]:
        """Message bodies until the client closes its end. Raises FramingError.

        pygls's own loop skips header lines it cannot read and takes a truncated body for a message, so that a client
        which miscounts once is never answered again.
        """
        while (length := self._read_header()) is not None:
            body = self._reader.read(length)
            if len(body) < length:
                raise FramingError(f"The input ended {length - len(body)} bytes before the end of a message.")
            yield body

    def write(self, data: bytes) -> None:
        """Write the whole of a message, from any thread. Called by pygls."""
        rest = memoryview(data)
        try:
            with self._writing:
                while rest:
                    rest = rest[os.write(self._write_fd, rest) :]
        except OSError:
            self._on_lost()

    def close(self) -> None:
        os.close(self._write_fd)

    def _read_header(self) -> int | None:
        """The length of the next message, None at the end of the input."""
        length, left = None, MAX_HEADER_BYTES
        while True:
            line = self._reader.readline(left)
            if not line and left == MAX_HEADER_BYTES:
                return None
            left -= len(line)
            if line == b"\r\n":
                break
            match = HEADER.fullmatch(line)
            if match is None:
                raise FramingError(f"The input has no message header where one must be: {line[:60]!r}.")
            if match[1].lower() == b"content-length":
                if length is not None or not re.fullmatch(rb"[0-9]{1,12}", match[2]):
                    raise FramingError(f"A message header has no usable Content-Length: {line[:60]!r}.")
                length = int(match[2])
        if length is None:
            raise FramingError("A message header has no Content-Length.")
        if length > MAX_MESSAGE_BYTES:
            raise FramingError(f"A message of {length} bytes is announced; at most {MAX_MESSAGE_BYTES} are taken.")
        return length


def claim_channel(on_lost: Callable[[], None]) -> Channel:
    """Take stdin and stdout. What anyone prints from now on, native code and children included, goes to stderr."""
    channel = Channel(os.dup(0), os.dup(1), on_lost)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return channel
