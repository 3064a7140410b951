"""The motion module in PyTorch against diffusers', from files of both kinds, alone and in a UNet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D
from PIL import Image
from safetensors.torch import save_file

from animatediff_ttnn import (
    AnimateDiffError,
    AnimateDiffPipeline,
    checkpoint,
    inject_motion_modules,
    load_animatediff_weights,
    temporal_attention_torch,
)
from animatediff_ttnn.checkpoint import Checkpoint
from animatediff_ttnn.measure import frame_correlation, frame_difference
from support.motion_files import PLACES, checkpoint_of_makers
from ttvideo.families.tiny import FOLDER as BUNDLED
from ttvideo.media import ffmpeg

MOTION = str(BUNDLED / "motion_adapter")
EXACT = 1e-5
VIDEOS, FRAMES, SIDE = 2, 16, 4


def bundled(dim: int = 64, **about: Any) -> AnimateDiffPipeline:
    return AnimateDiffPipeline(load_animatediff_weights(MOTION, dim, 2, **about))


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def by_diffusers(pipeline: AnimateDiffPipeline, hidden: torch.Tensor) -> torch.Tensor:
    weights = pipeline.weights
    module = AnimateDiffTransformer3D(
        weights.num_heads,
        weights.dim // weights.num_heads,
        in_channels=weights.dim,
        norm_num_groups=weights.norm_groups,
        positional_embeddings="sinusoidal",
        num_positional_embeddings=weights.max_frames,
    )
    module.load_state_dict(dict(weights.state))
    with torch.no_grad():
        made: torch.Tensor = module(hidden.permute(0, 3, 1, 2), num_frames=FRAMES).permute(0, 2, 3, 1)
    return made


def difference(pipeline: AnimateDiffPipeline) -> float:
    hidden = noise(VIDEOS * FRAMES, SIDE, SIDE, pipeline.weights.dim)
    made = pipeline.apply_temporal_coherence(hidden, FRAMES)
    assert made.shape == hidden.shape
    return float((made - by_diffusers(pipeline, hidden)).abs().max())


@pytest.mark.parametrize("place", Checkpoint(MOTION).widths())
def test_every_bundled_module_computes_what_diffusers_computes(place: str) -> None:
    pipeline = bundled(Checkpoint(MOTION).widths()[place], module=place)
    assert pipeline.weights.place == place
    hidden = noise(VIDEOS * FRAMES, SIDE, SIDE, pipeline.weights.dim)
    expected = by_diffusers(pipeline, hidden)
    made = pipeline.apply_temporal_coherence(hidden, FRAMES)
    # The bundled model's last modules have outputs of some hundreds.
    assert float((made - expected).abs().max()) < EXACT * max(1, float(expected.abs().max()))


def without_positions(pipeline: AnimateDiffPipeline) -> None:
    own = pipeline.weights.state
    zeroed = {name: torch.zeros_like(pe) for name, pe in own.items() if name.endswith("pos_embed.pe")}
    pipeline.weights.state = {**own, **zeroed}


def with_frames_shuffled(pipeline: AnimateDiffPipeline) -> None:
    order = torch.randperm(FRAMES, generator=torch.Generator().manual_seed(1))
    own = pipeline.weights.state
    moved = {name: pe[:, order] for name, pe in own.items() if name.endswith("pos_embed.pe")}
    pipeline.weights.state = {**own, **moved}


@pytest.mark.parametrize("mutate", [without_positions, with_frames_shuffled])
def test_the_comparison_sees_another_order_of_frames(mutate: Callable[[AnimateDiffPipeline], None]) -> None:
    hidden = noise(VIDEOS * FRAMES, SIDE, SIDE, 64)
    pipeline = bundled(max_frames=FRAMES)
    expected = by_diffusers(pipeline, hidden)
    mutate(pipeline)
    made = pipeline.apply_temporal_coherence(hidden, FRAMES)
    assert float((made - expected).abs().max()) > 1000 * EXACT


def test_all_modules_in_a_unet_compute_what_the_unet_with_motion_computes() -> None:
    unet = UNet2DConditionModel.from_pretrained(BUNDLED / "unet")
    moving = UNetMotionModel.from_unet2d(unet, MotionAdapter.from_pretrained(MOTION))
    video, text = noise(1, unet.config.in_channels, 8, 8, 8), noise(8, 10, unet.config.cross_attention_dim)
    frames = video.permute(0, 2, 1, 3, 4).flatten(0, 1)
    with torch.no_grad():
        expected = moving(video, 5, text).sample.permute(0, 2, 1, 3, 4).flatten(0, 1)
        still = unet(frames, 5, text).sample
        hooks = inject_motion_modules(unet, MOTION, num_frames=8, num_heads=2)
        made = unet(frames, 5, text).sample
        for hook in hooks:
            hook.remove()
        assert torch.equal(unet(frames, 5, text).sample, still)
    assert float((still - expected).abs().max()) > 0.1
    torch.testing.assert_close(made, expected, atol=2 * EXACT, rtol=EXACT)


def test_modules_of_another_unet_are_refused_and_leave_it_as_it_was() -> None:
    with pytest.raises(AnimateDiffError, match=r"The UNet has no down_blocks\.0"):
        inject_motion_modules(torch.nn.Linear(1, 1), MOTION, num_frames=8, num_heads=2)
    unet = UNet2DConditionModel.from_pretrained(BUNDLED / "unet")
    unet.mid_block = torch.nn.Identity()
    with pytest.raises(AnimateDiffError, match="The UNet has no mid_block"):
        inject_motion_modules(unet, MOTION, num_frames=8, num_heads=2)
    assert not any(layer._forward_hooks for layer in unet.modules())


def test_a_checkpoint_is_read_once_for_all_its_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The published one has 1.8 GB and 21 modules."""
    read: list[Path] = []
    real = checkpoint._tensors

    def counted(file: Path) -> dict[str, torch.Tensor]:
        read.append(file)
        return real(file)

    monkeypatch.setattr(checkpoint, "_tensors", counted)
    unet = UNet2DConditionModel.from_pretrained(BUNDLED / "unet")
    assert len(inject_motion_modules(unet, MOTION, num_frames=8, num_heads=2)) == 7
    assert len(read) == 1


def test_a_folder_may_have_the_half_precision_file_only(tmp_path: Path) -> None:
    state = {f"{PLACES[0]}.{name}": tensor.clone() for name, tensor in bundled().weights.state.items()}
    save_file(state, tmp_path / "diffusion_pytorch_model.fp16.safetensors")
    assert load_animatediff_weights(str(tmp_path), 64, 2).place == PLACES[0]


@pytest.mark.parametrize("name", sorted(load_animatediff_weights(MOTION, 64, 2).state))
def test_a_weight_that_is_missing_is_named(name: str, tmp_path: Path) -> None:
    state = {f"{PLACES[0]}.{key}": tensor.clone() for key, tensor in bundled().weights.state.items() if key != name}
    save_file(state, tmp_path / "mm.safetensors")
    # Without the norm's weight, by which modules are known, there is no module.
    said = "holds no motion modules" if name == "norm.weight" else f"lacks {name}."
    with pytest.raises(AnimateDiffError, match=said):
        load_animatediff_weights(str(tmp_path / "mm.safetensors"), 64, 2)


def test_frames_come_to_have_something_in_common_and_their_places_set_them_apart() -> None:
    hidden = noise(FRAMES, 16, 16, 64)
    together = bundled().apply_temporal_coherence(hidden, FRAMES)
    alone = bundled().apply_temporal_coherence(hidden, 1)
    assert abs(frame_correlation(hidden)) < 0.02
    # What is added to every frame alike makes them alike; alone, all of them are at the first place in time.
    assert 0.1 < frame_correlation(together) < frame_correlation(alone) - 0.1
    assert frame_difference(together) > frame_difference(hidden)


def test_a_change_in_one_frame_reaches_all_others() -> None:
    hidden = noise(FRAMES, SIDE, SIDE, 64)
    other = hidden.clone()
    other[5] = -other[5]
    together, alone = (
        [bundled().apply_temporal_coherence(each, seen) for each in (hidden, other)] for seen in (FRAMES, 1)
    )
    assert (together[0] - together[1]).abs().amax((1, 2, 3)).min() > 1000 * EXACT
    assert [n for n in range(FRAMES) if not torch.allclose(alone[0][n], alone[1][n], atol=EXACT)] == [5]


def test_a_file_with_the_makers_names_has_diffusers_weights(tmp_path: Path) -> None:
    state = checkpoint_of_makers(width=64, heads=2)
    torch.save({"state_dict": state}, tmp_path / "mm.ckpt")
    save_file({name: tensor.clone() for name, tensor in state.items()}, tmp_path / "mm.safetensors")
    ckpt, safetensors = Checkpoint(tmp_path / "mm.ckpt"), Checkpoint(tmp_path / "mm.safetensors")
    assert tuple(ckpt.modules) == tuple(safetensors.modules) == PLACES
    weights = load_animatediff_weights(str(tmp_path / "mm.ckpt"), 64, 2, 32)
    assert weights.state.keys() == bundled().weights.state.keys()
    assert difference(AnimateDiffPipeline(weights)) < EXACT


class Harmful:
    def __reduce__(self) -> Any:
        return print, ("run as it was read",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no motion module at"),
        (b"no weights", "is broken, or holds more than weights"),
        (Harmful(), "is broken, or holds more than weights"),
        ({"down_blocks.0.attentions.0.weight": torch.zeros(1)}, "holds no motion modules"),
    ],
    ids=["none", "bytes", "program", "another model"],
)
def test_what_is_no_checkpoint_is_told(content: Any, said: str, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "mm.ckpt"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    with pytest.raises(AnimateDiffError, match=said) as error:
        load_animatediff_weights(str(file))
    assert error.value.hint.endswith(".")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"dim": 320}, "There is no module of 320 channels. There are: down_blocks.0"),
        (
            {"module": "mid_block.motion_modules.0"},
            "There is no module called mid_block.motion_modules.0 of 64 channels.",
        ),
        ({"num_heads": 8}, "These modules have not 8 heads. Give num_heads=2"),
        ({"max_frames": 33}, "positions for 32 frames, not 33. Give max_frames=32 or less."),
    ],
    ids=str,
)
def test_numbers_that_are_not_the_checkpoints_are_told(about: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"dim": 64, "num_heads": 2, **about}
    with pytest.raises(AnimateDiffError) as error:
        load_animatediff_weights(MOTION, **given)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("shape", "frames", "said"),
    [
        ((16, 64, 64, 16), 16, "A motion module of 64 channels cannot see 16 channels."),
        ((16, 4, 64), 16, "Hidden states have four dimensions here, not 3."),
        ((25, 4, 4, 64), 25, "The module has positions for 24 frames, not 25."),
        ((6, 4, 4, 64), 4, "6 pictures are no whole videos of 4 frames."),
    ],
    ids=str,
)
def test_what_a_module_cannot_see_is_told(shape: tuple[int, ...], frames: int, said: str) -> None:
    with pytest.raises(AnimateDiffError) as error:
        bundled().apply_temporal_coherence(torch.zeros(shape), frames)
    assert error.value.message == said


def test_latents_are_told_the_right_way() -> None:
    with pytest.raises(AnimateDiffError, match=r"inside the UNet of Stable Diffusion 1\.5.*inject_motion_modules"):
        temporal_attention_torch(torch.zeros(16, 16, 4), bundled().weights, 16)


def test_latents_are_the_same_for_the_same_generator() -> None:
    shape = (2, 3, 4, 5, 6, torch.float16, torch.device("cpu"))
    made = [bundled().prepare_video_latents(*shape, torch.Generator().manual_seed(1)) for _ in range(2)]
    assert made[0].shape == (6, 4, 5, 6)
    assert made[0].dtype == torch.float16
    assert torch.equal(*made)


FRAMES_TO_SHOW = [Image.new("RGB", (33, 32), (20 * number, 90, 40)) for number in range(7)]


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "h264"), ("webm", "vp9"), ("MP4", "h264")])
def test_a_video_has_its_frames(ending: str, codec: str, tmp_path: Path) -> None:
    import subprocess

    file = tmp_path / "made" / f"clip.{ending}"
    bundled().export_video(FRAMES_TO_SHOW, str(file), fps=7)
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    argv = [ffmpeg.executable(), "-i", str(file), "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    assert codec in said
    assert "yuv420p" in said
    assert "34x32" in said
    assert "frame=    7" in said
    if codec == "h264":
        content = file.read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(("loop", "written"), [(0, 0), (1, None), (3, 2)])
def test_a_gif_has_its_frames_and_repeats(loop: int, written: int | None, tmp_path: Path) -> None:
    file = tmp_path / "clip.gif"
    bundled().export_video(FRAMES_TO_SHOW, str(file), fps=7, loop=loop)
    shown = 0
    with Image.open(file) as opened:
        gif: Any = opened
        assert gif.n_frames == 7
        assert gif.info.get("loop") == written
        for number in range(7):
            gif.seek(number)
            shown += gif.info["duration"]
    assert shown == 1000


@pytest.mark.parametrize(
    ("frames", "name", "fps", "said"),
    [
        (FRAMES_TO_SHOW, "clip.avi", 8, "'.avi' is no format"),
        ([], "clip.gif", 8, "A video needs frames"),
        ([*FRAMES_TO_SHOW, Image.new("RGB", (8, 8))], "clip.gif", 8, "all of one size"),
        (FRAMES_TO_SHOW, "clip.gif", 0, "0 frames a second"),
    ],
)
def test_what_cannot_be_a_video_is_told(frames: list[Any], name: str, fps: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(AnimateDiffError, match=said):
        bundled().export_video(frames, str(tmp_path / name), fps=fps)
    assert list(tmp_path.glob("clip*")) == []
