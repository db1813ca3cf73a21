"""Scores of one window under the worst errors of given sizes: bounds that are proven, and the farthest found."""

from collections.abc import Sequence
from math import nan

import numpy as np
import torch
from torch import Tensor

from fhr.errors import FHRError

from .certificates import rounding_of
from .error_certificates import members_moved
from .families import FAMILIES
from .kernel_bounds import kernel_bounds
from .reader import FeatureReader, NetworkReader, Reader
from .sensor_changes import with_error
from .threats import threat_of
from .traces import Traces

__all__ = ["worst_scores"]

_THREAT = "error_rms"
_STEPS = 8
_WAYS = ("lowest", "highest")


def worst_scores(
    reader: Reader, trace: Traces, sizes: Sequence[float], *, attacks: bool = True
) -> list[dict[str, float]]:
    """Probability and p-values of one window with an additive error of given sizes that moves them farthest.

    Probabilities and p-values are monotone in the score of every member, so that bounds of the scores bound them.

    Args:
        reader: of any model.
        trace: one window.
        sizes: bpm RMS.
        attacks: whether errors are looked for.

    Returns:
        A row a size, the first of none, with `size`, `probability`, `score`, `p_negative` and `p_positive`, of
        `certified` and `attacked`, each at its `lowest` and `highest` (`certified_lowest_score`, ...); NaN where
        nothing is known. In the order of the members' scores the p-value of the label is the least at the lowest, that
        of its absence at the highest.
    """
    scores = reader.scores(trace)
    plain = _judged(reader, scores)
    first = {f"{by}_{way}_{k}": x for by in ("certified", "attacked") for way in _WAYS for k, x in plain.items()}
    rows = [{"size": 0.0} | first]
    found = _attacked(reader, trace, sizes) if attacks and sizes else [None] * len(sizes)
    for size, both, bounds in zip(sizes, found, _bounds(reader, trace, scores, sizes), strict=True):
        row = {"size": float(size)}
        for by, pair in (("certified", bounds), ("attacked", both)):
            for k, way in enumerate(_WAYS):
                of = dict.fromkeys(plain, nan) if pair is None else _judged(reader, pair[k])
                row |= {f"{by}_{way}_{name}": value for name, value in of.items()}
        rows.append(row)
    return rows


def _judged(reader: Reader, scores: np.ndarray) -> dict[str, float]:
    """Of scores (member, 1)."""
    judged = reader.predictor.confidence.judge(scores)
    p = [nan, nan] if judged.p_values is None else judged.p_values[0]
    probability = nan if judged.probability is None else judged.probability[0]
    return {
        "score": float(judged.score[0]),
        "probability": float(probability),
        "p_negative": float(p[0]),
        "p_positive": float(p[1]),
    }


def _bounds(
    reader: Reader, trace: Traces, scores: np.ndarray, sizes: Sequence[float]
) -> list[tuple[np.ndarray, np.ndarray] | None]:
    """Lowest and highest scores (member, 1) of each size; None without a proof."""
    try:
        if isinstance(reader, FeatureReader):
            return [kernel_bounds(reader, trace, _THREAT, size) for size in sizes]
        assert isinstance(reader, NetworkReader)
        moved, rounding = members_moved(reader, trace), rounding_of(scores)
    except FHRError:
        return [None] * len(sizes)
    reach = [moved(np.array([size])) + rounding for size in sizes]
    return [(scores - one, scores + one) for one in reach]


def _attacked(reader: Reader, trace: Traces, sizes: Sequence[float]) -> list[tuple[np.ndarray, np.ndarray]]:
    """The lowest and highest scores (member, 1) found at each size, by the mean over the members."""
    end, way = torch.tensor(list(sizes) * 2), torch.tensor([-1.0, 1.0]).repeat_interleave(len(sizes))
    traces = trace.repeated(len(end))
    climb = _climbed if isinstance(reader, NetworkReader) else _combined
    best = climb(reader, traces, end, way)
    low, high = best[:, : len(sizes)], best[:, len(sizes) :]
    return [(low[:, [i]], high[:, [i]]) for i in range(len(sizes))]


def _climbed(reader: Reader, traces: Traces, size: Tensor, way: Tensor) -> np.ndarray:
    """Scores (member, m) of errors that follow the gradient up or down, by steps of the whole size."""
    assert isinstance(reader, NetworkReader)
    error, best = torch.zeros_like(traces.fhr), None
    for _ in range(_STEPS + 1):
        scores, gradient = reader.scores_and_gradient(traces, error, with_error)
        best = scores if best is None else _farther(scores, best, way)
        error = _of_rms(gradient.cpu() * (traces.measured > 0) * way[:, None], traces, size)
    assert best is not None
    return best


def _combined(reader: Reader, traces: Traces, size: Tensor, way: Tensor) -> np.ndarray:
    """Scores (member, m) of the best direction up and down, and of all weighted by what they gain."""
    family, one = FAMILIES[_THREAT](threat_of(_THREAT), traces[[0]]), traces[[0]]
    first = family.first(0)
    middle = torch.full((len(first),), float(size.median()), dtype=torch.float64)
    tried = family.change(one.repeated(len(first)), np.zeros(len(first), dtype=int), first, middle)
    start = reader.scores(one).mean(0)
    gain = torch.from_numpy(reader.scores(tried).mean(0) - start)
    best = np.repeat(reader.scores(one), len(size), axis=1)
    for sign in (-1.0, 1.0):
        weight = (sign * gain).clamp(min=0) @ (first - 0.5)
        summed = 0.5 + weight / weight.abs().max().clamp(min=1e-30) / 2
        rows = torch.nonzero(way == sign)[:, 0]
        for numbers in (summed, first[(sign * gain).argmax()]):
            given = numbers.expand(len(rows), -1)
            changed = family.change(traces[rows], np.zeros(len(rows), dtype=int), given, size[rows].double())
            best[:, rows] = _farther(reader.scores(changed), best[:, rows], way[rows])
    return best


def _farther(scores: np.ndarray, best: np.ndarray, way: Tensor) -> np.ndarray:
    return np.where((scores.mean(0) - best.mean(0)) * way.numpy() > 0, scores, best)


def _of_rms(error: Tensor, traces: Traces, size: Tensor) -> Tensor:
    number = (traces.measured > 0).sum(-1, keepdim=True).clamp(min=1)
    rms = (error.square().sum(-1, keepdim=True) / number).sqrt()
    return error * (size[:, None] / rms.clamp(min=1e-30))
