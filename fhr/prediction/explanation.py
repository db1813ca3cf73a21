"""Explanation of a score: what each statistic, or each minute of the signal, adds to it."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from fhr.errors import CheckpointError
from fhr.models import FittedKernelLine
from fhr.preprocessing import block_mean, last_minutes
from fhr.recording import PATH, RECORD, Recording, TableColumn, column_names

from .attribution import Attribution
from .predictor import Predictor
from .usual_window import at_rest
from .where_it_looked import where_it_looked

__all__ = ["EXPLAINED", "EXPLAINED_COLUMNS", "explain"]

EXPLAINED_COLUMNS = (
    TableColumn("name", "name of the recording"),
    TableColumn("target", "the label, with its inequality"),
    TableColumn("group", "kernel of the line that the statistic belongs to; of networks the channel"),
    TableColumn("feature", "name of the statistic; of networks the minute, counted back from the end"),
    TableColumn("value", "of this recording, in `unit`", "see unit", "number", 4, empty="it cannot be computed"),
    TableColumn(
        "usual",
        "median of the training records; of networks the signal at rest",
        "see unit",
        "number",
        4,
        empty="of a minute without signal",
    ),
    TableColumn("unit", "of value and usual; 1 for none"),
    TableColumn(
        "contribution", "what it adds to the score; positive speaks for the label", "score of the model", "number", 6
    ),
    TableColumn("description", "meaning of the statistic, or of the minute"),
    RECORD._replace(meaning="name of the recording, as in `name`"),
    PATH,
)
EXPLAINED = column_names(EXPLAINED_COLUMNS)
"""Columns of `explain`; the last two are its key."""


_MINUTES = {"fhr": ("bpm", "mean heart rate"), "uc": ("units", "mean uterine activity")}


def explain(predictor: Predictor, recording: Recording, *, looked: Attribution | None = None) -> pd.DataFrame:
    """Contributions to the score of a recording, the largest first: of features to a line, of minutes to networks.

    A contribution is in units of the score, positive where it speaks for the label. Contributions describe the model,
    and no cause: statistics that say nearly the same share theirs.

    Of kernel lines, see `fhr.models.FittedKernelLine.by_feature`, the sum is the difference of the score from that of a
    birth with every feature at its median; the sum of a group is what its kernel adds. Of networks, see
    `where_it_looked`, a row is a minute of FHR or of UC.

    Args:
        predictor: of kernel lines, or of networks; contributions and medians are means over its models.
        recording: that can be predicted.
        looked: of this recording, where networks looked by another method than the usual one.

    Returns:
        One row a feature, columns `EXPLAINED`: value and usual (median of the training records) in `unit`; a value that
        is missing took the usual one. Of networks, one row a minute: its mean, and that of the signal at rest, both NaN
        where nothing was measured.

    Raises:
        CheckpointError: a predictor of other models, or of lines and networks together.
        SignalError: a recording that cannot be predicted.
    """
    models = [model for model in predictor.networks if isinstance(model, FittedKernelLine)]
    if predictor.reads_signal:
        rows = _of_minutes(predictor, recording, looked or where_it_looked(predictor, recording))
    elif len(models) == len(predictor.networks):
        rows = _of_features(predictor, models, recording)
    else:
        raise CheckpointError("only kernel lines are explained, and networks, each by themselves; load one of them")
    key = recording.name, recording.path
    table = pd.DataFrame([(*row, *key) for row in rows], columns=list(EXPLAINED))
    return table.iloc[np.argsort(-np.abs(table["contribution"]), kind="stable")].reset_index(drop=True)


def _of_features(
    predictor: Predictor, models: Sequence[FittedKernelLine], recording: Recording
) -> Iterator[tuple[object, ...]]:
    features = predictor.features
    if features is None:
        raise CheckpointError("the checkpoint of a kernel line names no features; fit it again")
    _, _, values = predictor.prepare_one(recording)  # what cannot be predicted is not explained
    added = np.mean([model.by_feature(values[None])[0] for model in models], axis=0)
    usual = np.mean([model.scaling.median for model in models], axis=0)
    columns = zip(features.column_groups, features.columns, values, usual, added, strict=True)
    for group, column, value, middle, part in columns:
        yield recording.name, predictor.target, group, column.name, value, middle, column.unit, part, column.description


def _of_minutes(predictor: Predictor, recording: Recording, looked: Attribution) -> Iterator[tuple[object, ...]]:
    _, window, _ = predictor.prepare_one(recording)
    cleaned, minutes = window.recording, predictor.pipeline.n_times / predictor.pipeline.fs / 60
    signals = zip((cleaned.fhr, cleaned.uc), at_rest(cleaned), strict=True)
    means = {
        channel: [_by_minute(last_minutes(x, cleaned.fs, minutes), cleaned.fs) for x in pair]
        for channel, pair in zip(_MINUTES, signals, strict=True)
    }
    for name, table in looked.by_stretch().groupby("channel", sort=False):
        channel = str(name)
        unit, words = _MINUTES[channel]
        rows = zip(table["start"], table["end"], table["contribution"], *means[channel], strict=True)
        for start, end, part, value, usual in rows:
            when = f"{start:.4g} to {end:.4g} min before the end"
            yield recording.name, predictor.target, channel, when, value, usual, unit, part, f"{words}, {when}"


def _by_minute(signal: np.ndarray, fs: float) -> np.ndarray:
    """Mean of each minute, counted back from the end; the first may be shorter."""
    length = round(60 * fs)
    fill = np.full(-len(signal) % length, np.nan)
    return block_mean(np.append(fill, signal.astype(np.float64)), length)
