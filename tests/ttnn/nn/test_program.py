"""The engine's program that denoises a clip, in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler
from safetensors.torch import save_file

from support.tt_blocks import exact
from support.tt_session import Told
from support.tt_unet import BUNDLED, bundled, bundled_configs
from ttvideo.errors import Cancelled, ErrorKind, WorkerError
from ttvideo.tt.engine.programs import find
from ttvideo.tt.mock import golden
from ttvideo.tt.nn import program, sampler
from ttvideo.tt.nn.program import Asked
from ttvideo.tt.nn.recording import NotRecorded
from ttvideo.tt.nn.schedules import steps_of


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The bundled UNet's weights as bfloat16 holds them: those within frames, and those between them."""
    folder = tmp_path_factory.mktemp("weights")
    state = bundled().state_dict()
    for name, motion in (("unet", False), ("adapter", True)):
        part = {key: weight for key, weight in state.items() if ("motion_modules" in key) is motion}
        save_file(part, folder / f"{name}.safetensors")
    return str(folder / "unet.safetensors"), str(folder / "adapter.safetensors")


@pytest.fixture
def told(mesh: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setenv("TTVIDEO_CACHE", str(tmp_path))
    monkeypatch.delenv("TTVIDEO_BOARD", raising=False)  # as on a board: steps are recorded
    return Told(mesh)


def asked(files: tuple[str, ...], scheduler: Any, **changes: Any) -> dict[str, Any]:
    """As it comes out of the engine's pipe."""
    given = {"weights": files, "configs": bundled_configs(), "steps": tuple(steps_of(scheduler)), "guidance": 3.0}
    arguments: dict[str, Any] = json.loads(json.dumps(Asked(**{**given, **changes}).as_json()))
    return arguments


def scheduler(count: int) -> Any:
    made = DDIMScheduler.from_pretrained(BUNDLED / "scheduler")
    made.set_timesteps(count)
    return made


def test_a_clip_is_denoised_as_diffusers_does_it(told: Told, files: tuple[str, str]) -> None:
    latents, text, ddim = exact(1, 24, 8, 8, 8), exact(2, 32, 128, seed=1), scheduler(3)
    with golden.shadow(rounded=False):
        run = find("animatediff")
        made = run(told.session, {"latents": latents, "text": text}, asked(files, ddim, shown=True))["latents"]
        again = run(told.session, {"latents": latents, "text": text}, asked(files, ddim))["latents"]
        told.kept.clear()
    x, seen = latents, torch.empty(0)
    for timestep in ddim.timesteps:
        with torch.no_grad():
            without, with_text = bundled()(torch.cat([x, x]), timestep, text.repeat_interleave(8, 0)).sample.chunk(2)
        stepped = ddim.step(without + 3.0 * (with_text - without), timestep, x)
        x, seen = stepped.prev_sample, stepped.pred_original_sample
    torch.testing.assert_close(made, x, atol=2e-3, rtol=0)
    torch.testing.assert_close(told.tensors[-5]["clean"], seen, atol=2e-3, rtol=0)
    assert torch.equal(told.tensors[-5]["latents"], made)
    assert torch.equal(made, again)
    steps = [("denoising",), (1, 3), (2, 3), (3, 3)]
    assert told.events == [("loading",), ("compiling",), *steps, *steps]


def test_a_clip_is_denoised_though_its_steps_cannot_be_recorded(
    told: Told, files: tuple[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tensors = {"latents": exact(1, 24, 1, 8, 8), "text": exact(1, 32, 128)}
    run, arguments = find("animatediff"), asked(files, scheduler(2), guidance=None)

    def refuse(*_: Any) -> None:
        raise NotRecorded("Creating trace buffers of size 2B on device, but only 1B is allocated")

    with golden.shadow(rounded=False):
        recorded = run(told.session, tensors, arguments)["latents"]
        monkeypatch.setattr(sampler, "Recording", refuse)
        made = run(told.session, tensors, arguments)["latents"]
        told.kept.clear()
    assert torch.equal(made, recorded)
    assert "not recorded" in caplog.text


@pytest.mark.parametrize(
    ("variables", "records"), [({}, True), ({"TTVIDEO_TRACE": "0"}, False), ({"TTVIDEO_BOARD": "n150"}, False)]
)
def test_steps_are_recorded_on_boards_that_are_there(
    variables: dict[str, str], records: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TTVIDEO_TRACE", "TTVIDEO_BOARD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert program._records() is records


def test_it_stops_after_the_step_in_which_it_is_cancelled(told: Told, files: tuple[str, str]) -> None:
    told.cancel_at = (2, 3)
    tensors = {"latents": exact(1, 24, 1, 8, 8), "text": exact(1, 32, 128)}
    with golden.shadow(), pytest.raises(Cancelled):
        find("animatediff")(told.session, tensors, asked(files, scheduler(3), guidance=None))
    told.kept.clear()
    assert told.events[-1] == (2, 3)


def test_without_an_adapter_frames_do_not_see_each_other(told: Told, files: tuple[str, str]) -> None:
    """Then the first of two frames is what it is alone."""
    latents, text = exact(1, 24, 2, 8, 8), exact(1, 32, 128)
    with golden.shadow(rounded=False):
        run, steps = find("animatediff"), scheduler(2)
        both = run(told.session, {"latents": latents, "text": text}, asked(files[:1], steps, guidance=None))["latents"]
        alone = run(told.session, {"latents": latents[:, :, :1], "text": text}, asked(files[:1], steps, guidance=None))[
            "latents"
        ]
        told.kept.clear()
    torch.testing.assert_close(both[:, :, :1], alone, atol=1e-4, rtol=0)


def test_what_the_model_cannot_do_is_said(told: Told, files: tuple[str, str]) -> None:
    tensors = {"latents": exact(1, 24, 40, 8, 8), "text": exact(1, 32, 128)}
    with golden.shadow(), pytest.raises(WorkerError, match="32 frames at once, not 40") as error:
        find("animatediff")(told.session, tensors, asked(files, scheduler(2), guidance=None))
    assert error.value.kind is ErrorKind.UNSUPPORTED
    assert told.kept == {}
