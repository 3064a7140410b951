"""Which of tt-metal's pipelines runs on which system, and what a folder of tt-metal says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.tt_machines import write
from support.tt_metal import write_tree
from ttvideo.cli import doctor
from ttvideo.errors import ErrorKind, WorkerError
from ttvideo.tt.boards import BLACKHOLE, SYSTEMS, WORMHOLE, system_named
from ttvideo.tt.metal import table, tree

COMMIT, OTHER = "0123456789" * 4, "abcdef0123" * 4


@pytest.mark.parametrize(
    ("id", "runs"),
    [
        ("mochi-1", {"t3k": (2, 4), "galaxy": (4, 8), "p150x4": (2, 2), "p300x2": (2, 2)}),
        (
            "wan2.2-a14b",
            {
                "t3k": (2, 4),
                "galaxy": (4, 8),
                "bh-galaxy": (4, 8),
                "p150x8": (2, 4),
                "p150x4": (2, 2),
                "p300x2": (2, 2),
            },
        ),
        ("sd35-large", {"t3k": (2, 4), "galaxy": (4, 8), "p150x4": (1, 4), "p300x2": (1, 4)}),
        ("sdxl", {"n150": (1, 1), "n150x4": (1, 1), "n300": (1, 1), "t3k": (1, 1)}),
    ],
)
def test_the_mesh_of_each_system(id: str, runs: dict[str, tuple[int, int]]) -> None:
    pipeline = table.known(id)
    assert pipeline
    for system in SYSTEMS:
        if system.id in runs:
            assert table.mesh_for(pipeline, system) == runs[system.id]
            continue
        with pytest.raises(WorkerError) as caught:
            table.mesh_for(pipeline, system)
        assert caught.value.kind is ErrorKind.UNSUPPORTED
        assert system.title in caught.value.message


def test_a_system_it_does_not_run_on_is_told_where_it_does() -> None:
    mochi, n150 = table.known("mochi-1"), system_named("n150")
    assert mochi
    assert n150
    with pytest.raises(WorkerError) as caught:
        table.mesh_for(mochi, n150)
    assert caught.value.hint == (
        "It runs on meshes of Wormhole 4x8 or 2x4, Blackhole 2x2. Choose another device, such as --device cpu."
    )


def test_sizes_nobody_tried_are_remarked_or_refused() -> None:
    wan, sdxl = table.known("wan2.2-a14b"), table.known("sdxl")
    assert wan
    assert sdxl
    assert table.remark(wan, 832, 480, 81) is None
    assert table.remark(wan, 832, 480, 33) == (
        "tt-metal's Wan 2.2 A14B is tested by its makers at 832x480 with 81 frames or 1280x720 with 81 frames: this "
        "may fail."
    )
    assert table.remark(sdxl, 512, 512) is None
    with pytest.raises(WorkerError, match="does not make pictures of 768x512") as caught:
        table.remark(sdxl, 768, 512)
    assert "It makes 1024x1024 or 512x512." in caught.value.hint


def test_chips_are_opened_as_a_ring_where_the_pipeline_wants_one() -> None:
    wan, sd35 = table.known("wan2.2-a14b"), table.known("sd35-large")
    assert wan
    assert sd35
    assert table.opening(wan, WORMHOLE, (4, 8)).fabric == "FABRIC_1D_RING"
    assert table.opening(wan, WORMHOLE, (2, 4)).fabric == ""
    assert table.opening(sd35, BLACKHOLE, (1, 4)).fabric == "FABRIC_1D_RING"


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TT_DIT_CACHE_DIR", raising=False)
    mochi = table.known("mochi-1")
    assert mochi
    with pytest.raises(WorkerError, match="TT_METAL_HOME names no folder"):
        table.check(mochi, None, WORMHOLE, (2, 4))
    empty = tree.Tree(tmp_path, COMMIT, "v0.50.0")
    with pytest.raises(WorkerError, match=r"at v0\.50\.0, commit 0123456789 has no models/tt_dit/pipelines/mochi"):
        table.check(mochi, empty, WORMHOLE, (2, 4))
    found = tree.Tree(write_tree(tmp_path), COMMIT, "")
    with pytest.raises(WorkerError, match="TT_DIT_CACHE_DIR, where tt-metal keeps it for that, is not set"):
        table.check(mochi, found, WORMHOLE, (2, 4))
    assert table.check(mochi, found, WORMHOLE, (4, 8)) == found
    monkeypatch.setenv("TT_DIT_CACHE_DIR", str(tmp_path))
    assert table.check(mochi, found, WORMHOLE, (2, 4)) == found


@pytest.mark.parametrize("home", ["", "/nowhere"])
def test_no_folder_of_tt_metal(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TT_METAL_HOME", home)
    assert tree.find() is None


def found(home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setenv("TT_METAL_HOME", str(home))
    tt_metal = tree.find()
    assert tt_metal
    return tt_metal.commit, tt_metal.tag


def test_a_branch_and_a_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / ".git/HEAD", "ref: refs/heads/main")
    write(tmp_path / ".git/refs/heads/main", COMMIT)
    write(tmp_path / ".git/refs/tags/v0.1.0", OTHER)
    assert found(tmp_path, monkeypatch) == (COMMIT, "")
    tree._tag.cache_clear()
    write(tmp_path / ".git/refs/tags/v0.66.0", COMMIT)
    assert found(tmp_path, monkeypatch) == (COMMIT, "v0.66.0")
    assert str(tree.find()) == f"{tmp_path} at v0.66.0, commit 0123456789"


def test_packed_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line after an annotated tag has the commit it is of."""
    write(tmp_path / ".git/HEAD", "ref: refs/heads/main")
    lines = ["# pack-refs with: peeled fully-peeled sorted", f"{COMMIT} refs/heads/main"]
    write(tmp_path / ".git/packed-refs", "\n".join([*lines, f"{OTHER} refs/tags/v0.66.0", f"^{COMMIT}"]))
    assert found(tmp_path, monkeypatch) == (COMMIT, "v0.66.0")


def test_a_worktree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, home = tmp_path / "origin" / ".git", tmp_path / "home"
    write(home / ".git", f"gitdir: {origin}/worktrees/home")
    write(origin / "worktrees/home/HEAD", "ref: refs/heads/mine")
    write(origin / "worktrees/home/commondir", "../..")
    write(origin / "refs/heads/mine", COMMIT)
    write(origin / "refs/tags/v1", COMMIT)
    assert found(home, monkeypatch) == (COMMIT, "v1")


@pytest.mark.parametrize("head", ["", "ref: refs/heads/gone", "something else"])
def test_a_folder_that_does_not_say(head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if head:
        write(tmp_path / ".git/HEAD", head)
    assert found(tmp_path, monkeypatch) == ("", "")
    assert str(tree.find()) == str(tmp_path)


def test_doctor_says_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> dict[str, str]:
        return {finding.name: finding.text for finding in doctor._ttnn()}

    monkeypatch.delenv("TT_METAL_HOME", raising=False)
    assert told()["tt-metal"].endswith("set TT_METAL_HOME to its folder")
    assert told()["TT-XLA"] == "not here, and not needed: nothing runs through it"
    monkeypatch.setenv("TT_METAL_HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "installed", {"pjrt-plugin-tt": "0.1.260821"}.get)
    assert told()["tt-metal"] == str(tmp_path)
    assert told()["TT-XLA"].startswith("0.1.260821 takes the place of the ttnn that ttvideo needs")
