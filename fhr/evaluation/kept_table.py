"""The kept table of cross-validations: one row a model and label, beside the predictions that it is computed from.

`crossval.csv` can be recomputed by anybody: each row is a function of one file under `oof/`, named after the model and
the label, whose checksum stands in the row.
"""

import os
import tempfile
from collections.abc import Hashable, Mapping
from datetime import date as calendar_date
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock

from fhr.errors import FHRError, FormatError
from fhr.formats import whole_or_not_at_all
from fhr.formats.files.regular_file import cut, reason
from fhr.metrics import Interval, auroc, bootstrap, calibration_slope, evaluate

from .published_predictions import (
    kept_text,
    oof_file,
    oof_text,
    parsed_oof,
    sha256_of_text,
    write_oof,
)
from .repeats import whole_repeats

__all__ = ["COLUMNS", "check", "keep", "recompute"]

_COUNTED = ("n", "positives", "repeats")
_POINTS = {  # column: the name that `fhr.metrics.evaluate` gives it
    "auroc": "auroc",
    "auprc": "auprc",
    "brier": "brier",
    "brier_skill": "brier_skill",
    "slope": "calibration_slope",
    "intercept": "calibration_intercept",
    "cox_p": "cox_p",
    "ece": "ece",
    "ece_null_p95": "ece_perfect_p95",
    "sens_at_90spec": "sensitivity_at_90_specificity",
}
_PROCEDURE = (
    "slope_null_low",
    "slope_null_high",
    "cox_p_procedure",
    "ece_null_low",
    "ece_null_high",
    "ece_p_procedure",
)
_ENDS = ("auroc_low", "auroc_high", "slope_low", "slope_high")
COLUMNS = (
    *("model", "label", "n", "positives", "auroc", "auroc_low", "auroc_high", "auprc", "brier", "brier_skill"),
    *("slope", "slope_low", "slope_high", "intercept", "cox_p", "ece", "ece_null_p95", "sens_at_90spec", "repeats"),
    *("run_id", "commit", "split_sha", "oof_sha", "config", "date", "machine"),
    *_PROCEDURE,
)
"""Columns of `crossval.csv`, in order. `low` and `high` end 95% bootstrap intervals over records; `ece_null_p95` is the
95th percentile of the ECE of a perfectly calibrated model; `oof_sha` is the SHA-256 of the predictions' CSV text.
`cox_p` is of chi-squared, which next to never rejects here; the last columns are of the procedure's own null, which
asks for the stored scores of the inner folds and is empty where the run was kept without them."""


def keep(
    folder: str | Path,
    predictions: pd.DataFrame,
    *,
    model: str,
    label: str,
    run_id: str,
    commit: str,
    split_sha: str,
    config: str,
    machine: str,
    date: str,
    calibration: Mapping[str, Interval] | None = None,
) -> Path:
    """Write out-of-fold predictions to `folder/oof`, and the row computed from them into `folder/crossval.csv`.

    A row of the same model and label is replaced. Predictions have 6 significant digits and the row is computed from
    the text of the file, so that whoever recomputes it gets the same digits. Rows are put in one process at a time.

    Args:
        folder: holds the table; it is made where it is missing.
        predictions: columns name, repeat, fold, label, score, probability; every record once a repeat.
        model: name of the model.
        label: with its inequality, `ph<7.05`.
        run_id: of the MLflow run.
        commit: of the source.
        split_sha: checksum of the split.
        config: the configuration's file, from the root of the project.
        machine: of what kind, `2 x86-64 cores`.
        date: of the run, 2026-01-31.
        calibration: of the run's stored scores, see `calibration_metrics`.

    Returns:
        The file of predictions.

    Raises:
        SplitError: a record that is missing from a repeat, or there twice.
        OutcomeError: labels that are not 0 or 1.
        FHRError: scores or probabilities that are not finite, an empty model or label, a date of another form, or
            another model whose file would be the same.
    """
    path, folder = oof_file(folder, model, label), Path(folder)
    try:
        calendar_date.fromisoformat(date)
    except ValueError:
        raise FHRError(f"date {date!r} is not a day; write it as 2026-01-31") from None
    whole_repeats(predictions, model=model)
    text = oof_text(predictions)
    measured = _measured(parsed_oof(text, path))
    given = {"model": model, "label": label, "run_id": run_id, "commit": commit, "split_sha": split_sha}
    given |= {"oof_sha": sha256_of_text(text), "config": config, "date": date, "machine": machine}
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(Path(tempfile.gettempdir()) / f"fhr-kept-table-{sha256_of_text(str(folder.resolve()))[:16]}.lock"):
        table = _rows(folder)
        for other in table.to_dict("records"):
            if oof_file(folder, other["model"], other["label"]) == path and other["model"] != model:
                raise FHRError(f"models {other['model']!r} and {model!r} would share {path.name}; rename one of them")
        write_oof(path, text)
        row = given | measured | _of_procedure(calibration or {})
        others = table[(table["model"] != model) | (table["label"] != label)]
        table = pd.concat([others, pd.DataFrame([row], columns=list(COLUMNS))]).sort_values(["model", "label"])
        with whole_or_not_at_all(folder / "crossval.csv") as part:
            table.to_csv(part, index=False, lineterminator="\n")
    return path


def recompute(folder: str | Path, *, intervals: int | None = None) -> pd.DataFrame:
    """Every row of `folder/crossval.csv` computed anew from its predictions, as it would be written.

    Args:
        folder: holds the table.
        intervals: compute the bootstrap intervals of this many rows only, those of the latest date (over a second
            each with ten repeats); the others' ends are NaN. None for all.

    Raises:
        FormatError: a table of other columns, predictions that are missing, damaged or not those of the row.
    """
    table = _rows(Path(folder))
    with_intervals = _latest(table, intervals)
    rows = [
        row | _measured(_predictions_of(Path(folder), row), intervals=i in with_intervals)
        for i, row in enumerate(table.to_dict("records"))
    ]
    return _numbers(pd.DataFrame(rows, columns=list(COLUMNS)))


def check(folder: str | Path, *, intervals: int | None = None) -> list[str]:
    """Compare `folder/crossval.csv` with the predictions in `folder/oof`: a line for each disagreement.

    A number may differ by one unit of its last digit: other processors and libraries round otherwise.

    Args:
        folder: holds the table.
        intervals: as in `recompute`.

    Raises:
        FormatError: a table of other columns.
    """
    folder = Path(folder)
    table = _rows(folder)
    found, with_intervals = [], _latest(table, intervals)
    keys = list(zip(table["model"], table["label"], strict=True))
    if keys != sorted(set(keys)):
        found.append("rows are not sorted by model and label, or one stands twice")
    files = {oof_file(folder, *key) for key in keys}
    found += [f"oof/{path.name}: no row of this file" for path in sorted(set(folder.glob("oof/*")) - files)]
    for i, row in enumerate(table.to_dict("records")):
        name = cut(f"{row['model']}, {row['label']}")
        try:
            anew = _measured(_predictions_of(folder, row), intervals=i in with_intervals)
        except FHRError as error:
            found.append(f"{name}: {error}")
            continue
        for column, value in anew.items():
            if i not in with_intervals and column in _ENDS:
                continue
            if not _agree(column, row[column], value):
                found.append(
                    f"{name}: {column} is {cut(row[column]) or 'empty'}, its predictions give {value or 'empty'}"
                )
    return found


def _predictions_of(folder: Path, row: Mapping[Hashable, str]) -> pd.DataFrame:
    path = oof_file(folder, row["model"], row["label"])
    text = kept_text(path)
    if sha256_of_text(text) != row["oof_sha"]:
        raise FormatError(
            f"{path.name}: its text has SHA-256 {sha256_of_text(text)[:12]}..., the row says {row['oof_sha'][:12]}...; "
            "restore the file, or keep the run again"
        )
    return parsed_oof(text, path)


def _rows(folder: Path) -> pd.DataFrame:
    """The table as it is written, every field text; empty where there is none yet."""
    path = folder / "crossval.csv"
    if not os.path.lexists(path):
        return pd.DataFrame(columns=list(COLUMNS), dtype=str)
    try:
        table = pd.read_csv(path, dtype=str, index_col=False, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: no table ({reason(error)}); restore it") from None
    if tuple(table.columns) == COLUMNS[: -len(_PROCEDURE)]:  # of an earlier version
        table = table.assign(**dict.fromkeys(_PROCEDURE, ""))
    if tuple(table.columns) != COLUMNS:
        raise FormatError(f"{path}: columns {cut(', '.join(table.columns))}; the table has {', '.join(COLUMNS)}")
    return table


def _measured(predictions: pd.DataFrame, *, intervals: bool = True) -> dict[str, str]:
    """The columns that are computed, as they are written."""
    model = whole_repeats(predictions)
    results = evaluate(model.labels, model.probabilities, model.scores, n_resamples=1)  # for the values alone
    values = {column: results[name].value for column, name in _POINTS.items()}
    values |= dict.fromkeys(_ENDS, np.nan)
    if intervals:
        _, *auroc_ends = bootstrap(auroc, model.labels, model.scores)
        _, *slope_ends = bootstrap(calibration_slope, model.labels, model.probabilities)
        values |= dict(zip(_ENDS, (*auroc_ends, *slope_ends), strict=True))
    written = {column: _digits(column, value) for column, value in values.items()}
    counts = (len(model.labels), model.labels.sum(), len(model.numbers))
    return written | {column: str(int(count)) for column, count in zip(_COUNTED, counts, strict=True)}


def _of_procedure(calibration: Mapping[str, Interval]) -> dict[str, str]:
    nothing = Interval(np.nan, np.nan, np.nan)
    slope, ece = (calibration.get(name, nothing) for name in ("calibration_slope_null", "ece_null"))
    cox, error = (calibration.get(name, nothing).value for name in ("cox_p", "ece_p"))
    values = (slope.low, slope.high, cox, ece.low, ece.high, error)
    return {column: _digits(column, value) for column, value in zip(_PROCEDURE, values, strict=True)}


def _digits(column: str, value: float) -> str:
    if not np.isfinite(value):
        return ""
    return f"{value:.4g}" if column.startswith("cox_p") else f"{value:.4f}"


def _agree(column: str, one: str, other: str) -> bool:
    if one == other or column in _COUNTED or "" in (one, other):
        return one == other
    try:
        a, b = float(one), float(other)
    except ValueError:
        return False
    return abs(a - b) <= (2e-3 * abs(b) if column == "cox_p" else 1.01e-4)


def _latest(table: pd.DataFrame, n: int | None) -> set[int]:
    order = np.lexsort((table["oof_sha"].to_numpy(dtype=str), table["date"].to_numpy(dtype=str)))
    return {int(i) for i in (order if n is None else order[::-1][:n])}


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{c: pd.to_numeric(table[c]) for c in (*_COUNTED, *_POINTS, *_ENDS, *_PROCEDURE)})
