"""Features of recordings by name, and the reason for each that has none."""

from collections.abc import Iterable

import numpy as np

from fhr.errors import SignalError
from fhr.recording import Recording

from .feature_set import FeatureSet

__all__ = ["features_by_name"]


def features_by_name(
    recordings: Iterable[Recording], features: FeatureSet
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Compute features, one recording at a time, so that none depends on what stands beside it.

    Returns:
        The features of the last window of each recording, by name, and the reason for each that cannot be used.
    """
    rows: dict[str, np.ndarray] = {}
    unusable: dict[str, str] = {}
    for recording in recordings:
        try:
            rows[recording.name] = features(recording)
        except SignalError as error:
            unusable[recording.name] = str(error)
    return rows, unusable
