"""tt-smi, played by small programs: what it says, and how it fails."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.tt_machines import entry, fake_smi, machine, n300_snapshot, old_entry, serial, snapshot
from support.waiting import wait_until
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt import detect, smi

READINGS = ("aiclk", "AICLK", "asic_temperature", "ASIC_TEMPERATURE", "fw_bundle_version", "tt_smi")
FIELDS = ("board_info", "board_type", "board_id", "bus_id", "telemetry", "smbus_telem", "firmwares", "power", "TDP")
RED, RESET = "\x1b[31m", "\x1b[0m"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def says(text: str, code: int = 0) -> str:
    return f"print({text!r}); sys.exit({code})"


@pytest.mark.parametrize(
    "around",
    [
        "{snapshot}",
        "2026-08-20 | INFO | UMD opened {{0, 1}}\n\x1b[33mwarning\x1b[0m\n{snapshot}",
        '{{"level": "info", "device_info": "none"}}\n{snapshot}',
        '{snapshot}\n{{"device_info": [], "host_sw_vers": {{"tt_smi": "0"}}}}',
        "\x1b[1m{snapshot}\x1b[0m",
    ],
    ids=["plain", "log lines", "another object first", "two objects", "colours"],
)
def test_the_first_snapshot_is_read(around: str, folder: Path) -> None:
    fake_smi(folder, says(around.format(snapshot=n300_snapshot())))
    found = smi.ask()
    assert (found.version, len(found.entries)) == ("6.2.1", 2)
    first, second = found.entries
    assert (first.spelling, first.remote, second.remote, second.bus) == ("n300", False, True, "")
    assert (first.celsius, first.watts, first.megahertz, first.firmware) == (34.8, 16.0, 800.0, "19.13.1.0")
    assert second.celsius == 41.2


def test_it_gets_arguments_and_no_terminal(folder: Path) -> None:
    arguments = "assert sys.argv[1:] == ['-s', '--snapshot_no_tty']"
    terminal = "assert os.path.samestat(os.stat(0), os.stat(os.devnull)) and not os.isatty(1)"
    fake_smi(folder, f"{arguments}\n{terminal}\n{says(n300_snapshot())}")
    # pytest gives its tests /dev/null already.
    kept, (reading, writing) = os.dup(0), os.pipe()
    os.dup2(reading, 0)
    try:
        assert len(smi.ask().entries) == 2
    finally:
        os.dup2(kept, 0)
        for number in (kept, reading, writing):
            os.close(number)


def test_the_format_of_old_versions() -> None:
    chips = [old_entry("n150 L", serial("n150"), "0000:01:00.0"), old_entry("p100a", serial("p100a"), "0000:02:00.0")]
    found = smi.parse(json.dumps({"device_info": chips}))
    assert found is not None
    first, second = found.entries
    assert (first.spelling, first.celsius, first.watts, first.megahertz) == ("n150", 38.0, 17.0, 500.0)
    assert second.celsius == pytest.approx(0x2DE0260 / 65536)
    assert found.version == ""


@pytest.mark.parametrize("value", [None, "N/A", {}, [], 5, "nan"])
def test_fields_that_are_null_or_nonsense(value: object) -> None:
    fields = ("smbus_telem", "board_info", "telemetry", "firmwares", "limits")
    readings = {"power": value, "aiclk": value, "asic_temperature": value}
    text = json.dumps(
        {
            "host_sw_vers": value,
            "device_info": [
                dict.fromkeys(fields, value),
                value,
                {
                    "board_info": {"board_type": value, "board_id": value},
                    "telemetry": readings,
                    "smbus_telem": {"TDP": value},
                },
            ],
        }
    )
    found = smi.parse(text)
    assert found is not None
    assert [chip.silent for chip in found.entries] == [True, True, True]


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["0xFFFFFFFF", "N/A", "n300 R"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS + READINGS), inner, max_size=8),
    max_leaves=20,
)


@given(st.lists(ANYTHING, max_size=4), ANYTHING)
def test_whatever_the_fields_hold_is_read(devices: list[object], versions: object) -> None:
    found = smi.parse(json.dumps({"device_info": devices, "host_sw_vers": versions}))
    assert found is not None
    assert len(found.entries) == len(devices)


def test_numbers_that_are_too_large() -> None:
    registers = {"TDP": "0x" + "F" * 400, "ASIC_TEMPERATURE": "0x" + "F" * 400}
    chip = {"board_type": "p150a", "telemetry": {"aiclk": 10**400, **registers}}
    found = smi.parse(json.dumps({"device_info": [chip]}))
    assert found is not None
    (read,) = found.entries
    assert (read.megahertz, read.watts, read.celsius) == (None, 65535.0, -1 / 65536)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (says(f"{RED} No Tenstorrent driver detected! Please install driver.{RESET}\n", 1), "(exit code 1): No Tenst"),
        (says(f"\n{RED}Error in detecting devices!{RESET}\nmore", 1), "Error in detecting devices! more"),
        (says('{"device_info": [{"board_info":', 1), 'exit code 1): {"device_info"'),
        ("sys.exit(3)", "(exit code 3)."),
        (says("{" * 3000), "gave no snapshot"),
    ],
    ids=["no driver", "no devices", "broken off", "silent", "braces"],
)
def test_it_fails_and_its_words_are_told(program: str, told: str, folder: Path) -> None:
    fake_smi(folder, program)
    with pytest.raises(WorkerError) as caught:
        smi.ask()
    assert caught.value.kind is ErrorKind.NO_DEVICE
    assert told in caught.value.message
    assert "\x1b" not in caught.value.message


def test_it_hangs_and_is_ended_with_what_it_started(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, held, child = tmp_path / "lock", tmp_path / "held", tmp_path / "child.py"
    hold = f"file = open({str(lock)!r}, 'w'); fcntl.flock(file, fcntl.LOCK_EX); open({str(held)!r}, 'w')"
    child.write_text(f"import fcntl, time\n{hold}\ntime.sleep(600)")
    fake_smi(folder, f"import subprocess\nsubprocess.run([sys.executable, {str(child)!r}])")
    wait = subprocess.Popen.wait

    def wait_for_the_child(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        wait_until(held.exists, "tt-smi's child")
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait_for_the_child)
    with pytest.raises(WorkerError, match=r"did not answer within 0.1 seconds"):
        smi.ask(timeout=0.1)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # waits for the child's end


def test_it_is_not_there(folder: Path) -> None:
    with pytest.raises(WorkerError, match="not installed"):
        smi.ask()
    folder.mkdir()
    (folder / "tt-smi").write_text("#!/nowhere/python\n")
    (folder / "tt-smi").chmod(0o755)
    with pytest.raises(WorkerError, match="could not be started"):
        smi.ask()


def test_the_second_chip_gets_its_readings(folder: Path, root: Path) -> None:
    machine("n300", root)
    fake_smi(folder, says(n300_snapshot()))
    found = detect.look_closely(root)
    first, second = found.chips
    assert (first.celsius, second.celsius, second.node) == (38.5, 41.2, None)
    assert (found.versions.smi, found.problems) == ("6.2.1", ())


def test_what_linux_does_not_tell_comes_from_it(folder: Path, root: Path) -> None:
    machine("p300c x2", root).dead(0).dead(1)
    number = serial("p300c")
    chips = [entry("p300c", number, f"0000:0{n}:00.0", asic_temperature=f"3{n}.5") for n in (2, 1)]
    fake_smi(folder, says(snapshot(*chips)))
    found = detect.look_closely(root)
    assert found.title == "P300X2 (QuietBox 2): 2 × p300c, 4 chips"
    assert [chip.celsius for chip in found.chips] == [31.5, 32.5, 38.5, 38.5]
    assert found.problems == ()


def test_a_chip_that_is_silent_to_it(folder: Path, root: Path) -> None:
    machine("n300", root)
    number, nothing = serial("n300"), {"power": None, "aiclk": None, "asic_temperature": None}
    second = entry("n300 R", number, "N/A", **nothing) | {"smbus_telem": {}}
    fake_smi(folder, says(snapshot(entry("n300 L", number, "0000:01:00.0"), second)))
    (problem,) = detect.look_closely(root).problems
    assert problem.message == f"The second chip of the n300 with serial number {number} does not answer tt-smi."


def test_it_is_not_asked_while_a_chip_is_in_use(folder: Path, root: Path) -> None:
    machine("n300", root).held(0, 4242, "python demo.py")
    fake_smi(folder, says(n300_snapshot()))
    (problem,) = detect.look_closely(root).problems
    assert problem.message == "tt-smi was not asked, because python demo.py (pid 4242) uses a chip."
    assert not (folder / "calls").exists()


def test_it_is_not_asked_without_boards_or_for_simulated_ones(
    folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine("none", root)
    fake_smi(folder, says(n300_snapshot()))
    detect.look_closely(root)
    monkeypatch.setenv("TTVIDEO_BOARD", "n300")
    detect.look_closely(root)
    assert not (folder / "calls").exists()


def test_that_it_failed_leaves_what_linux_says(folder: Path, root: Path) -> None:
    machine("n300", root)
    fake_smi(folder, "time.sleep(600)")
    found = detect.look_closely(root, timeout=0.5)
    assert found.title == "N300: 1 × n300, 2 chips"
    assert [problem.message for problem in found.problems] == [
        "tt-smi did not answer within 0.5 seconds and was ended."
    ]
