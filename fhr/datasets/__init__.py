"""Databases of recordings, labels, splits and downloads."""

from .ctu_uhb import CTUUHB, record_names
from .database import Database, checksum_line, checksum_of_lines
from .download_database import PUBLISHED, Download, PublishedDatabase, download, verify
from .false_signals import FalseSignals
from .splits import Partition, Splits, make_splits
from .targets import Target

__all__ = [
    "CTUUHB",
    "PUBLISHED",
    "Database",
    "Download",
    "FalseSignals",
    "Partition",
    "PublishedDatabase",
    "Splits",
    "Target",
    "checksum_line",
    "checksum_of_lines",
    "download",
    "make_splits",
    "record_names",
    "verify",
]
