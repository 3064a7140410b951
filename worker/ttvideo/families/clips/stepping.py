"""Follows the denoising loop inside a call of a diffusers pipeline, and lets the loop go on at a kept step."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load, save

from ttvideo.contract import Phase
from ttvideo.families.family import OnEvent, PhaseEvent, StepEvent, WithinEvent

if TYPE_CHECKING:
    from ttvideo.families.family import Pixels


@dataclass(frozen=True)
class Kept:
    """What is left of a loop after `step` steps: what the scheduler gave, what it remembers, and the random state."""

    step: int
    given: tuple[torch.Tensor, ...]
    scheduler: dict[str, Any]
    random: torch.Tensor

    def dump(self) -> bytes:
        tensors = {f"given.{number}": tensor for number, tensor in enumerate(self.given)} | {"random": self.random}

        def plain(name: str, value: Any) -> Any:
            """JSON that names its tensors."""
            if isinstance(value, torch.Tensor):
                tensors[name] = value
                return {"tensor": name}
            if isinstance(value, list):
                return [plain(f"{name}.{number}", one) for number, one in enumerate(value)]
            return value

        about: dict[str, Any] = {"step": self.step, "given": len(self.given)}
        about["scheduler"] = {name: plain(name, value) for name, value in self.scheduler.items()}
        tensors["about"] = torch.tensor(list(json.dumps(about).encode()), dtype=torch.uint8)
        # Copies: two names may stand for one tensor, which the format refuses.
        data: bytes = save({name: tensor.cpu().clone().contiguous() for name, tensor in tensors.items()})
        return data

    @staticmethod
    def restore(data: bytes, device: Any) -> Kept:
        tensors = load(data)
        about = json.loads(bytes(tensors["about"].tolist()))

        def real(value: Any) -> Any:
            if isinstance(value, dict):
                tensor = tensors[value["tensor"]]
                return tensor.to(device) if tensor.ndim else tensor
            return [real(one) for one in value] if isinstance(value, list) else value

        given = tuple(tensors[f"given.{number}"].to(device) for number in range(about["given"]))
        scheduler = {name: real(value) for name, value in about["scheduler"].items()}
        return Kept(about["step"], given, scheduler, tensors["random"])


class Result(tuple[Any, ...]):
    """What a denoiser or scheduler returns, however it is asked: by index or by name."""

    @property
    def sample(self) -> Any:
        return self[0]

    prev_sample = sample


class Stepping:
    """Around one call of `pipe`. What all pipelines have in common is enough for it: in each step they call a denoiser,
    once or several times, and then `scheduler.step`.

    A loop that goes on at a kept step is the same call once more, from the same seed: as far as the kept step the
    denoiser is not asked and the scheduler passes by, then what was kept takes the place of what the loop has.
    """

    def __init__(
        self,
        pipe: Any,
        denoisers: Sequence[Any],
        blocks: Callable[[Any], Sequence[Any]],
        forwards: int,
        generator: torch.Generator,
        on_event: OnEvent,
        preview: Callable[[torch.Tensor], Pixels],
        kept: Kept | None,
        keeps: Callable[[int], bool] = lambda step: True,
        *,
        compiles: bool = False,
    ) -> None:
        """`blocks` gives the parts of a denoiser that run one after the other, `forwards` is how often a step asks it.

        `preview` makes pictures of what the scheduler works on, without noise. `keeps` says after which number of steps
        the state is all that the next step needs. With `compiles` the denoiser is compiled when it is first asked.
        """
        self._pipe, self._denoisers, self._generator, self._on_event = pipe, denoisers, generator, on_event
        self._preview, self._kept, self._keeps, self._compiles = preview, kept, keeps, compiles
        self._blocks = [block for denoiser in denoisers for block in blocks(denoiser)]
        self._in_a_step = max(1, forwards * len(self._blocks) // len(denoisers))
        self._index, self._part = 0, 0
        self._begun = False
        self._before: dict[str, Any] = {}
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Stepping:
        for denoiser in self._denoisers:
            self._replace(denoiser, "forward", partial(self._forward, denoiser, denoiser.forward))
        scheduler = self._pipe.scheduler
        self._signature = inspect.signature(scheduler.step)
        # Pipelines look at the parameters of `step` before they hand it their generator.
        self._replace(scheduler, "step", update_wrapper(partial(self._step, scheduler.step), scheduler.step))
        for block in self._blocks:
            self._undo.append(block.register_forward_pre_hook(self._block).remove)
        return self

    def __exit__(self, *exception: object) -> None:
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, by: Any) -> None:
        had = owner.__dict__.get(name)
        # Not by setattr: some of diffusers' pipelines and models watch it.
        owner.__dict__[name] = by

        def undo() -> None:
            if had is None:
                del owner.__dict__[name]
            else:
                owner.__dict__[name] = had

        self._undo.append(undo)

    @property
    def _skips(self) -> bool:
        return self._kept is not None and self._index < self._kept.step

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._before = dict(vars(self._pipe.scheduler))
            self._denoising()

    def _denoising(self) -> None:
        self._on_event(PhaseEvent(Phase.DENOISING, total=self._pipe.num_timesteps))

    def _forward(self, denoiser: Any, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._begin()
        if not self._skips:
            return self._asked(original, *args, **kwargs)
        inputs = kwargs["hidden_states"] if "hidden_states" in kwargs else kwargs.get("sample", *args[:1])
        shape = list(inputs.shape)
        config = denoiser.config
        channels = config.get("out_channels") or config.in_channels
        if channels != config.in_channels:
            shape[shape.index(config.in_channels)] = channels
        return Result((inputs.new_zeros(shape),))

    def _asked(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._compiles:
            return original(*args, **kwargs)
        self._on_event(PhaseEvent(Phase.COMPILING))
        given = original(*args, **kwargs)
        self._compiles = False
        self._denoising()
        if self._index:
            self._on_event(StepEvent(self._index, self._pipe.num_timesteps))
        return given

    def _block(self, *_: object) -> None:
        self._on_event(WithinEvent(min(1.0, self._part / self._in_a_step)))
        self._part += 1

    def _step(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._begin()
        asked = self._signature.bind(*args, **kwargs).arguments
        scheduler, total = self._pipe.scheduler, self._pipe.num_timesteps
        skipped = self._skips
        self._index, self._part = self._index + 1, 0
        if skipped:
            assert self._kept is not None
            if self._index < self._kept.step:
                return Result((asked["sample"],) * 2)
            vars(scheduler).update(self._kept.scheduler)
            self._generator.set_state(self._kept.random)
            result, clean = Result(self._kept.given), None
        else:
            clean = predicted(scheduler, **{name: asked[name] for name in ("model_output", "timestep", "sample")})
            result = original(*args, **kwargs)
        index, given = self._index, _tensors(result)

        def state() -> bytes:
            return Kept(index, given, self._remembered(), self._generator.get_state()).dump()

        self._on_event(
            StepEvent(
                index,
                total,
                preview=None if clean is None else lambda: self._preview(clean()),
                state=state if index == total or self._keeps(index) else None,
            )
        )
        return result

    def _remembered(self) -> dict[str, Any]:
        """What changes in the scheduler from step to step: not its tables, which every call makes anew."""
        return {
            name: value
            for name, value in vars(self._pipe.scheduler).items()
            if name != "step"
            and (value is None or isinstance(value, bool | int | float | str | list | torch.Tensor))
            and (isinstance(value, list) or value is not self._before.get(name))
        }


def _tensors(result: Any) -> tuple[torch.Tensor, ...]:
    values = result if isinstance(result, tuple) else (result.prev_sample,)
    return tuple(value for value in values if isinstance(value, torch.Tensor))


def predicted(
    scheduler: Any, model_output: torch.Tensor, timestep: Any, sample: torch.Tensor
) -> Callable[[], torch.Tensor]:
    """How to get the sample without noise that a model's output stands for, before the scheduler takes its step.

    By what the model predicts: a velocity between noise and sample (flow matching), the noise, or v (Salimans and Ho,
    Progressive Distillation, 2022).
    """
    config: Any = scheduler.config
    sigmas: Any = getattr(scheduler, "sigmas", None)
    kind = config.get("prediction_type", "flow_prediction")
    if kind == "flow_prediction":
        index = scheduler.step_index
        index = scheduler.index_for_timestep(timestep) if index is None else index
        # The last sigma is that of clean samples: 0, or 1 where they are counted the other way (Mochi).
        sigma = sigmas[index]
        return lambda: sample.float() + (sigmas[-1] - sigma) * model_output.float()
    share = scheduler.alphas_cumprod[int(timestep)]
    signal, noise = share.sqrt(), (1 - share).sqrt()
    if type(scheduler).__name__.startswith("Euler"):
        # These work on samples that are larger by as much as there is noise in them.
        index = scheduler.step_index
        index = scheduler.index_for_timestep(timestep) if index is None else index
        scaled = sample / (sigmas[index] ** 2 + 1).sqrt()
    else:
        scaled = sample
    if kind == "v_prediction":
        return lambda: signal * scaled.float() - noise * model_output.float()
    return lambda: (scaled.float() - noise * model_output.float()) / signal
