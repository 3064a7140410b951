"""What preflight says: of memory that is missing, of models that it cannot try, and without a Python that has ttnn."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest

from ttvideo import families
from ttvideo.contract import Preflight, PreflightParams
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.families.preflight import divided, refusal, steps, subject
from ttvideo.jobs.preflight import Trial, verdict
from ttvideo.tt import boards
from ttvideo.tt.mock.shortage import Shortage, shortage
from ttvideo.tt.preflight import Found, Needs, Refused

# Texts of ttnn 0.81.1, as its exceptions have them.
DRAM = """TT_FATAL @ /project/tt_metal/impl/allocator/bank_manager.cpp:514: false
info:
Out of Memory: Not enough space to allocate 536870912 B DRAM buffer across 12 banks, where each bank needs to store \
44740608 B, but bank size is 1072693184 B (allocated: 1029271552 B, free: 43421632 B, largest free block: 43421632 B).
backtrace:
 --- tt::tt_metal::BankManager::allocate_buffer"""
L1 = """Out of Memory: Not enough space to allocate 88080384 B L1 buffer across 64 banks, where each bank needs to \
store 1376256 B, but bank size is 1360544 B (allocated: 0 B, free: 1360544 B, largest free block: 1360544 B)"""
PROGRAM = """TT_THROW @ /project/tt_metal/impl/program/program.cpp:1089: tt::exception
info:
Statically allocated circular buffers on core range [(x=0,y=0) - (x=7,y=7)] grow to 1987936 B which is beyond max L1 \
size of 1499136 B"""
CLASH = """Statically allocated circular buffers in program 12 clash with L1 buffers on core range \
[(x=0,y=0) - (x=7,y=7)]. L1 buffer allocated at 800000 and static circular buffer region ends at 834240"""

NEEDS = Needs(2**30, 3 * 2**29, 12 * 2**30, 2**20, 1463968, 441, 2157, 0, 0.25, (("MatmulDeviceOperation", 347, 0.2),))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (DRAM, Shortage("DRAM", 12 * (44740608 - 43421632))),
        (L1, Shortage("L1", 1376256 - 1360544)),
        (PROGRAM, Shortage("L1", 1987936 - 1499136)),
        (CLASH, Shortage("L1", 34240)),
        ("Reader indices buffer page size 132 exceeds worst-case CB size 128", None),
        ("", None),
    ],
)
def test_how_much_memory_is_missing(said: str, found: Shortage | None) -> None:
    assert shortage(said) == found


def asked() -> Preflight:
    return Preflight(
        id=1,
        state="running",
        message="",
        model="animatediff",
        title="AnimateDiff",
        board="n150",
        board_title="N150",
        parameters={"steps": 25},
    )


def refused(memory: Any, missing: int, operation: str = "ttnn.group_norm of 1x1x65536x640") -> dict[str, object]:
    return verdict(asked(), Found("0.81.1", None, Refused("denoising", operation, "too odd", memory, missing)), 25)


def test_what_fits() -> None:
    said = verdict(asked(), Found("0.81.1", NEEDS, None), 25)
    assert said["state"] == "fits"
    assert said["message"] == (
        "AnimateDiff fits N150: while it denoises, at most 1.5 GiB of a chip's 12.0 GiB DRAM are in use."
    )
    needs = said["needs"]
    assert getattr(needs, "step_seconds", None) == 0.25
    assert getattr(needs, "clip_seconds", None) == 6.25


def test_what_does_not_fit() -> None:
    assert refused("L1", 488800)["message"] == (
        "AnimateDiff does not fit N150: in ttnn.group_norm of 1x1x65536x640, a core's L1 lacks 477.3 KiB."
    )
    assert refused("DRAM", 3 * 2**30)["message"] == (
        "AnimateDiff does not fit N150: in ttnn.group_norm of 1x1x65536x640, the chip's DRAM lacks 3.0 GiB."
    )
    assert refused("DRAM", 5)["state"] == "too_large"
    other = refused(None, 0, "ttnn.conv2d of 1x1x64x1280")
    assert other["state"] == "refused"
    assert other["message"] == "ttnn refuses ttnn.conv2d of 1x1x64x1280 of AnimateDiff for N150: too odd"


@pytest.mark.parametrize("family", families.FAMILIES, ids=lambda family: family.id)
def test_every_model_is_tried_or_says_why_not(family: Any) -> None:
    why = refusal(family)
    if why is None:
        params = family.Params() if family.id == "tiny" else None
        assert family.id in ("tiny", "animatediff")
        assert params is None or subject(family, params).latents == (1, 24, 16, 8, 8)
    else:
        assert why.kind is ErrorKind.UNSUPPORTED
        with pytest.raises(WorkerError) as caught:
            Trial(PreflightParams(model=family.id)).begin()
        assert caught.value.message == why.message


def test_animatediff_is_known_without_its_weights() -> None:
    found = subject(*families.fitted("animatediff", {"width": 256, "height": 192, "frames": 8, "guidance": 1.0}))
    assert found.latents == (1, 4, 8, 24, 32)
    assert (found.text, found.guidance) == ((1, 77, 768), None)
    assert found.weights["conv_in.weight"] == (320, 4, 3, 3)
    count = 0
    for shape in found.weights.values():
        size = 1
        for side in shape:
            size *= side
        count += size
    assert 1.27e9 < count < 1.33e9
    still = subject(*families.fitted("animatediff", {"motion": False}))
    assert not any("motion" in name for name in still.weights)
    assert still.text[0] == 2


def test_frames_one_by_one_are_tried_as_one_frame_and_counted_as_all() -> None:
    family, params = families.fitted("animatediff", {"framesApart": True, "frames": 8, "steps": 5})
    found = subject(family, params)
    assert (found.latents, found.text) == ((1, 4, 1, 64, 64), (2, 96, 768))
    assert not any("motion" in name for name in found.weights)
    assert steps(params) == 8 * 5
    assert steps(families.fitted("animatediff", {"frames": 8, "steps": 5})[1]) == 5


@pytest.mark.parametrize(
    ("board", "said"),
    [
        ("n150", ""),
        ("n300", "on a 1x2 mesh. Guidance over 2 chips: each chip has 1 video of 16 frames."),
        ("t3k", "on a 2x4 mesh. Guidance over 2 chips, frames over 4 chips: each chip has 4 frames"),
    ],
)
def test_a_clip_is_tried_as_chips_share_it_which_is_told(board: str, said: str) -> None:
    family, params = families.fitted("animatediff", {"steps": 5})
    system = boards.system_named(board)
    assert system is not None
    tried, told = divided(params, subject(family, params), system)
    assert said in told
    assert bool(told) == bool(said)
    assert math.prod(tried.parts) == math.prod(tried.mesh) == system.chips
    family, one = families.fitted("animatediff", {"framesApart": True, "guidance": 1.0})
    assert divided(one, subject(family, one), system)[1] == ""
    tiny = families.fitted("tiny", {})
    assert divided(tiny[1], subject(*tiny), system) == (subject(*tiny), "")


def test_a_board_that_is_none() -> None:
    with pytest.raises(WorkerError, match=r"^There is no Tenstorrent system 'n160'\.$"):
        Trial(PreflightParams(model="tiny", board="n160")).begin()


def test_the_board_is_that_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTVIDEO_BOARD", "p300x2")
    assert Trial(PreflightParams(model="tiny")).begin().board == "p300x2"
    monkeypatch.delenv("TTVIDEO_BOARD")
    assert Trial(PreflightParams(model="tiny")).begin().board == "n150"


@pytest.fixture
def without_ttnn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TTVIDEO_TTNN_PYTHON", sys.executable)
    monkeypatch.setenv("TTVIDEO_CACHE", str(tmp_path))


def test_a_python_without_ttnn(without_ttnn: None) -> None:
    told: list[str] = []
    trial = Trial(PreflightParams(model="tiny"), lambda preflight: told.append(preflight.state))
    assert trial.begin().state == "running"
    end = trial.run()
    assert end.state == "failed"
    assert end.message == "ttnn cannot be imported: There is no ttnn in this Python."
    assert "TTVIDEO_TTNN_PYTHON" in end.hint
    assert told == ["failed"]


def test_one_that_is_stopped_tells_nothing_more(without_ttnn: None) -> None:
    told: list[Preflight] = []
    trial = Trial(PreflightParams(model="tiny"), told.append)
    trial.begin()
    trial.stop()
    with pytest.raises(Cancelled):
        trial.run()
    assert told == []
