"""Table of net benefit over a range of thresholds, beside treating everyone and no one."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .decision_curve import THRESHOLDS, net_benefit, net_benefit_by_counts, net_benefit_of_treating_all
from .inputs import checked_labels, checked_probabilities
from .resampling import interval_of, resampled_by_counts

__all__ = ["net_benefit_table"]


def net_benefit_table(
    labels: ArrayLike,
    probabilities: ArrayLike,
    *,
    thresholds: ArrayLike = THRESHOLDS,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Tabulate the net benefit of a model at each threshold, with 95% bootstrap intervals over records.

    Intervals hold at each threshold by itself. `gain` is the net benefit beyond the better of treating all and treating
    none, of the same records in each resample: a model is of use where its interval lies above 0.

    Args:
        labels: (n,), 0 or 1.
        probabilities: (n,) or (n_repeats, n), in [0, 1]; net benefit is averaged over repeats.
        thresholds: (k,), in (0, 1); 2, 3, ..., 30% where none are given.
        n_resamples: number of resamples.
        seed: of the resamples.

    Returns:
        A row a threshold: threshold, net_benefit, low, high, treat_all, treat_all_low, treat_all_high, treat_none,
        gain, gain_low, gain_high. In true positives per record.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: probabilities of another shape, not finite, or outside [0, 1]; no threshold, or one outside (0, 1).

    Source:
        Vickers and Elkin 2006, Med. Decis. Making 26:565, doi:10.1177/0272989X06295361. Intervals: Vickers et al. 2008,
        BMC Med. Inform. Decis. Mak. 8:53, doi:10.1186/1472-6947-8-53.
    """
    y = checked_labels(labels)
    p = np.atleast_2d(checked_probabilities(probabilities, len(y), repeats=True))
    t = np.asarray(thresholds, dtype=np.float64)
    if not t.size:
        raise FHRError("no threshold; give risks in (0, 1), such as [0.1]")
    of_all = net_benefit_of_treating_all(y, t)
    value = np.mean([net_benefit(y, row, t) for row in p], axis=0)

    def kernel(y: np.ndarray, row: np.ndarray, counts: np.ndarray) -> np.ndarray:
        return net_benefit_by_counts(y, row, counts, t)

    draws = resampled_by_counts(kernel, y, p, n_resamples=n_resamples, seed=seed)
    draws_of_all = resampled_by_counts(kernel, y, np.ones(len(y)), n_resamples=n_resamples, seed=seed)
    columns: dict[str, list[float]] = {"threshold": t.tolist()}
    for name, values, resamples in (
        ("net_benefit", value, draws),
        ("treat_all", of_all, draws_of_all),
        ("gain", value - np.maximum(of_all, 0), draws - np.maximum(draws_of_all, 0)),
    ):
        intervals = [interval_of(float(one), drawn) for one, drawn in zip(values, resamples, strict=True)]
        ends = ("low", "high") if name == "net_benefit" else (f"{name}_low", f"{name}_high")
        columns |= dict(zip((name, *ends), map(list, zip(*intervals, strict=True)), strict=True))
        if name == "treat_all":
            columns["treat_none"] = [0.0] * len(t)
    return pd.DataFrame(columns)
