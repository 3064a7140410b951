"""What only AnimateDiff has: adapters, FreeNoise, prompts of later frames, and the UNet that is fused once."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from support.clip_cases import CASES, NEGATIVE, PROMPT, Frames, Model, animatediff_parts
from ttvideo import families
from ttvideo.errors import WorkerError
from ttvideo.families import animatediff, animatediff_unet, animatediff_weights
from ttvideo.families.clips import parts
from ttvideo.families.family import Run, StepEvent
from ttvideo.families.weights import checkpoints

CASE = next(case for case in CASES if case.family == "animatediff")
TRAVEL: dict[str, Any] = {"travel": "4: a cat at night | 9: a dog"}


@pytest.fixture
def model(installed: Path, picture: Path) -> Model:
    return Model(CASE, picture)


def plain(folder: Path, frames: int, window: int | None = None, prompt: Any = PROMPT, **more: Any) -> Frames:
    """The same by diffusers, with FreeNoise if a window is named."""
    import diffusers

    given = animatediff_parts(folder) | more.pop("given", {})
    pipe = diffusers.AnimateDiffPipeline.from_pretrained(folder / "animatediff", dtype=torch.float32, **given)
    pipe.set_progress_bar_config(disable=True)
    if window:
        pipe.enable_free_noise(context_length=window, context_stride=4)
    output = pipe(
        prompt=prompt,
        negative_prompt=NEGATIVE,
        num_frames=frames,
        width=64,
        height=64,
        num_inference_steps=more.pop("steps", 3),
        guidance_scale=more.pop("guidance", 7.5),
        generator=torch.Generator().manual_seed(5),
        output_type="np",
        **more,
    )
    return np.asarray(output.frames[0], dtype=np.float32)


def test_more_frames_than_the_motion_modules_see_are_made_with_free_noise(model: Model, installed: Path) -> None:
    _, notes = model.family.fit(model.family.Params.model_validate(model.given | {"frames": 40}))
    assert "FreeNoise" in notes[-1]
    np.testing.assert_allclose(model.run(frames=40).frames, plain(installed, 40, window=16), atol=1e-4)
    # And nothing of it is left.
    np.testing.assert_allclose(model.run().frames, plain(installed, 8), atol=1e-4)


def test_later_prompts_take_over_frame_by_frame(model: Model, installed: Path) -> None:
    prompts = {0: PROMPT, 4: "a cat at night", 9: "a dog"}
    np.testing.assert_allclose(
        model.run(frames=12, **TRAVEL).frames, plain(installed, 12, window=12, prompt=prompts), atol=1e-4
    )
    np.testing.assert_allclose(
        model.run(frames=40, **TRAVEL).frames, plain(installed, 40, window=16, prompt=prompts), atol=1e-4
    )


@pytest.mark.parametrize(
    ("travel", "found"),
    [
        ("", []),
        ("8: a dog", [(8, "a dog")]),
        ("12: a bird | 8: a dog, running", [(8, "a dog, running"), (12, "a bird")]),
        ("8: a dog, 12: a bird", [(8, "a dog"), (12, "a bird")]),
    ],
)
def test_later_prompts_are_read(travel: str, found: list[tuple[int, str]]) -> None:
    assert animatediff.travel(animatediff.Params(seed=1, travel=travel)) == found


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"travel": "a dog"}, "are no later prompts"),
        ({"travel": "8: | 9: a dog"}, "are no later prompts"),
        ({"travel": "8: a cat | 8: a dog"}, "are no later prompts"),
        ({"travel": "16: a dog"}, "frames 1 to 15, not 16"),
        ({"travel": "0: a dog"}, "frames 1 to 15, not 0"),
    ],
)
def test_what_cannot_be_is_refused(installed: Path, params: dict[str, Any], message: str) -> None:
    family = families.find("animatediff")
    with pytest.raises(WorkerError, match=message):
        family.fit(family.Params.model_validate(params))


def test_a_later_prompt_that_is_too_long_is_said(installed: Path) -> None:
    family = families.find("animatediff")
    _, notes = family.fit(family.Params.model_validate({"travel": "3: " + "cat " * 100 + "end"}))
    assert "Only the first 75 tokens" in notes[-1]


@pytest.mark.parametrize(
    ("adapter", "steps", "guidance", "scheduler"),
    [
        ("animatediff-v1-5-2", 25, 7.5, "DDIMScheduler"),
        ("animatediff-lightning-4", 4, 1.0, "EulerDiscreteScheduler"),
        ("animatelcm", 6, 1.5, "LCMScheduler"),
    ],
)
def test_adapters_bring_their_rules(installed: Path, adapter: str, steps: int, guidance: float, scheduler: str) -> None:
    family = families.find("animatediff")
    fitted, notes = family.fit(family.Params.model_validate({"adapter": adapter}))
    params = fitted.model_dump()
    assert (params["steps"], params["guidance"]) == (steps, guidance)
    assert len(notes) == (steps != 25) + (guidance != 7.5)
    assert family.fit(fitted) == (fitted, [])
    import diffusers

    pndm = diffusers.PNDMScheduler.from_pretrained(installed / "animatediff" / "scheduler")
    assert isinstance(fitted, animatediff.Params)
    made = animatediff.MODEL.scheduler(pndm, fitted)
    assert type(made).__name__ == scheduler
    assert made.config.beta_schedule == "linear"


def test_lightning_is_a_file_without_settings_and_takes_its_own_steps_only(
    model: Model, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import diffusers

    family = families.find("animatediff")
    asked = {"adapter": "animatediff-lightning-2", "steps": 9, "guidance": 2.0, "scheduler": "ddim"}
    fitted, notes = family.fit(family.Params.model_validate(model.given | asked))
    assert (fitted.model_dump()["steps"], fitted.model_dump()["guidance"]) == (2, 2.0)
    assert ["2 steps" in notes[0], "euler" in notes[1]] == [True, True]
    with pytest.raises(WorkerError, match="AnimateDiff-Lightning, 2 steps is not installed"):
        family.revision(fitted)
    own = copied(installed, tmp_path, monkeypatch)
    lightning = diffusers.MotionAdapter.from_pretrained(own / "animatediff-v1-5-2")
    with torch.no_grad():
        for weight in lightning.parameters():
            weight.mul_(1.5)
    (own / "animatediff-lightning-2").mkdir()
    file = own / "animatediff-lightning-2" / "animatediff_lightning_2step_diffusers.safetensors"
    save_file(lightning.state_dict(), file)
    # Without settings an adapter has the real size.
    default = partial(diffusers.MotionAdapter.from_config, lightning.config)
    monkeypatch.setattr(animatediff_unet, "default_adapter", default)
    pipeline: Any = family.load("cpu", fitted, lambda event: None)
    frames = np.stack([frame for _, frame in pipeline.run(Run(PROMPT, NEGATIVE, fitted), lambda event: None)])
    euler = diffusers.EulerDiscreteScheduler.from_pretrained(
        own / "animatediff" / "scheduler", timestep_spacing="trailing", beta_schedule="linear"
    )
    given = {"motion_adapter": lightning, "scheduler": euler}
    np.testing.assert_allclose(frames, plain(own, 8, given=given, steps=2, guidance=2.0), atol=1e-4)


def copied(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = tmp_path / "models"
    for name in ("animatediff", "animatediff-v1-5-2"):
        shutil.copytree(installed / name, own / name)
    monkeypatch.setenv("TTVIDEO_MODELS", str(own))
    return own


def test_without_motion_modules_none_is_run(model: Model) -> None:
    from ttvideo.families.animatediff_unet import motion_modules

    run: list[object] = []
    for module in motion_modules(model.pipeline.parts.get("unet")):
        module.proj_in.register_forward_pre_hook(lambda *_: run.append(None))
    model.run(motion=False)
    assert not run
    model.run()
    assert len(run) == 3 * (4 + 1 + 6)


def test_both_checkpoints_are_needed_and_said(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = copied(installed, tmp_path, monkeypatch)
    base = animatediff_weights.PUBLISHED[0]
    both = checkpoints.revision(base)
    assert checkpoints.checkpoint(base).installed
    assert checkpoints.checkpoint(base).size_bytes == base.size_bytes + base.also[0].size_bytes
    shutil.rmtree(own / "animatediff-v1-5-2")
    assert not checkpoints.checkpoint(base).installed
    with pytest.raises(WorkerError, match=r"AnimateDiff's motion, v1\.5\.2 is not installed") as missing:
        checkpoints.revision(base)
    assert "ttvideo download animatediff-v1-5-2" in missing.value.hint
    assert "+" in both


def test_motion_loras_change_the_clip_with_free_noise_too(model: Model, tmp_path: Path) -> None:
    unet = Path(parts.Parts(animatediff.MODEL, animatediff_weights.PUBLISHED[0], "cpu").folder_of("unet"))
    stored = load_file(unet / "unet" / "diffusion_pytorch_model.safetensors")
    name = next(name for name in stored if name.endswith("motion_modules.0.transformer_blocks.0.attn1.to_q.weight"))
    rank, (out, into) = 2, stored[name].shape
    generator = torch.Generator().manual_seed(0)
    key = f"unet.{name.removesuffix('.weight')}"
    weights = {
        f"{key}.lora_A.weight": torch.randn(rank, into, generator=generator),
        f"{key}.lora_B.weight": torch.randn(out, rank, generator=generator),
    }
    save_file(weights, tmp_path / "pan.safetensors")
    case = Model(CASE, tmp_path, loras=f"{tmp_path}/pan.safetensors:0.8")
    for frames in (8, 40):
        changed = case.run(frames=frames).frames
        assert np.array_equal(changed, case.run(frames=frames).frames)
        assert np.abs(changed - model.run(frames=frames).frames).max() > 1e-4
    # What a style changes of the text encoder is left out, and that is said.
    text = "text_encoder.text_model.encoder.layers.0.self_attn.q_proj"
    more = {f"{text}.lora_A.weight": torch.ones(2, 32), f"{text}.lora_B.weight": torch.ones(32, 2)}
    save_file(weights | more, tmp_path / "style.safetensors")
    style = Model(CASE, tmp_path, loras=f"{tmp_path}/style.safetensors:0.8")
    assert np.array_equal(style.run().frames, case.run().frames)
    assert "left out" in style.family.fit(style.params)[1][0]


def runs(model: Model, *names: str, **asked: Any) -> list[int]:
    """How often these layers of the UNet are run, and with how large batches in all."""
    unet = model.pipeline.parts.get("unet")
    counts = [0] * (len(names) + 1)

    def count(number: int, layer: object, args: Any, kwargs: Any) -> None:
        counts[number] += 1
        if number == 0:
            counts[-1] += (args[0] if args else kwargs["input_tensor"]).shape[0]

    # Layers that are left out are called, but what is in them is not.
    hooks = [
        unet.get_submodule(name).register_forward_pre_hook(partial(count, number), with_kwargs=True)
        for number, name in enumerate(names)
    ]
    model.run(**asked)
    for hook in hooks:
        hook.remove()
    return counts


FIRST, INNER = "down_blocks.0.resnets.0.conv1", "mid_block.resnets.0.conv1"


def test_the_step_cache_runs_the_inner_layers_in_every_third_step_after_the_first(model: Model) -> None:
    ten = {"steps": 10, "frames": 4}
    assert runs(model, FIRST, INNER, "up_blocks.1.resnets.1.conv1", **ten) == [10, 10, 10, 80]
    # Whole: 0, 1, 2, then 3, 6 and 9.
    assert runs(model, FIRST, INNER, "up_blocks.1.resnets.1.conv1", **ten, cache="deep") == [10, 6, 6, 80]
    assert runs(model, "up_blocks.1.resnets.2.conv1", "down_blocks.0.resnets.1.conv1", **ten, cache="deep")[:2] == [
        10,
        6,
    ]
    assert runs(model, FIRST, INNER, **ten) == [10, 10, 80]


def test_the_part_that_is_not_guided_runs_half_the_batch(model: Model) -> None:
    ten = {"steps": 10, "frames": 4}
    assert runs(model, FIRST, INNER, **ten, guided=0.6) == [10, 10, 6 * 8 + 4 * 4]
    assert runs(model, FIRST, INNER, **ten, guided=0.0) == [10, 10, 10 * 4]
    # Whole: 0, 1, 2, 3, 6, then 8, from where on it is half, and 9.
    assert runs(model, FIRST, INNER, **ten, guided=0.8, cache="deep") == [10, 7, 8 * 8 + 2 * 4]
    assert np.array_equal(model.run(guided=0.0).frames, model.run(guided=0.0, negative="the pavilion").frames)


def test_with_a_step_cache_a_clip_goes_on_where_nothing_remembered_is_needed(model: Model) -> None:
    whole = model.run(steps=8, cache="deep", guided=0.7)
    assert np.abs(whole.frames - model.run(steps=8, guided=0.7).frames).max() > 1e-5
    kept = [event.step for event in whole.events if isinstance(event, StepEvent) and event.state is not None]
    assert kept == [1, 2, 3, 6, 8]
    for state in whole.states:
        assert np.array_equal(whole.frames, model.run(steps=8, cache="deep", guided=0.7, state=state).frames)


def test_of_the_adapters_repositories_only_what_is_read_is_fetched() -> None:
    lcm = ["README.md", "AnimateLCM_sd15_t2v.ckpt", "AnimateLCM_sd15_t2v_lora.safetensors", "config.json"]
    lcm += ["diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.safetensors"]
    assert checkpoints.needed(animatediff_weights.LCM.published, lcm) == [lcm[2], lcm[3], lcm[4]]
    lightning = [
        f"animatediff_lightning_{steps}step_{kind}.safetensors" for steps in (1, 4) for kind in ("comfyui", "diffusers")
    ]
    four = animatediff_weights.ADAPTERS["animatediff-lightning-4"].published
    assert checkpoints.needed(four, ["README.md", *lightning]) == [lightning[-1]]
