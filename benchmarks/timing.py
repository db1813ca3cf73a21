"""Seconds that work takes on a device, waited for: a GPU goes on when a call has long come back."""

import statistics
import time
from collections.abc import Callable

import torch


def seconds(work: Callable[[], object], device: str, *, steps: int = 1) -> float:
    """One call, the mean of `steps` after a first one: nobody pays for what the one before has left in the caches."""
    work()
    return _elapsed(work, device, steps)


def median_seconds(work: Callable[[], object], device: str, *, budget: float, most: int = 15) -> float:
    """One call, the median of `most` after two to warm up, or of so many as fit in the budget of seconds.

    Two are made in any case: the first compiles and chooses algorithms.
    """
    end = time.perf_counter() + budget
    found = [_elapsed(work, device, 1)]
    while len(found) < most + 2 and (len(found) == 1 or time.perf_counter() + found[-1] < end):
        found.append(_elapsed(work, device, 1))
    return statistics.median(found[2:] or found[1:])


def _elapsed(work: Callable[[], object], device: str, steps: int) -> float:
    _wait(device)
    start = time.perf_counter()
    for _ in range(steps):
        work()
    _wait(device)
    return (time.perf_counter() - start) / steps


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize(device)
