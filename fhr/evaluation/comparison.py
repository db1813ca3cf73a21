"""Paired comparison of models that predicted the same records in the same folds."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fhr.errors import FHRError, SplitError
from fhr.metrics import (
    auprc,
    auroc,
    brier,
    brier_skill,
    calibration_intercept,
    calibration_slope,
    holm,
    resampled,
    sensitivity_at_specificity,
    tpr_at_fpr,
)
from fhr.metrics.resampling import Metric, interval_of

from .repeats import Repeats, whole_repeats
from .training_variance import spread_of, widened

__all__ = ["COMPARED", "METRICS", "compare"]

METRICS: dict[str, tuple[Metric, str]] = {
    "auroc": (auroc, "scores"),
    "auprc": (auprc, "scores"),
    "sensitivity_at_90_specificity": (partial(sensitivity_at_specificity, specificity=0.9), "scores"),
    **{f"tpr_at_{k:02d}_fpr": (partial(tpr_at_fpr, fpr=k / 100), "scores") for k in (5, 10, 15, 20)},
    "brier": (brier, "probabilities"),
    "brier_skill": (brier_skill, "probabilities"),
    "calibration_slope": (calibration_slope, "probabilities"),
    "calibration_intercept": (calibration_intercept, "probabilities"),
}
"""What can be compared, by name: the metric, and whether it is taken on the scores or on the probabilities."""

_log = logging.getLogger(__name__)

COMPARED = ("auroc", "auprc", "brier", "sensitivity_at_90_specificity", "calibration_slope")


def compare(
    models: Mapping[str, pd.DataFrame],
    metrics: Sequence[str] = COMPARED,
    *,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Each model against the first: difference of every metric, its paired interval, and whether it could be chance.

    A metric is computed on the pooled folds of each repeat and averaged over the repeats that the model has. One draw
    of records serves all models, so that what makes the records easy or hard for both cancels in the difference d.

    The question is whether one procedure, trained once, does better than the other, also on other records. So interval
    and p hold two variances: that over records, from the bootstrap, and that of training, from the repeats that both
    models have; `fhr.evaluation.training_variance.Spread` says how they add up, and why the second is not divided by
    the number of repeats. Draws are widened to the total standard error. With B draws on which both metrics are
    defined,

        p = min(1, 2 min(1 + #{d <= 0}, 1 + #{d >= 0}) / (B + 1)),

    the level at which the percentile interval begins to hold 0. `p_holm` is p after Holm's step-down over the models,
    metric by metric: name the metric that decides beforehand, the others describe. A calibration slope is best at 1,
    so that its difference alone does not say which model is better.

    `detectable` is the smallest true difference that these records, and trainings that differ as these do, would show
    with 80% power at the two-sided level 1 - `confidence`: that nothing was found says nothing about smaller ones. Fits
    of one fold are compared on its records alone, and each fit with another seed is a repeat. A single repeat says
    nothing of training: interval, p and `detectable` then hold for the trained models as they are, and `note` and a
    warning say so.

    Args:
        models: out-of-fold predictions by the name of the model, two or more; columns name, repeat, fold, label,
            score, probability. The numbers of repeats may differ.
        metrics: names of `METRICS`.
        n_resamples: number of resamples.
        confidence: of the intervals, in (0, 1).
        seed: of the resamples.

    Returns:
        One row a metric and model: metric, model, value, against, against_value, difference (value - against_value),
        low, high, p, p_holm; then detectable, sd_records (bootstrap standard deviation of the difference over records),
        sd_training (standard deviation of the difference between repeats), value_sd and against_sd (that of each
        model's metric), repeats (that both models have), note. A metric that is undefined on a model (a constant score,
        one class) has NaN; so has a standard deviation of a single repeat.

    Raises:
        SplitError: other records, labels or folds than the first model has, no repeat in common; a record that is
            missing from a repeat or there twice.
        OutcomeError: labels that are not 0 or 1.
        FHRError: fewer than two models, an unknown metric, scores that are not finite.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 15; Holm 1979, Scand. J. Statist.
        6:65.
    """
    if len(models) < 2:
        raise FHRError(f"{len(models)} model to compare; give two or more, the first to compare the others with")
    if unknown := [name for name in metrics if name not in METRICS]:
        raise FHRError(f"metric {unknown[0]!r} is not compared; choose from {', '.join(METRICS)}")
    repeats = {name: whole_repeats(table, model=name) for name, table in models.items()}
    first, *others = repeats
    for name in others:
        _same_records(first, repeats[first], name, repeats[name])
    rows: list[dict[str, Any]] = []
    for metric in metrics:
        function, column = METRICS[metric]
        values, draws = {}, {}  # one row a repeat
        for name, model in repeats.items():
            scores = getattr(model, column)
            values[name] = np.array([function(model.labels, row) for row in scores])
            draws[name] = resampled(function, model.labels, scores, n_resamples=n_resamples, seed=seed, averaged=False)
        compared: list[dict[str, Any]] = []
        for name in others:
            ours, theirs = values[name], values[first]
            value = float(ours.mean()) - float(theirs.mean())
            common, i, j = np.intersect1d(repeats[name].numbers, repeats[first].numbers, return_indices=True)
            spread = spread_of(ours[i] - theirs[j], draws[name][i] - draws[first][j])
            of_records = draws[name].mean(axis=0) - draws[first].mean(axis=0)
            total = widened(value, of_records, spread, seed=seed)
            difference = interval_of(value, total, confidence)
            compared.append(
                {
                    "metric": metric,
                    "model": name,
                    "value": float(ours.mean()),
                    "against": first,
                    "against_value": float(theirs.mean()),
                    "difference": difference.value,
                    "low": difference.low,
                    "high": difference.high,
                    "p": _two_sided(difference.value, total),
                    "p_holm": np.nan,
                    "detectable": spread.detectable(confidence),
                    "sd_records": spread.records,
                    "sd_training": spread.training,
                    "value_sd": _between(ours),
                    "against_sd": _between(theirs),
                    "repeats": len(common),
                    "note": _note(repeats[first], len(common)),
                }
            )
        for row, adjusted in zip(compared, holm([row["p"] for row in compared]), strict=True):
            rows.append(row | {"p_holm": adjusted})
    for note in dict.fromkeys(row["note"] for row in rows if row["note"]):
        models_of = dict.fromkeys(row["model"] for row in rows if row["note"] == note)
        _log.warning("%s beside %s: %s", ", ".join(models_of), first, note)
    return pd.DataFrame(rows)


def _note(first: Repeats, n_common: int) -> str:
    if n_common == 1:
        return (
            "one repeat: training's variance is unknown and in none of low, high, p and detectable; give several "
            "repeats, or fits with other seeds"
        )
    if np.ptp(first.folds) == 0:
        return "one fold: training's variance is that of the seeds, other training records are not in it"
    return ""


def _between(values: np.ndarray) -> float:
    """Standard deviation between repeats; NaN of a single one."""
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan


def _same_records(first: str, one: Repeats, name: str, other: Repeats) -> None:
    """Refuse predictions that cannot be paired, and say what differs."""
    pair = f"{first!r} and {name!r} cannot be compared:"
    more, fewer = np.setdiff1d(other.names, one.names), np.setdiff1d(one.names, other.names)
    if more.size or fewer.size:
        raise SplitError(
            f"{pair} {len(fewer)} records are predicted by the first alone {fewer[:3].tolist()}, {len(more)} by the "
            f"second alone {more[:3].tolist()}; keep the records of both"
        )
    if (differs := one.labels != other.labels).any():
        raise SplitError(
            f"{pair} {differs.sum()} records have another label, {one.names[differs][0]} the first; compare models of "
            "one label"
        )
    common, i, j = np.intersect1d(one.numbers, other.numbers, return_indices=True)
    if not common.size:
        raise SplitError(
            f"{pair} no repeat in common ({one.numbers.tolist()} and {other.numbers.tolist()}), so that nothing shows "
            "that their folds are the same; run one repeat of both"
        )
    for number, ours, theirs in zip(common, one.folds[i], other.folds[j], strict=True):
        if (moved := ours != theirs).any():
            raise SplitError(
                f"{pair} in repeat {number} {moved.sum()} of {len(moved)} records are in another fold, "
                f"{one.names[moved][0]} in {ours[moved][0]} and {theirs[moved][0]}; use one split file for both"
            )


def _two_sided(value: float, draws: np.ndarray) -> float:
    usable = draws[np.isfinite(draws)]
    if not np.isfinite(value) or not usable.size:
        return np.nan
    rarer = min(np.count_nonzero(usable <= 0), np.count_nonzero(usable >= 0))
    return float(min(1.0, 2 * (1 + rarer) / (1 + usable.size)))
