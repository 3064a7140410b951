"""tt-smi: `-s` for what only it knows, the chips that have no node of their own above all; `-r` to reset chips.

It starts slowly (10 to 13 s by tt-local-generator's account), has been seen to hang, and talks to the chips: it is
called on request only, and never while somebody uses a chip.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt import boards

ARGUMENTS = ("-s", "--snapshot_no_tty")
TIMEOUT = 60.0
LARGEST = 8_000_000
"""Bytes of output that are read; a snapshot of a Galaxy is a tenth of it."""
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@dataclass(frozen=True)
class Entry:
    """A chip in a snapshot. Empty or None: not told."""

    spelling: str
    serial: str
    bus: str
    remote: bool
    celsius: float | None
    watts: float | None
    megahertz: float | None
    firmware: str

    @property
    def silent(self) -> bool:
        return not (self.spelling or self.serial) or (self.celsius, self.watts, self.megahertz) == (None, None, None)


@dataclass(frozen=True)
class Snapshot:
    version: str
    entries: tuple[Entry, ...]


def ask(timeout: float = TIMEOUT) -> Snapshot:
    """Run tt-smi and read its snapshot; `timeout` in seconds.

    Raises WorkerError: NOT_FOUND (it is not there or cannot be started), NO_DEVICE (it hangs, or gives no snapshot).
    """
    code, text = _run(ARGUMENTS, timeout)
    found = parse(text)
    if found is None:
        raise WorkerError(
            ErrorKind.NO_DEVICE,
            f"tt-smi gave no snapshot (exit code {code}){_said(text)}",
            "Run `tt-smi -s` in a terminal to see what it lacks.",
        )
    return found


def reset(chips: Sequence[str], timeout: float) -> None:
    """`tt-smi -r` of these chips only: all by their PCI addresses, or all by /dev/tenstorrent/N; `timeout` in seconds.

    That it returns says that tt-smi was content, not that the chips are back (tt-umd, issue 2316).
    Raises WorkerError: NOT_FOUND, NO_DEVICE (it hangs, or says that it failed).
    """
    # Without targets it would reset every chip of the machine.
    assert chips, "no chips to reset"
    code, text = _run(("-r", *chips), timeout)
    if code != 0:
        raise WorkerError(
            ErrorKind.NO_DEVICE,
            f"`tt-smi -r` failed (exit code {code}){_said(text)}",
            "Run it in a terminal to see what it lacks; if it cannot help, switch the machine off and on.",
        )


def _run(arguments: Sequence[str], timeout: float) -> tuple[int, str]:
    """Exit code and output, without escape sequences. Raises WorkerError: NOT_FOUND, NO_DEVICE when it hangs."""
    program = shutil.which("tt-smi")
    if program is None:
        raise WorkerError(ErrorKind.NOT_FOUND, "tt-smi is not installed.", "Install it: pip install tt-smi")
    # A file, because a pipe would have to be emptied, and stays open as long as any child of tt-smi lives.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerError(
                ErrorKind.NOT_FOUND, f"tt-smi could not be started: {error.strerror}.", f"Look at {program}."
            ) from error
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise WorkerError(
                ErrorKind.NO_DEVICE,
                f"tt-smi did not answer within {timeout:g} seconds and was ended.",
                "A chip may hang: end the programs that use it, then reset the boards: `ttvideo reset`.",
            ) from None
        finally:
            _end(process)
        output.seek(0)
        return code, ESCAPES.sub("", output.read(LARGEST).decode(errors="replace"))


def _said(text: str) -> str:
    said = " ".join(line.strip() for line in text.splitlines() if line.strip())[:200]
    return f": {said}" if said else "."


def parse(text: str) -> Snapshot | None:
    """The first snapshot in what tt-smi wrote, without escape sequences; log lines and more objects may surround it."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        with contextlib.suppress(ValueError, RecursionError):
            value, _ = decoder.raw_decode(text, at)
            if isinstance(value.get("device_info"), list):
                versions = _mapping(value.get("host_sw_vers"))
                return Snapshot(_text(versions.get("tt_smi")), tuple(_entries(value["device_info"])))
        at = text.find("{", at + 1)
    return None


def _entries(devices: list[Any]) -> Iterator[Entry]:
    for device in map(_mapping, devices):
        board = _mapping(device.get("board_info"))
        # Old versions have the type beside the telemetry, and telemetry as the chip's registers.
        spelling = _text(board.get("board_type")) or _text(device.get("board_type"))
        serial = _text(board.get("board_id")).removeprefix("0x").upper()
        telemetry = _mapping(device.get("telemetry"))
        registers = {**_mapping(device.get("smbus_telem")), **telemetry}
        kind = boards.board_type(spelling, serial)
        readings = {
            "celsius": _number(telemetry.get("asic_temperature")),
            "watts": _number(telemetry.get("power")),
            "megahertz": _number(telemetry.get("aiclk")),
        }
        raw = _registers(registers, kind.arch if kind else None)
        yield Entry(
            spelling=spelling.removesuffix(" L").removesuffix(" R"),
            serial=serial,
            bus=_text(board.get("bus_id")),
            remote=spelling.endswith(" R"),
            firmware=_text(_mapping(device.get("firmwares")).get("fw_bundle_version")),
            **{name: raw[name] if value is None else value for name, value in readings.items()},
        )


def _registers(registers: Mapping[str, Any], arch: boards.Arch | None) -> dict[str, float | None]:
    """Readings as tt-smi 6.2.1 makes them of the registers (backend.py, get_bh_ and get_wh_chip_telemetry)."""
    heat, power, clock = (_register(registers.get(name)) for name in ("ASIC_TEMPERATURE", "TDP", "AICLK"))
    celsius = None
    if heat is not None and arch is boards.BLACKHOLE:  # 16.16 fixed point, signed
        celsius = (heat - (1 << 32) if heat >> 31 else heat) / 65536
    elif heat is not None and arch is boards.WORMHOLE:
        celsius = (heat & 0xFFFF) / 16
    return {
        "celsius": celsius,
        "watts": None if power is None else float(power & 0xFFFF),
        "megahertz": None if clock is None else float(clock & 0xFFFF),
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """End tt-smi and what it started. One that the kernel does not let go of is left behind."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    text = "".join(filter(str.isprintable, value)).strip() if isinstance(value, str) else ""
    return "" if text in ("N/A", "None") else text


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, (int, float, str)) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _register(value: object) -> int | None:
    try:
        return int(value, 16) & 0xFFFFFFFF if isinstance(value, str) else None
    except ValueError:
        return None
