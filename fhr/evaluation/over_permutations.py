"""Audit and subgroups of a control: of the records whose signal was given, averaged over permutations."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t as student

from fhr.datasets import givers
from fhr.metrics import Interval, auroc

from .births_by_group import subgroups
from .shortcuts import shortcut_audit

__all__ = [
    "OverPermutations",
    "givers_by_repeat",
    "of_givers",
    "over_permutations",
    "permuted_audit",
    "permuted_groups",
]

_OF_SIGNALS = ("sensor", "stage 2 in the window")
"""Columns of `birth_groups` that go with the signal; how a child was delivered goes with its outcome."""


class OverPermutations(NamedTuple):
    """AUROC of a control over its permutations.

    Attributes:
        values: AUROC of each permutation, over its repeats.
        mean: over them; a model that learns nothing from nothing is near 0.5.
        standard_error: of the mean, NaN of a single permutation.
        standard_deviation: of one permutation: the spread of the null, which one run of a network stands beside.
        lowest: of them.
        highest: of them.
    """

    values: tuple[float, ...]
    mean: float
    standard_error: float
    standard_deviation: float
    lowest: float
    highest: float


def over_permutations(predictions: pd.DataFrame, permutations: Mapping[int, int]) -> OverPermutations:
    """AUROC of each permutation, summarised: mean, standard error, spread.

    The records are the same in all permutations, so that the standard error says how well these runs fix the mean for
    these records, not for other births.

    Args:
        predictions: of a control: columns repeat, label, score.
        permutations: seed of the permutation of each repeat, see `CrossValidation.permutations`.
    """
    areas = pd.Series({repeat: auroc(rows["label"], rows["score"]) for repeat, rows in _repeats(predictions)})
    values = areas.groupby([permutations[repeat] for repeat in areas.index], sort=False).mean().to_numpy()
    deviation = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    ends = float(values.min()), float(values.max())
    return OverPermutations(
        tuple(values.tolist()), float(values.mean()), deviation / sqrt(len(values)), deviation, *ends
    )


def givers_by_repeat(predictions: pd.DataFrame, permutations: Mapping[int, int]) -> dict[int, dict[str, str]]:
    """Giver of each record in each repeat.

    Args:
        predictions: of a control.
        permutations: seed of the permutation of each repeat, see `CrossValidation.permutations`.
    """
    return {
        repeat: givers(rows["name"].astype(str).tolist(), permutations[repeat])
        for repeat, rows in _repeats(predictions)
    }


def of_givers(values: pd.Series, giver: Mapping[str, str]) -> pd.Series:
    """Values by record, each of the record whose signal was given."""
    return values.loc[list(giver.values())].set_axis(list(giver))


def permuted_audit(
    predictions: pd.DataFrame, loss: pd.Series, by_repeat: Mapping[int, Mapping[str, str]]
) -> dict[str, Interval]:
    """`shortcut_audit` against the signal loss of the givers.

    Where every repeat has the same permutation, as a network has, intervals are over records. Where each has its own,
    values are means over permutations, and intervals 95% ones of these means.

    Args:
        predictions: of a control.
        loss: signal loss by record name, each its own.
        by_repeat: see `givers_by_repeat`.
    """
    if len(set(map(_as_key, by_repeat.values()))) == 1:
        return shortcut_audit(predictions, of_givers(loss, next(iter(by_repeat.values()))))
    each = [
        shortcut_audit(rows, of_givers(loss, by_repeat[repeat]), n_resamples=1)
        for repeat, rows in _repeats(predictions)
    ]
    return {name: _mean([one[name].value for one in each]) for name in each[0]}


def permuted_groups(
    predictions: pd.DataFrame, groups: pd.DataFrame, loss: pd.Series, by_repeat: Mapping[int, Mapping[str, str]]
) -> pd.DataFrame:
    """`subgroups` by sensor, stage 2 and signal loss of the givers; intervals as in `permuted_audit`.

    Over several permutations n and positives are means, rounded to a whole record, and so is `expected`, not rounded.
    """

    def made(giver: Mapping[str, str]) -> tuple[pd.DataFrame, pd.Series]:
        signals = {column: of_givers(groups[column], giver) for column in _OF_SIGNALS if column in groups}
        return groups.loc[list(giver)].assign(**signals), of_givers(loss, giver)

    if len(set(map(_as_key, by_repeat.values()))) == 1:
        return subgroups(predictions, *made(next(iter(by_repeat.values()))))
    each = pd.concat(subgroups(rows, *made(by_repeat[repeat]), n_resamples=1) for repeat, rows in _repeats(predictions))
    found = []
    for (grouping, group), rows in each.groupby(["grouping", "group"], sort=False):
        counts = (round(rows["n"].mean()), round(rows["positives"].mean()))
        reason = rows.loc[rows["auroc"].isna(), "reason"].max() if rows["auroc"].isna().all() else ""
        area = _mean(rows["auroc"].dropna().tolist())
        found.append((grouping, group, *counts, *area, reason, rows["expected"].mean()))
    return pd.DataFrame(found, columns=each.columns)


def _repeats(predictions: pd.DataFrame) -> list[tuple[int, pd.DataFrame]]:
    numbers = sorted({int(repeat) for repeat in predictions["repeat"]})
    return [(repeat, predictions[predictions["repeat"] == repeat]) for repeat in numbers]


def _as_key(giver: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(giver.items()))


def _mean(values: Sequence[float]) -> Interval:
    """Mean over permutations with its 95% interval, of Student's t; no interval of a single value."""
    known = np.array([value for value in values if np.isfinite(value)])
    if not known.size:
        return Interval(float("nan"), float("nan"), float("nan"))
    mean = float(known.mean())
    if known.size == 1:
        return Interval(mean, float("nan"), float("nan"))
    half = float(student.ppf(0.975, known.size - 1) * known.std(ddof=1) / sqrt(known.size))
    return Interval(mean, mean - half, mean + half)
