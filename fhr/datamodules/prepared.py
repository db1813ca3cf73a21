"""Prepared windows of a database, kept as long as the database: every fold asks for the same ones."""

from weakref import WeakKeyDictionary

import numpy as np

from fhr.datasets import Database
from fhr.preprocessing import Pipeline

__all__ = ["is_prepared", "prepared"]

_Windows = tuple[dict[str, np.ndarray], dict[str, str]]
_windows: WeakKeyDictionary[Database, dict[str, _Windows]] = WeakKeyDictionary()


def prepared(database: Database, pipeline: Pipeline) -> _Windows:
    """Signal of each record that can be used, and the reason for each that cannot."""
    if not is_prepared(database, pipeline):
        windows, unusable = pipeline.prepare(database)
        signals = {window.recording.name: window.signal for window in windows}
        _windows.setdefault(database, {})[repr(pipeline)] = signals, dict(unusable)
    return _windows[database][repr(pipeline)]


def is_prepared(database: Database, pipeline: Pipeline) -> bool:
    """Tell whether the windows are there already."""
    return repr(pipeline) in _windows.get(database, {})
