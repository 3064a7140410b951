"""When a job has stood still for too long, and what is said of its chips; the clock is the test's."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.tt_machines import machine, write
from ttvideo.tt import watchdog
from ttvideo.tt.watchdog import Reading, Watchdog


@dataclass
class World:
    now: float = 1000.0
    heartbeat: int | None = 7
    beats: bool = True
    looks: int = 0
    chips: list[str] = field(default_factory=lambda: ["/dev/tenstorrent/0"])

    def clock(self) -> float:
        return self.now

    def look(self) -> list[Reading]:
        self.looks += 1
        if self.heartbeat is not None and self.beats:
            self.heartbeat += 1
        return [Reading(chip, 17.4, 500.0, self.heartbeat) for chip in self.chips]

    def dog(self, usual: float | None = None) -> Watchdog:
        return Watchdog(usual, self.look, self.clock)

    def steps(self, dog: Watchdog, *seconds: float) -> Watchdog:
        dog.begin(steps=True)
        for spent in seconds:
            self.now += spent
            dog.step()
        return dog

    def told(self, dog: Watchdog, seconds: float) -> str | None:
        """What is said after so many more seconds, having been asked four times a second."""
        end = self.now + seconds
        while self.now < end:
            self.now += 0.25
            stall = dog.stalled()
        return stall.message if stall else None


def test_a_job_that_stands_still_is_told_with_what_is_seen() -> None:
    world = World(beats=False)
    dog = world.steps(world.dog(), 60, 5, 6, 7)
    assert world.told(dog, 47.5) is None
    said = world.told(dog, 1)
    assert said == (
        "No step for 48 s, and this job's steps take 6 s. /dev/tenstorrent/0: 17 W, 500 MHz, its heart stands still."
    )
    # Looked at again now and then, not each time somebody asks.
    looks = world.looks
    assert world.told(dog, 9) == said
    assert world.looks == looks
    assert str(world.told(dog, 20)).startswith("No step for 1 min 8 s")
    assert world.looks == looks + 2
    dog.step()
    assert dog.stalled() is None


@pytest.mark.parametrize(("heartbeat", "told"), [(7, "its heart beats"), (None, "no heartbeat to be read")])
def test_a_heart_that_beats_or_cannot_be_read(heartbeat: int | None, told: str) -> None:
    world = World(heartbeat=heartbeat)
    assert told in str(world.told(world.steps(world.dog(), 1, 1, 1), 31))


def test_quick_steps_are_given_half_a_minute() -> None:
    world = World()
    dog = world.steps(world.dog(), 0.1, 0.1, 0.1)
    assert world.told(dog, 29.5) is None
    assert "this job's steps take 0.10 s" in str(world.told(dog, 1))


def test_before_the_second_step_earlier_jobs_say_how_long_one_takes() -> None:
    world = World()
    assert world.told(world.steps(world.dog(usual=10), 500), 79) is None
    assert world.told(world.steps(world.dog(usual=10), 500), 81) is not None
    assert world.told(world.steps(world.dog(), 500), 10_000) is None


def test_only_phases_with_steps_are_watched() -> None:
    world = World()
    dog = world.steps(world.dog(), 1, 1, 1)
    dog.begin(steps=False)
    assert world.told(dog, 1000) is None
    assert world.looks == 0


def test_of_many_chips_some_are_told() -> None:
    world = World(chips=[f"/dev/tenstorrent/{node}" for node in range(32)])
    said = str(world.told(world.steps(world.dog(), 1, 1, 1), 31))
    assert said.count("/dev/tenstorrent/") == 4
    assert said.endswith("28 more chips.")


def test_readings_are_the_drivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = machine("p300c x2", tmp_path / "root")
    write(tree.folder(1) / "tt_heartbeat", "")
    monkeypatch.setenv("TT_VISIBLE_DEVICES", "0000:02, 0")
    readings = watchdog.read(tree.root)
    assert readings == (
        Reading("/dev/tenstorrent/0", 17.0, 500.0, 4711),
        Reading("/dev/tenstorrent/1", 17.0, 500.0, None),
    )
    monkeypatch.setenv("TTVIDEO_BOARD", "n150")
    assert watchdog.read(tree.root) == ()
