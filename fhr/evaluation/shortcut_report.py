"""Shortcut audits of a report: by the loss of the whole window and of its end, and where there is signal to the end.

Signal is lost most on the way to the theatre. A model can tell that by the end of the window alone, and among births of
equal loss over an hour the last 20 minutes still differ.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from fhr.features import order_statistic_names, order_statistics
from fhr.metrics import Interval
from fhr.recording import Recording

from .shortcuts import shortcut_audit, shortcut_audits

__all__ = ["SIGNAL_AT_THE_END", "fold_audit", "shortcut_report", "signal_loss"]

SIGNAL_AT_THE_END = 0.5
"""Least share of the samples of the last 5 min with which a record has signal at the end."""

_LAST = 5.0  # min
_SHARED = ("auroc",)  # the same whatever loss is held constant


def shortcut_report(
    predictions: pd.DataFrame,
    table: pd.DataFrame,
    recordings: Iterable[Recording],
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Shortcut audits by loss of the last 60 and 20 min, and among records that have signal in the last 5 min.

    Minutes are counted back from the end of what the model sees: of the window, where one was cut out. A record has
    signal in the last 5 min if half of their samples or more are there, as recorded, between 50 and 210 bpm
    (`SIGNAL_AT_THE_END`).

    Args:
        predictions: columns name, repeat, fold, label, score, probability; every record once a repeat.
        table: `baseline_table` of the records.
        recordings: of the records, or their windows.
        n_resamples: number of resamples.
        seed: of the resamples.

    Returns:
        `shortcut_audit` by `loss_60`; the same by `loss_20`, with `_20` behind each name; then, with `_signal_5`, that
        by `loss_60` among the records with signal at the end, and which share of all (`share_signal_5`) and of the
        positives (`positives_signal_5`) these are.

    Raises:
        SplitError: a record that is missing from a repeat, or there twice.
        FHRError: records whose loss is unknown.
    """
    losses = [table["loss_60"], table["loss_20"]]
    audit, by_20 = shortcut_audits(predictions, losses, n_resamples=n_resamples, seed=seed)
    audit |= {f"{name}_20": value for name, value in by_20.items() if name not in _SHARED}
    lost = signal_loss(recordings, _LAST)
    some = predictions[predictions["name"].astype(str).isin(lost.index[lost <= 1 - SIGNAL_AT_THE_END])]
    if len(some):
        at_the_end = shortcut_audit(some, table["loss_60"], n_resamples=n_resamples, seed=seed)
    else:
        at_the_end = {name: Interval(np.nan, np.nan, np.nan) for name in by_20}
    audit |= {f"{name}_signal_5": value for name, value in at_the_end.items()}
    for name, label in (("share", None), ("positives", 1)):
        of_all, of_some = (rows if label is None else rows[rows["label"] == label] for rows in (predictions, some))
        share = len(of_some) / len(of_all) if len(of_all) else np.nan
        audit[f"{name}_signal_5"] = Interval(share, np.nan, np.nan)
    return audit


def fold_audit(predictions: pd.DataFrame, recordings: Mapping[str, Recording]) -> dict[str, Interval]:
    """Shortcut audit of a fold that was tested once, by loss of the last 60 min.

    Args:
        predictions: columns name, label, score, probability.
        recordings: by name, or their windows.

    Returns:
        `shortcut_audit` of the fold.
    """
    lost = signal_loss([recordings[name] for name in predictions["name"]], 60.0)
    return shortcut_audit(predictions.assign(repeat=0, fold=0), lost)


def signal_loss(recordings: Iterable[Recording], minutes: float) -> pd.Series:
    """Fraction of FHR samples of the last `minutes` that are missing or outside 50 to 210 bpm, by record name."""
    column = order_statistic_names((minutes,)).index(f"loss_{minutes:g}")
    lost = {
        r.name: order_statistics(r.fhr[-round(60 * minutes * r.fs) :], fs=r.fs, minutes=(minutes,))[column]
        for r in recordings
    }
    return pd.Series(lost, dtype=float, name=f"loss_{minutes:g}")
