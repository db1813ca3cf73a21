"""Window audit: the second stage as the missing samples of an earlier window tell it.

A window that ends before birth must not tell how birth went. Its length never does (`fhr.preprocessing.cut_window`).
The pattern of its gaps may: transducers are lost in the second stage, and on the way to the theatre. What gaps tell
alone is an upper bound of this shortcut, and stands beside the results.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fhr.compute import stream
from fhr.errors import FHRError
from fhr.metrics import Interval, auroc, bootstrap
from fhr.metrics.resampling import interval_of
from fhr.recording import Recording

from .baseline_features import STAGE2

__all__ = ["gap_pattern", "window_audit"]

_BLOCKS = 12
_REPEATS, _FOLDS = 5, 5
_PENALTY = 10.0
_FEWEST = 10


def window_audit(
    recordings: Iterable[Recording],
    table: pd.DataFrame,
    *,
    minutes: float = 60.0,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Audit how well the gaps of the windows tell the second stage, cross-validated, with 95% intervals over records.

    A ridge regression on the `gap_pattern` of each window predicts whether there was a second stage, and among those
    that had one its length; five times five folds, predictions of a repeat pooled, values averaged over repeats.

    Args:
        recordings: windows that were cut out (`Pipeline.cut`), or whole recordings, of which the last `minutes` count.
        table: `baseline_table` of them, for the length of the second stage.
        minutes: of the window.
        n_resamples: number of resamples.
        seed: of folds and resamples.

    Returns:
        - no_second_stage_auroc: of the gaps, for births without a second stage; 0.5 is nothing. Such births are
          caesarean sections nearly always;
        - second_stage_spearman: rank correlation of predicted and true length among the others; 0 is nothing;
        - loss_spearman: rank correlation of the loss of the whole window with that length;
        - without_second_stage: share of the records, no interval.

        NaN where there are fewer than 10 records of a kind.

    Raises:
        FHRError: a record without a row in the table.
    """
    given = list(recordings)
    if missing := [r.name for r in given if r.name not in table.index]:
        raise FHRError(f"{len(missing)} records have no row in the table {missing[:3]}; give `baseline_table` of them")
    gaps = np.array([gap_pattern(r, minutes=minutes) for r in given]).reshape(len(given), _BLOCKS)
    length = table.loc[[r.name for r in given], STAGE2].to_numpy(dtype=float)
    none = length <= 0
    nothing = Interval(np.nan, np.nan, np.nan)
    audit = dict.fromkeys(("no_second_stage_auroc", "second_stage_spearman", "loss_spearman"), nothing)
    if min(none.sum(), (~none).sum()) >= _FEWEST:
        scores = _cross_validated(gaps, none.astype(float), seed)
        audit["no_second_stage_auroc"] = bootstrap(auroc, none.astype(int), scores, n_resamples=n_resamples, seed=seed)
    if (~none).sum() >= _FEWEST and np.ptp(length[~none]) > 0:
        scores = _cross_validated(gaps[~none], rankdata(length[~none]), seed)
        loss = gaps[~none].mean(axis=1)[None]
        for name, rows in (("second_stage_spearman", scores), ("loss_spearman", loss)):
            audit[name] = _spearman(rows, length[~none], n_resamples, seed)
    share = float(none.mean()) if len(none) else np.nan
    return {**audit, "without_second_stage": Interval(share, np.nan, np.nan)}


def gap_pattern(recording: Recording, *, minutes: float = 60.0) -> np.ndarray:
    """Fraction of missing FHR in each twelfth of the last `minutes`, (12,), the earliest first.

    Of a recording that is shorter the twelfths are those of the whole; an empty one has lost all.
    """
    lost = np.isnan(recording.fhr[-round(minutes * 60 * recording.fs) :])
    return np.array([part.mean() if len(part) else 1.0 for part in np.array_split(lost, _BLOCKS)])


def _cross_validated(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Ridge predictions of each repeat, (repeat, n), each record by the folds that it is not in."""
    generator, predicted = stream(seed, "folds of a window audit"), np.empty((_REPEATS, len(y)))
    for row in predicted:
        shuffled = generator.permutation(len(y))
        fold = np.empty(len(y), dtype=int)
        fold[shuffled[np.argsort(y[shuffled], kind="stable")]] = np.arange(len(y)) % _FOLDS
        for k in range(_FOLDS):
            train, test = fold != k, fold == k
            row[test] = make_pipeline(StandardScaler(), Ridge(_PENALTY)).fit(x[train], y[train]).predict(x[test])
    return predicted


def _spearman(rows: np.ndarray, y: np.ndarray, n_resamples: int, seed: int) -> Interval:
    """Rank correlation, averaged over the rows; ranks are taken once, over all records."""
    ranks, true = rankdata(rows, axis=1), rankdata(y)
    drawn = np.random.default_rng(seed).integers(len(y), size=(n_resamples, len(y)))
    once = np.arange(len(y))[None]
    values = [np.mean([_correlation(row[i], true[i]) for row in ranks], axis=0) for i in (once, drawn)]
    return interval_of(float(values[0][0]), values[1])


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = (v - v.mean(axis=1, keepdims=True) for v in (a, b))
    below = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.divide((a * b).sum(axis=1), below, out=np.full(len(a), np.nan), where=below > 0)
