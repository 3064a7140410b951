"""The whole UNet against diffusers', what of it runs where, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import ttnn
from diffusers import DDIMScheduler, LCMScheduler, PNDMScheduler
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from torch.utils._python_dispatch import TorchDispatchMode
from ttnn.decorators import FastOperation

from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import Tokens
from support.tt_blocks import exact
from support.tt_unet import bundled, bundled_configs, other
from ttvideo.tt import boards
from ttvideo.tt.mock import golden
from ttvideo.tt.mock.report import captured
from ttvideo.tt.nn.config import UNetConfig
from ttvideo.tt.nn.recording import NotRecorded, Recording
from ttvideo.tt.nn.sampler import Held, Sampler, to_latents
from ttvideo.tt.nn.schedules import Step, steps_of
from ttvideo.tt.nn.unet import UNet, sinusoid

EXACT = 2e-4
CLIP = Tokens(2, 16, 8, 8)
STEPS = [Step(901.0, 0.9, 0.8, (0.3,), True, 0.1, (0.5, -0.5)), Step(501.0, 1.0, 0.7, (0.2, 0.1), False, 0.0, (1, 0))]


def compared(
    model: Any, config: UNetConfig, tokens: Tokens, weights: Parameters, length: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """[videos, channels, frames, height, width] by the device and by diffusers, of the second of two timesteps."""
    latents = exact(tokens.videos, model.config.in_channels, tokens.frames, tokens.height, tokens.width)
    text = exact(tokens.videos, length, model.config.cross_attention_dim, seed=1)
    timesteps = torch.tensor([901, 501])
    with torch.no_grad():
        expected = model(latents, timesteps[1], text.repeat_interleave(tokens.frames, 0)).sample
    unet = UNet(weights, config, tokens, length)
    table = unet.times(timesteps)
    row = ttnn.slice(table, (1, 0, 0, 0), (2, 1, 1, table.shape[3]))
    rows = latents.permute(0, 2, 3, 4, 1).reshape(1, 1, -1, latents.shape[1])
    x = weights.constant(rows, layout=ttnn.ROW_MAJOR_LAYOUT)
    return to_latents(unet(x, row, unet.read(text)), tokens), expected


@pytest.mark.parametrize("tokens", [CLIP, Tokens(1, 5, 8, 8), Tokens(3, 1, 8, 8), Tokens(1, 16, 4, 16)], ids=str)
def test_the_bundled_unet_is_diffusers_own(tokens: Tokens, mesh: Any) -> None:
    with golden.shadow(rounded=False):
        weights = Parameters(bundled().state_dict(), mesh)
        made, expected = compared(bundled(), UNetConfig.of(*bundled_configs()), tokens, weights, 32)
    assert (made - expected).abs().max() < EXACT


@pytest.mark.parametrize(("dtype", "good"), [(ttnn.bfloat16, 0.9998), (ttnn.bfloat8_b, 0.9994)], ids=str)
def test_the_bundled_unet_in_the_devices_precisions(
    dtype: Any, good: float, mesh: Any, tmp_path: Path, record_property: Any
) -> None:
    config, state = UNetConfig.of(*bundled_configs()), bundled().state_dict()
    with golden.shadow():
        made, expected = compared(bundled(), config, CLIP, Parameters(state, mesh, dtype, tmp_path), 32)
        # What is prepared once is read back the next time, and is the same.
        again, _ = compared(bundled(), config, CLIP, Parameters(OnlyWhatIsNotKept(state), mesh, dtype, tmp_path), 32)
    record_property("pcc", golden.pcc(made, expected))
    assert golden.pcc(made, expected) > good
    assert torch.equal(made, again)


class OnlyWhatIsNotKept(Mapping[str, torch.Tensor]):
    """A state dict in which the matrices cannot be read, but those of convolutions."""

    def __init__(self, state: Mapping[str, torch.Tensor]) -> None:
        self._state = state

    def __getitem__(self, name: str) -> torch.Tensor:
        weight = self._state[name]
        assert weight.ndim != 2, f"{name} is read from the checkpoint, and not from what was kept of it"
        return weight

    def __iter__(self) -> Iterator[str]:
        return iter(self._state)

    def __len__(self) -> int:
        return len(self._state)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "use_motion_mid_block": False,
            "use_linear_projection": True,
            "layers_per_block": 1,
            "transformer_layers_per_block": 2,
            "temporal_transformer_layers_per_block": 2,
        },
    ],
    ids=["as Stable Diffusion 1.5", "otherwise"],
)
def test_another_unet_is_diffusers_own(changes: dict[str, Any], mesh: Any) -> None:
    model = other(**changes)
    with golden.shadow(rounded=False):
        weights = Parameters(model.state_dict(), mesh)
        made, expected = compared(model, UNetConfig.of(model.config), Tokens(1, 4, 32, 32), weights, 77)
    assert (made - expected).abs().max() < EXACT


def test_timesteps_become_the_waves_that_diffusers_makes_of_them() -> None:
    timesteps = torch.tensor([999, 500, 1])
    assert torch.allclose(sinusoid(timesteps, 64), bundled().time_proj(timesteps))


class NoTorch(TorchDispatchMode):
    def __torch_dispatch__(self, function: Any, *_: Any) -> Any:
        raise AssertionError(f"torch computes {function}")


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Which of ttnn's operations are called, and which of its functions that bring tensors to the host and back."""
    names: Counter[str] = Counter()
    transfers = ("to", "cpu", "to_torch", "to_numpy", "to_list", "item")
    depth = 0

    def wrap(call: Any, name: Any) -> Any:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal depth
            names[name(args[0])] += not depth
            depth += 1
            try:
                return call(*args, **kwargs)
            finally:
                depth -= 1

        return wrapped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            FastOperation, "__call__", wrap(FastOperation.__call__, lambda op: op.python_fully_qualified_name[5:])
        )
        for method in transfers:
            patch.setattr(ttnn.Tensor, method, wrap(getattr(ttnn.Tensor, method), lambda _, method=method: method))
        yield names


@pytest.fixture(scope="module")
def sampler(mesh: Any) -> Sampler:
    """Of the bundled model, with guidance; without numbers."""
    unet = UNet(Parameters(bundled().state_dict(), mesh), UNetConfig.of(*bundled_configs()), CLIP, 32)
    return Sampler(unet, 3.0)


def test_no_step_computes_in_torch_or_reaches_for_the_host(sampler: Sampler) -> None:
    latents, text = exact(1, 24, 16, 8, 8), exact(2, 32, 128)
    held = Held(latents[:, :, :1], latents[:, :, :1], [(0.5, 0.5), (1.0, 0.0)])
    run = sampler.run(STEPS, text, latents, [latents], held)
    next(run)  # what is there before the loop, and weights that convolutions lay out at their first call
    with NoTorch(), counted() as names:  # type: ignore[no-untyped-call]
        next(run)
    assert names["conv2d"] > 0
    transfers = "from_torch as_tensor to_torch to_device from_device copy_host_to_device_tensor load_tensor"
    assert {name: names[name] for name in (*transfers.split(), *("to", "cpu", "to_numpy")) if names[name]} == {}


def test_no_operation_of_a_step_brings_anything_from_the_host_itself(sampler: Sampler, mesh: Any) -> None:
    """By ttnn's own account, which knows of what an operation does inside, too."""
    sampler.warm_up()  # a program that is new brings its tables
    run = sampler.run(STEPS, exact(2, 32, 128), exact(1, 24, 16, 8, 8), [exact(1, 24, 16, 8, 8)])
    next(run)
    with captured(mesh, boards.N150) as capture:
        next(run)
    assert capture.report.transfers == 0


def test_each_layer_of_diffusers_is_an_operation_of_the_device(sampler: Sampler) -> None:
    unet = sampler.unet
    kinds = Counter(type(module) for module in bundled().modules())
    attentions = [module for module in bundled().modules() if isinstance(module, Attention)]
    crossing = sum(module.is_cross_attention for module in attentions)
    table, texts = unet.times(torch.tensor([1])), unet.read(exact(2, 32, 128))
    x = unet.parameters.constant(torch.zeros(1, 1, CLIP.rows, 24), layout=ttnn.ROW_MAJOR_LAYOUT)
    with counted() as names:
        unet(x, table, texts)
    ones = [
        module for module in bundled().modules() if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (1, 1)
    ]
    times = 2 + sum(hasattr(module, "time_emb_proj") for module in bundled().modules())
    assert names["conv2d"] == kinds[torch.nn.Conv2d] - len(ones)
    assert names["group_norm"] == kinds[torch.nn.GroupNorm]
    assert names["layer_norm"] == kinds[torch.nn.LayerNorm]
    assert names["transformer.scaled_dot_product_attention"] == len(attentions)
    # Queries, keys and values are one product; of a text's keys and values and of the times there is none in a step;
    # the two halves of a gated layer are two.
    fused = 2 * len(attentions)
    assert names["linear"] == kinds[torch.nn.Linear] + len(ones) - fused - times + kinds[FeedForward]
    assert crossing > 0


def test_latents_between_steps_are_what_diffusers_makes_of_them(mesh: Any) -> None:
    """Two steps with guidance, fresh noise, an earlier output and a first frame that is given."""
    latents, noise, clean = (exact(1, 24, 4, 8, 8, seed=seed) for seed in range(3))
    text, factors = exact(2, 32, 128, seed=4), [(0.6, 0.4), (1.0, 0.0)]
    held = Held(clean[:, :, :1], noise[:, :, :1], factors)
    with golden.shadow(rounded=False):
        unet = UNet(Parameters(bundled().state_dict(), mesh), UNetConfig.of(*bundled_configs()), Tokens(2, 4, 8, 8), 32)
        states = list(Sampler(unet, 3.0).run(STEPS, text, latents, [noise], held))
        made = [(state.latents(), state.clean()) for state in states]
    x, kept = latents, None
    for step, (a, b), (after, seen) in zip(STEPS, factors, made, strict=True):
        with torch.no_grad():
            both = bundled()(torch.cat([x * step.scale] * 2), step.timestep, text.repeat_interleave(4, 0)).sample
        output = both[:1] + 3.0 * (both[1:] - both[:1])
        torch.testing.assert_close(seen, step.clean[0] * x + step.clean[1] * output, atol=1e-3, rtol=0)
        x = step.sample * x + step.outputs[0] * output + step.noise * noise
        if kept is not None:
            x = x + step.outputs[1] * kept
        x[:, :, :1] = a * clean[:, :, :1] + b * noise[:, :, :1]
        kept = output
        torch.testing.assert_close(after, x, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "scheduler", [DDIMScheduler(clip_sample=False), PNDMScheduler(skip_prk_steps=True), LCMScheduler()]
)
def test_a_recorded_step_replayed_is_the_step(scheduler: Any, mesh: Any) -> None:
    """With all that outlives a replay: latents, fresh noise, a given frame, and outputs that PNDM looks back at."""
    scheduler.set_timesteps(6)
    steps = steps_of(scheduler)
    latents, text = exact(1, 24, 4, 8, 8), exact(2, 32, 128, seed=4)
    noises = [exact(1, 24, 4, 8, 8, seed=number) for number, step in enumerate(steps) if step.noise]
    held = Held(latents[:, :, :1], latents[:, :, :1], [(0.5, 0.5)] * len(steps))

    def shown(sampler: Sampler, *, recorded: bool) -> torch.Tensor:
        states = sampler.run(steps, text, latents, noises, held, recorded=recorded)
        return torch.cat([torch.cat([state.latents(), state.clean()]) for state in states])

    with golden.shadow(rounded=False):
        unet = UNet(Parameters(bundled().state_dict(), mesh), UNetConfig.of(*bundled_configs()), Tokens(2, 4, 8, 8), 32)
        sampler = Sampler(unet, 3.0)
        sampler.warm_up()
        assert torch.equal(shown(sampler, recorded=True), shown(sampler, recorded=False))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Recording, "place", lambda _, x: x)
            with pytest.raises(golden.GoldenError, match="may have written over it"):
                shown(sampler, recorded=True)


def test_what_reaches_for_the_host_cannot_be_recorded(mesh: Any) -> None:
    with golden.shadow():
        x = Parameters({}, mesh).constant(exact(1, 1, 32, 32))
        with pytest.raises(NotRecorded, match="within a trace"):
            Recording(mesh, lambda x, _: ttnn.to_torch(x), x, x)


def test_what_cannot_be_computed_is_refused(mesh: Any) -> None:
    state, config = bundled().state_dict(), UNetConfig.of(*bundled_configs())
    with pytest.raises(ValueError, match="cannot be halved"):
        UNet(Parameters(state, mesh), config, Tokens(1, 16, 7, 8), 32)
    with pytest.raises(ValueError, match="32 frames at once, not 33"):
        UNet(Parameters(state, mesh), config, Tokens(1, 33, 8, 8), 32)
    with pytest.raises(ValueError, match="class_embedding"):
        UNet(Parameters(state | {"class_embedding.weight": torch.zeros(1)}, mesh), config, CLIP, 32)
    with pytest.raises(KeyError, match="conv_in"):
        UNet(Parameters({}, mesh), config, CLIP, 32)
    with pytest.raises(ValueError, match="act_fn = 'gelu'"):
        UNetConfig.of(bundled_configs()[0] | {"act_fn": "gelu"}, bundled_configs()[1])
