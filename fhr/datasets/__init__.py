"""Databases of recordings, labels, splits and downloads."""

from .ctu_uhb import CTUUHB, record_names
from .database import Database, checksum_line, checksum_of_lines
from .download_database import PUBLISHED, Download, PublishedDatabase, download, verify
from .false_signals import FalseSignals
from .fitted import FittedModel, FittedNetwork
from .givers import given, giver_positions, givers
from .outcome_table import OutcomeTable, read_outcomes
from .paths import Reading, RecordingStream, read_paths, stream_paths
from .place import N_INNER, Place, bootstrap_of, permutation_of
from .seen import refusal, refusing_seen, seen_records, told_of_use
from .splits import Partition, Splits, make_splits
from .targets import Target, label_in_words, label_slug

__all__ = [
    "CTUUHB",
    "N_INNER",
    "PUBLISHED",
    "Database",
    "Download",
    "FalseSignals",
    "FittedModel",
    "FittedNetwork",
    "OutcomeTable",
    "Partition",
    "Place",
    "PublishedDatabase",
    "Reading",
    "RecordingStream",
    "Splits",
    "Target",
    "bootstrap_of",
    "checksum_line",
    "checksum_of_lines",
    "download",
    "given",
    "giver_positions",
    "givers",
    "label_in_words",
    "label_slug",
    "make_splits",
    "permutation_of",
    "read_outcomes",
    "read_paths",
    "record_names",
    "refusal",
    "refusing_seen",
    "seen_records",
    "stream_paths",
    "told_of_use",
    "verify",
]
