"""Files of recordings, read to and written from `Recording`."""

from .annotations import Annotation
from .annotations_of import read_annotations
from .ctu_uhb_header import plausible
from .edf import read_edf, read_edf_annotations
from .edf_writing import write_edf
from .fhrma import read_fhrma
from .fhrma_markers import read_fhrma_markers
from .folder import FolderContents, contents_of, recordings_in
from .hdf5 import read_hdf5
from .joining import join, join_recordings
from .matlab import read_mat
from .not_kept import not_kept
from .npz import read_npz, write_npz
from .parquet import read_parquet, write_parquet
from .reading import options_taken, read
from .regular_file import open_regular, read_whole
from .run_file import RUN_SUFFIX, RunFile, is_run_file, write_run_file
from .table import read_table, write_table
from .wfdb import read_wfdb, write_wfdb
from .wfdb_annotations import read_wfdb_annotations
from .whole_file import whole_as_named, whole_or_not_at_all
from .writing import WRITERS, write

__all__ = [
    "RUN_SUFFIX",
    "WRITERS",
    "Annotation",
    "FolderContents",
    "RunFile",
    "contents_of",
    "is_run_file",
    "join",
    "join_recordings",
    "not_kept",
    "open_regular",
    "options_taken",
    "plausible",
    "read",
    "read_annotations",
    "read_edf",
    "read_edf_annotations",
    "read_fhrma",
    "read_fhrma_markers",
    "read_hdf5",
    "read_mat",
    "read_npz",
    "read_parquet",
    "read_table",
    "read_wfdb",
    "read_wfdb_annotations",
    "read_whole",
    "recordings_in",
    "whole_as_named",
    "whole_or_not_at_all",
    "write",
    "write_edf",
    "write_npz",
    "write_parquet",
    "write_run_file",
    "write_table",
    "write_wfdb",
]
