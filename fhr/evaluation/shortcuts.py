"""Shortcut audit: the share of a model's ranking that signal loss explains.

Signal is lost more often where a labour goes badly, in the second stage above all, so that a network can do well by
counting gaps. A model worth having still ranks a sick fetus above a healthy one of the same signal loss.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from fhr.errors import FHRError
from fhr.metrics import Interval, auroc
from fhr.metrics.inputs import checked_scores
from fhr.metrics.ranking import auroc_by_counts
from fhr.metrics.resampling import interval_of, on_resamples

from .repeats import whole_repeats

__all__ = ["loss_of", "shortcut_audit", "shortcut_audits"]

_log = logging.getLogger(__name__)

_OF_LOSS = (
    *("stratified_auroc", "matched_auroc", "loss_auroc", "loss_stratified_auroc", "loss_matched_auroc"),
    "loss_spearman",
)
_ORDER = ("auroc", "stratified_auroc", "matched_auroc", "matched_share", *_OF_LOSS[2:])


class _Held(NamedTuple):
    """Loss of each record, (n,), and weights of pairs, (n_positive, n_negative), of one stratum and of matches."""

    lost: np.ndarray
    same_stratum: np.ndarray
    matched: np.ndarray


def shortcut_audit(
    predictions: pd.DataFrame,
    loss: pd.Series,
    *,
    strata: int = 5,
    matches: int = 5,
    caliper: float = 0.05,
    n_resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Interval]:
    """AUROC of a model before and after signal loss is held constant, with 95% bootstrap intervals over records.

    With c_ij = 1 where positive i scores above negative j, 1/2 where they are equal, else 0,

        AUROC_w = sum_ij w_ij c_ij / sum_ij w_ij,

    - auroc: all pairs, w = 1;
    - stratified_auroc: w = 1 within a stratum of equal loss, else 0. Strata are cut at the quantiles of loss over all
      records; equal losses share a stratum;
    - matched_auroc: each positive beside the `matches` negatives nearest in loss, none farther than `caliper`, which
      share a weight of 1. Negatives as far as the last of them are taken too, so that nothing is drawn by chance. A
      negative may serve several positives; a positive without a match is left out, `matched_share` are the others.

    The same of loss as the score, `loss_auroc`, `loss_stratified_auroc` and `loss_matched_auroc`, shows what loss is
    worth alone and how much of it strata and matching leave (0.5 is nothing). `loss_spearman` is the rank correlation
    of score and loss over all records; its square is the share of the ranks' variance that loss explains.

    Every value is computed on the pooled folds of one repeat and averaged over repeats. Strata and matches are made
    once and kept in every resample: bootstrapping the matching itself is not valid (Abadie and Imbens 2008), and the
    intervals do not hold what other matches would have given.

    Args:
        predictions: columns name, repeat, fold, label, score, probability; every record once a repeat.
        loss: fraction of samples lost in the window, by record name; `loss_60` of `fhr.evaluation.baseline_table`.
        strata: number of strata.
        matches: negatives for each positive.
        caliper: largest difference in loss, as a fraction.
        n_resamples: number of resamples.
        seed: of the resamples.

    Returns:
        In this order: auroc, stratified_auroc, matched_auroc, matched_share (no interval), loss_auroc,
        loss_stratified_auroc, loss_matched_auroc, loss_spearman. NaN where there is one class, a constant score, or
        no pair to compare.

    Raises:
        SplitError: a record that is missing from a repeat, or there twice.
        FHRError: records whose loss is unknown; strata, matches or caliper out of range.

    Source:
        Covariate-adjusted ROC: Janes and Pepe 2009, Biometrika 96:371, doi:10.1093/biomet/asp002. Matching: Abadie
        and Imbens 2008, Econometrica 76:1537, doi:10.3982/ECTA6474.
    """
    (audit,) = shortcut_audits(
        predictions, [loss], strata=strata, matches=matches, caliper=caliper, n_resamples=n_resamples, seed=seed
    )
    return audit


def shortcut_audits(
    predictions: pd.DataFrame,
    losses: Sequence[pd.Series],
    *,
    strata: int = 5,
    matches: int = 5,
    caliper: float = 0.05,
    n_resamples: int = 2000,
    seed: int = 0,
) -> list[dict[str, Interval]]:
    """`shortcut_audit` of the same predictions by each of several losses, on the same resamples, drawn once."""
    if strata < 1 or matches < 1 or not caliper >= 0:
        raise FHRError(f"strata={strata}, matches={matches}, caliper={caliper}; give at least 1, 1 and 0")
    model = whole_repeats(predictions)
    labels, scores = model.labels, checked_scores(model.scores, len(model.labels), repeats=True)
    positive = labels == 1
    held = []
    for loss in losses:
        lost = loss_of(model.names, loss)
        held.append(_Held(lost, _same_stratum(lost, positive, strata), _matched(lost, positive, matches, caliper)))
        if not held[-1].matched.any():
            _log.warning("no positive has a negative within %g of its signal loss: no matched AUROC", caliper)
    values = partial(_statistics, labels, scores, held)
    draws = on_resamples(values, labels, n_resamples=n_resamples, seed=seed)
    once = values(np.ones((1, len(labels)), dtype=np.int64))[:, 0]
    once[0] = np.mean([auroc(labels, row) for row in scores])
    area, *others = (interval_of(float(value), drawn) for value, drawn in zip(once, draws, strict=True))
    found = []
    for k, one in enumerate(held):
        named = dict(zip(_OF_LOSS, others[k * len(_OF_LOSS) : (k + 1) * len(_OF_LOSS)], strict=True))
        share = Interval(float(one.matched.any(axis=1).mean()) if positive.any() else np.nan, np.nan, np.nan)
        loss_area = named["loss_auroc"]._replace(value=auroc(labels, one.lost))
        found.append({"auroc": area} | named | {"matched_share": share, "loss_auroc": loss_area})
    return [{name: one[name] for name in _ORDER} for one in found]


def loss_of(names: np.ndarray, loss: pd.Series) -> np.ndarray:
    """Signal loss of each record, (n,), in the order of `names`.

    Raises:
        FHRError: a name that stands twice, a record whose loss is missing.
    """
    known = pd.Series(loss.to_numpy(dtype=np.float64), index=loss.index.astype(str))
    if known.index.has_duplicates:
        raise FHRError(f"record {known.index[known.index.duplicated()][0]} has two signal losses; give one a record")
    values = known.reindex(names)
    if (unknown := values.isna()).any():
        raise FHRError(
            f"{unknown.sum()} of {len(names)} records have no signal loss {values.index[unknown][:3].tolist()}; give "
            "`loss_60` of `fhr.evaluation.baseline_table` for the recordings that were predicted"
        )
    return values.to_numpy()


def _same_stratum(loss: np.ndarray, positive: np.ndarray, strata: int) -> np.ndarray:
    """1 where a positive and a negative share a stratum of loss, else 0: (n_positive, n_negative)."""
    cuts = np.quantile(loss, np.arange(1, strata) / strata)
    stratum = np.searchsorted(cuts, loss, side="left")
    return (stratum[positive][:, None] == stratum[~positive]).astype(np.float64)


def _matched(loss: np.ndarray, positive: np.ndarray, matches: int, caliper: float) -> np.ndarray:
    """The weight of each negative beside each positive, (n_positive, n_negative); a row sums to 1, or to 0."""
    distance = np.abs(loss[positive][:, None] - loss[~positive])
    if not distance.size:
        return distance
    farthest = np.sort(distance, axis=1)[:, min(matches, distance.shape[1]) - 1]
    # the slack keeps losses that are equally far apart but for rounding together
    near = (distance <= np.minimum(farthest, caliper)[:, None] + 1e-9).astype(np.float64)
    return near / np.maximum(near.sum(axis=1, keepdims=True), 1)


def _statistics(labels: np.ndarray, scores: np.ndarray, held: Sequence[_Held], counts: np.ndarray) -> np.ndarray:
    """AUROC, then `_OF_LOSS` of each loss, in each resample, (1 + 6 losses, m), means over repeats."""
    ranks = [_centred_ranks(row, counts) for row in scores]
    found = [np.mean([auroc_by_counts(labels, row, counts) for row in scores], axis=0)]
    for lost, same, matched in held:
        of_loss = lost[None]
        found += [
            _weighted_auroc(labels, rows, counts, weights) for rows, weights in ((scores, same), (scores, matched))
        ]
        found += [auroc_by_counts(labels, lost, counts)]
        found += [_weighted_auroc(labels, of_loss, counts, weights) for weights in (same, matched)]
        other = _centred_ranks(lost, counts)
        found.append(np.mean([_correlation(own, other, counts) for own in ranks], axis=0))
    return np.stack(found)


def _weighted_auroc(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """AUROC over weighted pairs of each resample, (m,), mean over rows of scores (r, n).

    A pair of records counts as often as both were drawn.
    """
    positive = labels == 1
    drawn, against = counts[:, positive].astype(np.float64), counts[:, ~positive].astype(np.float64)
    below, found = np.sum((drawn @ weights) * against, axis=1), []
    for row in scores:
        difference = row[positive][:, None] - row[~positive]
        concordant = (difference > 0) + 0.5 * (difference == 0)
        above = np.sum((drawn @ (weights * concordant)) * against, axis=1)
        usable = (below > 0) & (np.ptp(row) > 0)
        found.append(np.divide(above, below, out=np.full(len(counts), np.nan), where=usable))
    return np.asarray(np.mean(found, axis=0))


def _centred_ranks(values: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Midranks of each resample about their mean, (m, n), and the sum of their squares, (m,)."""
    ranks = _midranks(values, counts)
    ranks = ranks - np.sum(counts * ranks, axis=1, keepdims=True) / counts.sum(axis=1, keepdims=True)
    return ranks, np.sum(counts * (ranks * ranks), axis=1)


def _correlation(
    own: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], counts: np.ndarray
) -> np.ndarray:
    """Spearman correlation in each resample, (m,), of `_centred_ranks`."""
    (x, xx), (y, yy) = own, other
    covariance = np.sum(counts * (x * y), axis=1)
    return np.divide(covariance, np.sqrt(xx * yy), out=np.full(len(counts), np.nan), where=(xx > 0) & (yy > 0))


def _midranks(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Rank of each record in each resample, (m, n): the mean over the places that it and its equals take."""
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    drawn = np.add.reduceat(counts[:, order], np.flatnonzero(np.diff(group[order], prepend=-1)), axis=1)
    return (np.cumsum(drawn, axis=1) - (drawn - 1) / 2)[:, group]
