"""Muon for every weight matrix, AdamW for the rest: vectors, and the parameters of a group with `matrices=False`.

Muon orthogonalises the momentum of each matrix by a Newton-Schulz iteration (Keller Jordan et al. 2024,
kellerjordan.github.io/posts/muon); the update is scaled so that AdamW's learning rate fits (Liu et al. 2025,
arXiv:2502.16982, section 2.2). torch.optim.Muon takes no convolutions, which are most of a UNet.

An embedding is a table and no map: Muon moves all its rows together, and so makes words alike that are used alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch


def orthogonalise(matrices: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """The nearest semi-orthogonal matrices [n, rows, columns], roughly: singular values end in about [0.7, 1.2].

    In bf16, as in the original: the result needs no more digits, and a CPU takes less than half the time.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    transposed = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if transposed else matrices
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    out: torch.Tensor = (x.mT if transposed else x).to(matrices.dtype)
    return out


class Muon(torch.optim.Optimizer):
    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.01,
    ) -> None:
        defaults = dict(lr=lr, momentum=momentum, betas=betas, weight_decay=weight_decay, matrices=True)
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            by_shape: dict[tuple[int, int], list[torch.nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                if parameter.ndim >= 2 and group["matrices"]:
                    by_shape.setdefault((len(parameter), parameter[0].numel()), []).append(parameter)
                else:
                    parameter.sub_(self._adam_update(parameter, group), alpha=group["lr"])
            for shape, parameters in by_shape.items():
                momenta = torch.stack([self._momentum(parameter, group["momentum"]) for parameter in parameters])
                updates = orthogonalise(momenta) * (0.2 * max(shape) ** 0.5)
                for parameter, update in zip(parameters, updates, strict=True):
                    parameter.sub_(update.view_as(parameter), alpha=group["lr"])

    def _momentum(self, parameter: torch.nn.Parameter, momentum: float) -> torch.Tensor:
        grad, state = parameter.grad, self.state[parameter]
        assert grad is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(grad, 1 - momentum)
        return grad.lerp(state["momentum"], momentum).flatten(1)

    def _adam_update(self, parameter: torch.nn.Parameter, group: dict[str, tuple[float, float]]) -> torch.Tensor:
        grad, state = parameter.grad, self.state[parameter]
        assert grad is not None
        if not state:
            state["mean"], state["square"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
            state["step"] = torch.tensor(0.0)
        first, second = group["betas"]
        state["step"] += 1
        state["mean"].lerp_(grad, 1 - first)
        state["square"].lerp_(grad.square(), 1 - second)
        mean = state["mean"] / (1 - first ** state["step"])
        update: torch.Tensor = mean / ((state["square"] / (1 - second ** state["step"])).sqrt() + 1e-8)
        return update
