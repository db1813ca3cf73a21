"""Folders of recordings, labels and splits."""

from .ctu_uhb import CTUUHB, record_names
from .database import Database, checksum_line, checksum_of_lines
from .false_signals import FalseSignals
from .splits import Partition, Splits, make_splits
from .targets import Target

__all__ = [
    "CTUUHB",
    "Database",
    "FalseSignals",
    "Partition",
    "Splits",
    "Target",
    "checksum_line",
    "checksum_of_lines",
    "make_splits",
    "record_names",
]
