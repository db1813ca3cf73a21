"""The one feature table: a row a recording, a named column a feature."""

from collections.abc import Iterable

import pandas as pd

from fhr.errors import FHRError
from fhr.recording import Recording

from .robust_statistics import ORDER_STATISTICS, order_statistics

__all__ = ["feature_table"]


def feature_table(recordings: Iterable[Recording]) -> pd.DataFrame:
    """The features of each recording, which may differ in length and sampling rate.

    Args:
        recordings: any iterable; it is read once, one recording at a time.

    Returns:
        Index `record` (names), columns `ORDER_STATISTICS`, in the order given; NaN where a window
        has too little signal.

    Raises:
        FHRError: two recordings of the same name, whose rows could not be told apart.
    """
    rows: dict[str, list[float]] = {}
    for recording in recordings:
        if recording.name in rows:
            raise FHRError(f"two recordings are named {recording.name!r}; give each its own name")
        rows[recording.name] = order_statistics(recording.fhr, fs=recording.fs).tolist()
    index = pd.Index(list(rows), name="record", dtype=object)
    return pd.DataFrame(list(rows.values()), index=index, columns=list(ORDER_STATISTICS), dtype=float)
