"""Databases of recordings, labels, splits and downloads."""

from .ctu_uhb import CTUUHB
from .database import Database, checksum_line, checksum_of_lines
from .download_database import PUBLISHED, Download, PublishedDatabase, download, verify
from .false_signals import FalseSignals
from .fitted import FittedModel, FittedNetwork
from .folder_source import FolderSource
from .givers import given, giver_positions, givers
from .members import Members, members_of, read_member
from .outcome_rows import Called, called_in_files, names_of, refuse_near_names, rows_of
from .outcome_table import Measures, OutcomeTable, read_measures, read_outcomes
from .paths import Reading, RecordingStream, read_paths, stream_paths
from .place import N_INNER, Place, bootstrap_of, permutation_of
from .record_list import record_names
from .recording_folder import RecordingFolder
from .same_labour import same_labours
from .seen import refusal, refusing_seen, seen_records, told_of_use
from .splits import Partition, Splits, make_splits
from .targets import Target, label_in_words, label_slug
from .told_outcomes import apart_by_path, with_outcomes

__all__ = [
    "CTUUHB",
    "N_INNER",
    "PUBLISHED",
    "Called",
    "Database",
    "Download",
    "FalseSignals",
    "FittedModel",
    "FittedNetwork",
    "FolderSource",
    "Measures",
    "Members",
    "OutcomeTable",
    "Partition",
    "Place",
    "PublishedDatabase",
    "Reading",
    "RecordingFolder",
    "RecordingStream",
    "Splits",
    "Target",
    "apart_by_path",
    "bootstrap_of",
    "called_in_files",
    "checksum_line",
    "checksum_of_lines",
    "download",
    "given",
    "giver_positions",
    "givers",
    "label_in_words",
    "label_slug",
    "make_splits",
    "members_of",
    "names_of",
    "permutation_of",
    "read_measures",
    "read_member",
    "read_outcomes",
    "read_paths",
    "record_names",
    "refusal",
    "refuse_near_names",
    "refusing_seen",
    "rows_of",
    "same_labours",
    "seen_records",
    "stream_paths",
    "told_of_use",
    "verify",
    "with_outcomes",
]
