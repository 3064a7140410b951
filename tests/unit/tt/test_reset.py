"""Resetting chips with a tt-smi that does what it should, hangs, lies, is late, or loses a chip. The clock is the
test's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.tt_machines import Tree, entry, fake_smi, machine, serial, snapshot
from ttvideo.tt import detect, environment, reset, smi
from ttvideo.tt.machine import Holder
from ttvideo.tt.reset import Limits, Outcome

LIMITS = Limits(reset=5, back=60, snapshot=5)
RESET = "if sys.argv[1] == '-r':"
GOOD = f"{RESET} sys.exit(0)"


def told(*boards: tuple[str, str, str]) -> str:
    """That tt-smi prints a snapshot of these chips: type, serial number, PCI address."""
    return f"print({snapshot(*(entry(*board) for board in boards))!r})"


def n300(number: int = 0) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    one = serial("n300", number)
    return ("n300 L", one, f"0000:{number + 1:02x}:00.0"), ("n300 R", one, "N/A")


@dataclass
class Clock:
    now: float = 0.0
    slept: int = 0
    on_sleep: Callable[[int], None] = field(default=lambda slept: None)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += 1
        self.on_sleep(self.slept)


@dataclass
class World:
    tree: Tree
    bin: Path
    clock: Clock
    limits: Limits = LIMITS

    def smi(self, program: str) -> None:
        arguments = f"open({str(self.bin / 'arguments')!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')"
        fake_smi(self.bin, f"{arguments}\n{program}")

    def calls(self) -> list[str]:
        return (self.bin / "arguments").read_text().splitlines()

    def lose(self, node: int) -> str:
        """The Python that takes a node away, as a chip that does not come back."""
        return f"os.unlink({str(self.tree.root / f'dev/tenstorrent/{node}')!r})"

    def reset(self) -> Outcome:
        before = detect.look(self.tree.root, holders=True)
        self.stages: list[str] = []
        return reset.reset(self.tree.root, before, environment.ours(before), self.limits, self.stages.append)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(reset, "time", clock)
    return clock


@pytest.fixture
def world(root: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("TT_VISIBLE_DEVICES", raising=False)
    return World(machine("n300", root), tmp_path / "bin", clock)


def test_all_chips_are_back(world: World) -> None:
    world.smi(f"{GOOD}\n{told(*n300())}")
    assert world.reset() == Outcome("reset_complete", "/dev/tenstorrent/0 (PCI 0000:01:00.0) answers again.")
    assert world.calls() == ["-r 0000:01:00.0", "-s --snapshot_no_tty"]
    assert world.stages == [
        "`tt-smi -r` resets /dev/tenstorrent/0 (PCI 0000:01:00.0).",
        "Waiting for the chips to answer.",
        "Asking tt-smi whether all chips are well.",
    ]


def test_only_our_chips_are_reset(root: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(root)
    world.tree = machine("t3k", root)
    monkeypatch.setenv("TT_VISIBLE_DEVICES", "1, 0000:03")
    world.smi(f"{GOOD}\n{told(*n300(1), *n300(2))}")
    outcome = world.reset()
    assert outcome.state == "reset_complete"
    assert outcome.message.endswith("and /dev/tenstorrent/2 (PCI 0000:03:00.0) answer again.")
    assert world.calls()[0] == "-r 0000:02:00.0 0000:03:00.0"


def test_without_pci_addresses_nodes_are_named(world: World) -> None:
    world.tree.folder(0).joinpath("device").unlink()
    world.smi(f"{GOOD}\n{told(*n300())}")
    assert world.reset().state == "reset_complete"
    assert world.calls()[0] == "-r /dev/tenstorrent/0"


def test_it_is_never_called_without_targets() -> None:
    with pytest.raises(AssertionError):
        smi.reset([], 1)


def test_it_hangs_and_the_chip_is_gone(world: World) -> None:
    world.limits = Limits(reset=0.5, back=60, snapshot=5)
    world.smi(f"{RESET}\n    {world.lose(0)}\n    time.sleep(600)\n{told(*n300())}")
    outcome = world.reset()
    assert outcome.state == "reset_unhealthy"
    assert outcome.message == (
        "tt-smi did not answer within 0.5 seconds and was ended. "
        "/dev/tenstorrent/0 (PCI 0000:01:00.0) did not come back after the reset."
    )
    assert "switch the machine off and on" in outcome.hint


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("time.sleep(600)", "tt-smi did not answer within"),
        ("print('no ARC'); sys.exit(1)", "(exit code 1): no ARC The"),
    ],
)
def test_it_fails_though_the_chips_answer(program: str, words: str, world: World) -> None:
    world.limits = Limits(reset=0.5, back=60, snapshot=5)
    world.smi(f"{RESET} {program}\n{told(*n300())}")
    outcome = world.reset()
    assert outcome.state == "reset_unverified"
    assert words in outcome.message
    assert outcome.message.endswith("The chips answer, but may not have been reset.")


def test_it_lies(world: World) -> None:
    world.smi(f"{RESET}\n    {world.lose(0)}\n    sys.exit(0)\n{told(*n300())}")
    outcome = world.reset()
    assert outcome.state == "reset_unhealthy"
    assert outcome.message == "/dev/tenstorrent/0 (PCI 0000:01:00.0) did not come back after the reset."
    assert world.calls() == ["-r 0000:01:00.0"]
    assert world.clock.now == pytest.approx(61)


def test_the_chip_is_back_and_talks_nonsense(world: World) -> None:
    hot = world.tree.pci(0) / "hwmon/hwmon3/temp1_input"
    world.smi(f"{RESET}\n    open({str(hot)!r}, 'w').write('65535000')\n    sys.exit(0)\n{told(*n300())}")
    assert world.reset().state == "reset_unhealthy"


def test_the_chip_comes_back_late(world: World) -> None:
    node = world.tree.root / "dev/tenstorrent/0"
    world.clock.on_sleep = lambda slept: node.touch() if slept == 40 else None
    world.smi(f"{RESET}\n    {world.lose(0)}\n    sys.exit(0)\n{told(*n300())}")
    assert world.reset().state == "reset_complete"
    assert world.clock.slept == 40


def test_the_chip_comes_back_as_another_node(world: World) -> None:
    def renumber(slept: int) -> None:
        if slept == 3:
            (world.tree.root / "dev/tenstorrent/5").touch()
            world.tree.folder(0).rename(world.tree.folder(5))

    world.clock.on_sleep = renumber
    world.smi(f"{RESET}\n    {world.lose(0)}\n    sys.exit(0)\n{told(*n300())}")
    assert world.reset().state == "reset_complete"


def test_the_chip_behind_the_first_is_lost(world: World) -> None:
    world.smi(f"{GOOD}\n{told(n300()[0])}")
    outcome = world.reset()
    assert outcome.state == "reset_unhealthy"
    assert outcome.message == f"Of the n300 with serial number {serial('n300')} only 1 of 2 chips came back."


def test_one_board_of_four_is_lost(root: Path, world: World) -> None:
    shutil.rmtree(root)
    world.tree = machine("t3k", root)
    world.smi(f"{RESET}\n    {world.lose(2)}\n    sys.exit(0)\n{told(*n300(0), *n300(1), *n300(3))}")
    outcome = world.reset()
    assert outcome.state == "reset_unhealthy"
    assert outcome.message.startswith("/dev/tenstorrent/2 (PCI 0000:03:00.0) did not come back")


def test_the_first_snapshots_may_fail(world: World) -> None:
    count = world.bin / "count"
    fails = f"open({str(count)!r}, 'a').write('x')\nif os.path.getsize({str(count)!r}) < 3: sys.exit(1)"
    world.smi(f"{GOOD}\n{fails}\n{told(*n300())}")
    assert world.reset().state == "reset_complete"
    assert len(world.calls()) == 4


def test_nothing_says_whether_the_chips_are_well(world: World) -> None:
    world.limits = Limits(reset=5, back=2, snapshot=5)
    world.smi(f"{GOOD}\nprint('no devices'); sys.exit(1)")
    outcome = world.reset()
    assert outcome.state == "reset_unverified"
    assert "tt-smi gave no snapshot (exit code 1): no devices" in outcome.message
    assert "ttvideo devices --check" in outcome.hint


def test_a_large_system_is_given_more_time(root: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(root)
    world.tree = machine("galaxy", root)
    given: list[float] = []
    monkeypatch.setattr(smi, "reset", lambda chips, timeout: given.extend([len(chips), timeout]))
    world.limits = Limits(reset=1, reset_many=7, back=1)
    world.smi("print('no devices'); sys.exit(1)")
    world.reset()
    assert given == [32, 7]


def test_refusals(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def why(own: tuple[int, ...] = ()) -> str | None:
        before = detect.look(world.tree.root, holders=True)
        refused = reset.refusal(before, environment.ours(before), own)
        assert refused is None or refused.state == "refused"
        return refused.message if refused else None

    assert why() == "tt-smi, which resets boards, is not installed."
    world.smi(GOOD)
    assert why() is None
    world.tree.held(0, 4242, "python train.py")
    assert why() == "python train.py (pid 4242) uses /dev/tenstorrent/0, and would lose what it does."
    assert why(own=(4242,)) is None
    monkeypatch.setenv("TT_VISIBLE_DEVICES", "")
    assert why() == "TT_VISIBLE_DEVICES leaves no chip to reset."
    monkeypatch.setenv("TTVIDEO_BOARD", "n300")
    assert why() == "The boards are simulated: there is nothing to reset."
    monkeypatch.delenv("TTVIDEO_BOARD")
    shutil.rmtree(world.tree.root / "dev")
    assert "/dev/tenstorrent is empty or missing" in str(why())
    assert not (world.bin / "arguments").exists()


def test_somebody_outside_this_container_is_a_reason_to_refuse(world: World) -> None:
    world.smi(GOOD)
    write = world.tree.root / "proc/driver/tenstorrent/0"
    write.mkdir(parents=True)
    (write / "pids").write_text("0\n")
    before = detect.look(world.tree.root, holders=True)
    assert [chip.holders for chip in environment.ours(before)] == [(Holder(None, ""),)]
    refused = reset.refusal(before, environment.ours(before), ())
    assert refused is not None
    assert refused.message.startswith("a process outside this container uses /dev/tenstorrent/0")
