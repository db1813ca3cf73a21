"""Databases of recordings, labels, splits and downloads."""

from .ctu_uhb import CTUUHB, record_names
from .database import Database, checksum_line, checksum_of_lines
from .download_database import PUBLISHED, Download, PublishedDatabase, download, verify
from .false_signals import FalseSignals
from .fitted import FittedModel, FittedNetwork
from .givers import giver_positions, givers
from .paths import read_paths
from .place import N_INNER, Place, bootstrap_of, permutation_of
from .splits import Partition, Splits, make_splits
from .targets import Target

__all__ = [
    "CTUUHB",
    "N_INNER",
    "PUBLISHED",
    "Database",
    "Download",
    "FalseSignals",
    "FittedModel",
    "FittedNetwork",
    "Partition",
    "Place",
    "PublishedDatabase",
    "Splits",
    "Target",
    "bootstrap_of",
    "checksum_line",
    "checksum_of_lines",
    "download",
    "giver_positions",
    "givers",
    "make_splits",
    "permutation_of",
    "read_paths",
    "record_names",
    "verify",
]
