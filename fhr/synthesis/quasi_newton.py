"""Limited-memory BFGS for many problems at once, each with its own curvature, step and end."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Minimum", "minimise"]

MEMORY = 10  # steps that the curvature is taken from
ENOUGH = 1e-4  # of the decrease that the slope promises
TRIES = 12  # of a step's length
CURVED = 1e-10  # cosine between a step and the change of the gradient, below which they tell no curvature

Objective = Callable[[Tensor, Tensor], Tensor]


class Minimum(NamedTuple):
    """Points (problem, number) found, their losses, those of the start, and the steps taken, each (problem,)."""

    point: Tensor
    loss: Tensor
    first_loss: Tensor
    iterations: Tensor


def minimise(objective: Objective, start: Tensor, *, tolerance: float, max_iterations: int) -> Minimum:
    """Minimise several functions at once, each until its loss is small beside that of its start.

    `torch.optim.LBFGS` takes all numbers for one problem: one length of a step and one end for a whole batch.

    Args:
        objective: losses (k,) of points (k, number), given which k of the problems they belong to, (k,) indices.
        start: (problem, number).
        tolerance: a problem ends once its loss is at most this part of its first one.
        max_iterations: steps at most; a problem also ends where no step along its direction helps.

    Source:
        Nocedal 1980, Math. Comput. 35:773-782, doi:10.1090/S0025-5718-1980-0572855-7.
    """
    x = start.clone()
    active = torch.arange(len(x), device=x.device)
    loss, gradient = _evaluated(objective, x, active)
    first, iterations = loss.clone(), torch.zeros_like(active)
    steps: list[Tensor] = []
    changes: list[Tensor] = []
    for _ in range(max_iterations):
        active = active[loss[active] > tolerance * first[active]]
        if not len(active):
            break
        at, slope = x[active], gradient[active]
        direction = -_curved(slope, [s[active] for s in steps], [y[active] for y in changes])
        length = torch.ones_like(loss[active]) if steps else 1 / slope.norm(dim=-1).clamp_min(1.0)
        point, value, new = _searched(objective, active, at, loss[active], slope, direction, length)
        step, change = torch.zeros_like(x), torch.zeros_like(x)
        step[active], change[active] = point - at, new - slope
        steps, changes = [*steps, step][-MEMORY:], [*changes, change][-MEMORY:]
        moved = value < loss[active]
        x[active], loss[active], gradient[active] = point, value, new
        active = active[moved]
        iterations[active] += 1
    return Minimum(x, loss, first, iterations)


def _evaluated(objective: Objective, x: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        loss = objective(x, which)
        (gradient,) = torch.autograd.grad(loss.sum(), x)
    return loss.detach(), gradient.contiguous()  # a constant one may be a single number, expanded


def _curved(gradient: Tensor, steps: list[Tensor], changes: list[Tensor]) -> Tensor:
    """The inverse of the curvature, as the last steps show it, times the gradient."""
    result, scale = gradient, torch.ones_like(gradient[:, :1])
    weights, shares = [], []
    for step, change in zip(steps, changes, strict=True):
        curvature = (step * change).sum(-1, keepdim=True)
        told = curvature > CURVED * step.norm(dim=-1, keepdim=True) * change.norm(dim=-1, keepdim=True)
        weights.append(torch.where(told, 1 / curvature, 0.0))
        scale = torch.where(told, curvature / change.square().sum(-1, keepdim=True), scale)
    for step, change, weight in zip(reversed(steps), reversed(changes), reversed(weights), strict=True):
        shares.append(weight * (step * result).sum(-1, keepdim=True))
        result = result - shares[-1] * change
    result = scale * result
    for step, change, weight, share in zip(steps, changes, weights, reversed(shares), strict=True):
        result = result + step * (share - weight * (change * result).sum(-1, keepdim=True))
    return result


def _searched(
    objective: Objective, which: Tensor, at: Tensor, loss: Tensor, slope: Tensor, direction: Tensor, length: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Points along the directions with their losses and gradients; the start where no length is good enough."""
    promised = (direction * slope).sum(-1)
    uphill = ~(promised < 0)
    direction = torch.where(uphill[:, None], -slope, direction)
    promised = torch.where(uphill, -slope.square().sum(-1), promised)
    point, value, gradient = at.clone(), loss.clone(), slope.clone()
    todo = torch.arange(len(at), device=at.device)
    for _ in range(TRIES):
        tried = at[todo] + length[todo, None] * direction[todo]
        found, new = _evaluated(objective, tried, which[todo])
        expected = length[todo] * promised[todo]
        good = found <= loss[todo] + ENOUGH * expected
        done = todo[good]
        point[done], value[done], gradient[done] = tried[good], found[good], new[good]
        # Where the parabola through both losses and the slope has its minimum.
        shorter = -expected / (2 * (found - loss[todo] - expected))
        length[todo] *= torch.where(shorter.isfinite(), shorter, 0.1).clamp(0.1, 0.5)
        todo = todo[~good]
        if not len(todo):
            break
    return point, value, gradient
