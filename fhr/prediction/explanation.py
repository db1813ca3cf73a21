"""Explanation of a score: what each statistic of a birth adds to it, beside a birth with every statistic usual."""

import numpy as np
import pandas as pd

from fhr.errors import CheckpointError
from fhr.models import FittedKernelLine
from fhr.recording import Recording

from .predictor import Predictor

__all__ = ["EXPLAINED", "explain"]

EXPLAINED = ("name", "target", "group", "feature", "value", "usual", "unit", "contribution", "description")
"""Columns of `explain`."""


def explain(predictor: Predictor, recording: Recording) -> pd.DataFrame:
    """Contributions of the features to the score of a recording, the largest first.

    A contribution is in units of the score, positive where it speaks for the label; see
    `fhr.models.FittedKernelLine.by_feature`. The sum is the difference of the score from that of a birth with every
    feature at its median; the sum of a group is what its kernel adds. Contributions describe the model, and no cause:
    statistics that say nearly the same share theirs.

    Args:
        predictor: of kernel lines; contributions and medians are means over its models.
        recording: that can be predicted.

    Returns:
        One row a feature, columns `EXPLAINED`: value and usual (median of the training records) in `unit`; a value that
        is missing took the usual one.

    Raises:
        CheckpointError: a predictor of networks, whose scores have no such parts.
        SignalError: a recording that cannot be predicted.
    """
    models = [model for model in predictor.networks if isinstance(model, FittedKernelLine)]
    features = predictor.features
    if features is None or len(models) < len(predictor.networks):
        raise CheckpointError("only kernel lines are explained; a network has no statistics of its own to name")
    _, _, values = predictor.prepare_one(recording)  # what cannot be predicted is not explained
    added = np.mean([model.by_feature(values[None])[0] for model in models], axis=0)
    usual = np.mean([model.scaling.median for model in models], axis=0)
    rows = [
        (recording.name, predictor.target, group, column.name, value, middle, column.unit, part, column.description)
        for group, column, value, middle, part in zip(
            features.column_groups, features.columns, values, usual, added, strict=True
        )
    ]
    table = pd.DataFrame(rows, columns=list(EXPLAINED))
    return table.iloc[np.argsort(-np.abs(added), kind="stable")].reset_index(drop=True)
