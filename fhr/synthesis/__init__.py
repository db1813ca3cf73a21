"""Banks of simulated labours that are refitted inside a training fold, and the statistics that signals are compared on.

A test on the records of a fold stays a test: whatever is fitted here is fitted to training records.
"""

from .bank import Bank
from .birth_table import BIRTH_COLUMNS, birth_table
from .embedding import Embedding
from .refitted import Refitted
from .scale_band import ScaleBand
from .signal_statistics import STATISTIC_FAMILIES, STATISTICS, signal_statistics, window_statistics
from .tilt import Tilt, fit_tilt

__all__ = [
    "BIRTH_COLUMNS",
    "STATISTICS",
    "STATISTIC_FAMILIES",
    "Bank",
    "Embedding",
    "Refitted",
    "ScaleBand",
    "Tilt",
    "birth_table",
    "fit_tilt",
    "signal_statistics",
    "window_statistics",
]
