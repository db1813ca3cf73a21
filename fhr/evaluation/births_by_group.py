"""AUROC within groups of births: delivery type, sensor, stage 2 in the window, signal loss."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from fhr.errors import FHRError
from fhr.metrics import Interval, auroc, bootstrap
from fhr.recording import Recording

from .repeats import whole_repeats
from .shortcuts import loss_of

__all__ = ["birth_groups", "subgroups"]

_FEWEST = 5
_DELIVERY = {1.0: "vaginal", 2.0: "caesarean section"}
_SENSOR = {1.0: "ultrasound", 2.0: "scalp electrode", 12.0: "both in turn"}
_TERTILES = np.array(["lowest third", "middle third", "highest third"])


def subgroups(
    predictions: pd.DataFrame,
    groups: pd.DataFrame,
    loss: pd.Series,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """AUROC within each group of records, averaged over repeats, with its 95% bootstrap interval over records.

    Scores are those of the model trained on everybody; only the comparison is kept within the group. Groups overlap
    and are many: they describe, and test nothing.

    Args:
        predictions: columns name, repeat, fold, label, score, probability; every record once a repeat.
        groups: index record name, one column a way of grouping, as `birth_groups` gives; NaN is a group `unknown`.
        loss: fraction of samples lost in the window, by record name, whose thirds are groups too.
        n_resamples: number of resamples.
        seed: of the resamples.

    Returns:
        Columns grouping, group, n, positives, auroc, low, high, reason, expected; first a row of all records. `reason`
        says why AUROC is NaN (fewer than 5 positives or negatives), and is empty elsewhere. `expected` is the sum of
        the probabilities in the group, to be held against `positives`.

    Raises:
        SplitError: a record that is missing from a repeat, or there twice.
        FHRError: a record without a row of `groups`, or without a signal loss.
    """
    model = whole_repeats(predictions)
    of_record = groups.set_axis(groups.index.astype(str))
    if unknown := [name for name in model.names.tolist() if name not in of_record.index]:
        raise FHRError(f"{len(unknown)} records have no row of groups {unknown[:3]}; give one for each record")
    of_record = of_record[~of_record.index.duplicated()].loc[model.names].astype(object)
    of_record = of_record.where(of_record.notna(), "unknown")
    lost = loss_of(model.names, loss)
    of_record["signal loss"] = _TERTILES[np.searchsorted(np.quantile(lost, [1 / 3, 2 / 3]), lost, side="left")]
    kinds = [("all", "all", np.ones(len(lost), dtype=bool))]
    for grouping in of_record.columns:
        values = of_record[grouping].to_numpy()
        named = _TERTILES if grouping == "signal loss" else sorted(set(values), key=str)
        kinds += [(grouping, group, values == group) for group in named]
    rows = []
    for grouping, group, inside in kinds:
        labels, positives = model.labels[inside], int(model.labels[inside].sum())
        area, reason = Interval(np.nan, np.nan, np.nan), ""
        if min(positives, len(labels) - positives) < _FEWEST:
            few = "positive" if positives < _FEWEST else "negative"
            reason = f"fewer than {_FEWEST} {few} records"
        else:
            area = bootstrap(auroc, labels, model.scores[:, inside], n_resamples=n_resamples, seed=seed)
        expected = float(model.probabilities[:, inside].mean(axis=0).sum())
        rows.append((grouping, str(group), len(labels), positives, *area, reason, expected))
    columns = ["grouping", "group", "n", "positives", "auroc", "low", "high", "reason", "expected"]
    return pd.DataFrame(rows, columns=columns)


def birth_groups(recordings: Iterable[Recording]) -> pd.DataFrame:
    """Delivery type, sensor, and whether a window at the end of the recording holds some of the second stage.

    Args:
        recordings: read once; whole, or windows that were cut out of them: either ends where the window does.

    Returns:
        Index `record`, columns `delivery type` (vaginal, caesarean section), `sensor` (ultrasound, scalp electrode,
        both in turn) and `stage 2 in the window` (yes, no); None where unknown.
    """
    rows = {}
    for recording in recordings:
        clinical = recording.clinical
        stage2 = recording.stage2_start < len(recording.fhr) / recording.fs  # False where there was none, NaN
        rows[recording.name] = (
            _DELIVERY.get(clinical.delivery_type),
            _SENSOR.get(clinical.sensor),
            "yes" if stage2 else "no",
        )
    columns = ["delivery type", "sensor", "stage 2 in the window"]
    return pd.DataFrame(list(rows.values()), index=pd.Index(list(rows), name="record", dtype=object), columns=columns)
