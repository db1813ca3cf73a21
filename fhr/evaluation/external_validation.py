"""External validation: a finished model on births of another hospital, which had no part in making it.

No test birth helped to calibrate the model, so that textbook tests of calibration hold here: the labels are independent
draws given the probabilities if the model is calibrated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fhr.calibration.local_lines import intercepts
from fhr.compute import stream
from fhr.confidence import LEVELS, Prediction, to_frame
from fhr.errors import FHRError
from fhr.metrics import (
    Interval,
    conformal_coverage,
    efficiency,
    evaluate,
    exact_interval,
    expected_calibration_error,
    net_benefit_of_treating_all,
)
from fhr.metrics.calibration_error import calibration_errors
from fhr.metrics.cox import log_odds
from fhr.metrics.decision_curve import net_benefit_by_counts
from fhr.metrics.resampling import interval_of, resampled_by_counts
from fhr.models import CheckpointCard
from fhr.preprocessing import Pipeline

from .births_by_group import birth_groups, subgroups
from .local_births import LocalBirths
from .training_population import training_population

__all__ = ["ExternalValidation", "external_validation", "net_benefit_table", "sets_table"]

_THRESHOLDS = np.round(np.linspace(0.02, 0.30, 57), 4)  # risks at which clinicians might act
_SIMULATIONS = 2000


@dataclass(frozen=True)
class ExternalValidation:
    """Everything that births of a hospital say of a model.

    Attributes:
        target: the label, with its inequality.
        results: metrics with 95% intervals, see `external_validation`.
        predictions: one row a birth: columns of `fhr.confidence.to_frame`, then `label`.
        subgroups: AUROC, prevalence and mean probability within groups, see `subgroups`.
        net_benefit: see `net_benefit_table`.
        sets: coverage of the conformal sets, see `sets_table`.
        population: beside the training records, see `training_population`.
        left_out: reason for each record that was not used.
        window: that the model looks at, in words, where it is another than the last minutes; see `Pipeline.window`.
    """

    target: str
    results: Mapping[str, Interval]
    predictions: pd.DataFrame
    subgroups: pd.DataFrame
    net_benefit: pd.DataFrame
    sets: pd.DataFrame
    population: pd.DataFrame
    left_out: Mapping[str, str]
    window: str = ""


def external_validation(
    births: LocalBirths,
    predictions: Sequence[Prediction],
    cards: Sequence[CheckpointCard],
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> ExternalValidation:
    """Evaluate predictions of births that had no part in making the model.

    Beside the metrics of `fhr.metrics.evaluate`: `calibration_in_the_large`, the intercept of logit P(y = 1) =
    a + logit p; `observed_to_expected`, births with the label by the sum of the probabilities; `cox_p`, slope 1 and
    intercept 0 by likelihood ratio against chi-squared with 2 degrees of freedom, whose null holds here; `ece_p`, the
    chance that a calibrated model with these probabilities has an ECE as large; sensitivity and specificity of the
    model's own decisions, with exact intervals.

    Args:
        births: that can be used.
        predictions: of these births, in their order.
        cards: of the checkpoints of the model.
        n_resamples: of the bootstrap over births.
        seed: of the bootstrap and of simulated labels.

    Raises:
        FHRError: other births than predictions, a prediction without a probability, or scores that are all equal.
    """
    y, p, scores = checked_predictions(births, predictions)
    results = dict(evaluate(y, p, scores, n_resamples=n_resamples, seed=seed))
    results |= _calibration(y, p, n_resamples=n_resamples, seed=seed) | _decisions(y, predictions)
    table = to_frame(predictions).assign(label=y)
    pipeline = Pipeline.from_dict(cards[0].pipeline)
    seen = [pipeline.cut(recording) for recording in births.recordings]  # by the model
    groups = birth_groups(seen).join(births.groups, rsuffix=" of the table")
    groups = groups[[name for name in groups if groups[name].nunique(dropna=False) > 1]]
    one = table[["name", "label", "score", "probability"]].assign(repeat=0, fold=0)
    loss = pd.Series([prediction.loss for prediction in predictions], births.labels.index)
    return ExternalValidation(
        target=str(births.labels.name),
        results=results,
        predictions=table,
        subgroups=subgroups(one, groups, loss, n_resamples=n_resamples, seed=seed),
        net_benefit=net_benefit_table(y, p, n_resamples=n_resamples, seed=seed),
        sets=sets_table(y, predictions),
        population=training_population(cards, seen, births.labels, predictions, seed=seed),
        left_out=births.left_out,
        window=pipeline.window if pipeline.is_cut else "",
    )


def checked_predictions(
    births: LocalBirths, predictions: Sequence[Prediction]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, probabilities and scores (n,) of births.

    Raises:
        FHRError: as `external_validation`.
    """
    if [prediction.name for prediction in predictions] != births.labels.index.tolist():
        raise FHRError(f"{len(predictions)} predictions are not of the {len(births.labels)} births, in their order")
    if any(prediction.probability is None for prediction in predictions):
        raise FHRError("the model holds no calibrator, so no probability; let its training end, or name its whole run")
    p = np.array([prediction.probability for prediction in predictions], dtype=np.float64)
    scores = np.array([prediction.score for prediction in predictions])
    if np.ptp(scores) == 0:
        raise FHRError(
            f"the model gives all {len(scores)} births the score {scores[0]:.4g}: it sees nothing in these recordings; "
            "check their channels, units and length with `fhr info` and `fhr plot`"
        )
    return births.labels.to_numpy(dtype=np.int64), p, scores


def _calibration(y: np.ndarray, p: np.ndarray, *, n_resamples: int, seed: int) -> dict[str, Interval]:
    x, once = log_odds(p), np.ones((1, len(y)), dtype=np.int64)

    def kernel(labels: np.ndarray, probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
        expected = counts @ probabilities
        return np.stack([intercepts(log_odds(probabilities), labels, counts), counts @ labels / expected])

    values = kernel(y, p, once)[:, 0]
    draws = resampled_by_counts(kernel, y, p, n_resamples=n_resamples, seed=seed)
    large, ratio = (interval_of(float(value), row) for value, row in zip(values, draws, strict=True))
    observed = expected_calibration_error(y, p)
    drawn = stream(seed, "labels of an external test").random((_SIMULATIONS, len(y))) < p
    perfect = calibration_errors(drawn, p, 10)
    chance = (1 + int(np.sum(perfect >= observed - 1e-12))) / (1 + _SIMULATIONS)
    return {
        "calibration_in_the_large": large,
        "observed_to_expected": ratio,
        "ece_perfect_mean": Interval(float(perfect.mean()), np.nan, np.nan),
        "ece_perfect_p95": Interval(float(np.percentile(perfect, 95)), np.nan, np.nan),
        "ece_p": Interval(chance, np.nan, np.nan),
        "log_odds_spread": Interval(float(x.std()), np.nan, np.nan),
    }


def _decisions(y: np.ndarray, predictions: Sequence[Prediction]) -> dict[str, Interval]:
    """Of the model's own decisions, where it takes any."""
    if any(prediction.decision is None for prediction in predictions):
        return {}
    alarm = np.array([bool(prediction.decision) for prediction in predictions])
    return {
        "decision_sensitivity": exact_interval(int(alarm[y == 1].sum()), int(np.sum(y == 1))),
        "decision_specificity": exact_interval(int((~alarm[y == 0]).sum()), int(np.sum(y == 0))),
    }


def net_benefit_table(
    labels: np.ndarray, probabilities: np.ndarray, *, n_resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Net benefit at threshold probabilities from 2 to 30%, beside acting on everyone and on no one.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,), in [0, 1].
        n_resamples: of the bootstrap over births.
        seed: of the bootstrap.

    Returns:
        Columns threshold; model, low, high; all (acting on everyone); gain, gain_low, gain_high (model minus the better
        of acting on everyone and on no one, chosen on these births and kept in every resample).
    """
    everyone = net_benefit_of_treating_all(labels, _THRESHOLDS)
    acting = everyone > 0

    def kernel(y: np.ndarray, p: np.ndarray, counts: np.ndarray) -> np.ndarray:
        model, of_all = (net_benefit_by_counts(y, row, counts, _THRESHOLDS) for row in (p, np.ones_like(p)))
        return np.stack([model, model - np.where(acting[:, None], of_all, 0.0)])

    values = kernel(labels, probabilities, np.ones((1, len(labels)), dtype=np.int64))[..., 0]
    draws = resampled_by_counts(kernel, labels, probabilities, n_resamples=n_resamples, seed=seed)
    low, high = np.nanpercentile(draws, [2.5, 97.5], axis=-1)
    return pd.DataFrame(
        {
            "threshold": _THRESHOLDS,
            "model": values[0],
            "low": low[0],
            "high": high[0],
            "all": everyone,
            "gain": values[1],
            "gain_low": low[1],
            "gain_high": high[1],
        }
    )


def sets_table(labels: np.ndarray, predictions: Sequence[Prediction]) -> pd.DataFrame:
    """Coverage of the conformal sets of births, by class, with exact binomial bands, and what the sets say.

    Args:
        labels: (n,), 0 or 1.
        predictions: of the births.

    Returns:
        One row a level: coverage of births without and with the label with its 95% band; shares of correct and wrong
        singletons, empty sets and sets with both; `verdict`, where a band lies below the level. NaN where the model
        has no sets at a level.
    """
    rows = []
    for level in LEVELS:
        held = [None if p.sets is None else p.sets.get(level) for p in predictions]
        row: dict[str, object] = {"level": level}
        if None in held:
            rows.append(row | {"verdict": "the model makes no sets at this level"})
            continue
        known = [one for one in held if one is not None]
        sets = np.array(
            [[f"not {p.target}" in one, p.target in one] for p, one in zip(predictions, known, strict=True)]
        )
        below = []
        for name, found in zip(("negatives", "positives"), conformal_coverage(labels, sets), strict=True):
            row |= {f"coverage_{name}": found.value, f"{name}_low": found.low, f"{name}_high": found.high}
            if found.high < level:
                below.append(name)
        row |= efficiency(labels, sets)._asdict()
        rows.append(row | {"verdict": f"covers too few {' and '.join(below)}" if below else "as stated"})
    return pd.DataFrame(rows)
