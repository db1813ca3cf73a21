"""Folders of recordings, labels and splits."""

from .ctu_uhb import CTUUHB
from .database import Database
from .splits import Partition, Splits, make_splits
from .targets import Target

__all__ = ["CTUUHB", "Database", "Partition", "Splits", "Target", "make_splits"]
